"""Signing in by a code: this browser shows it, and a device that is signed in already lets it in."""

import ipaddress
import logging
from contextlib import suppress
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from msgspec import Struct

from agentguid.http import qr, reach
from agentguid.http.guards import cookie_name
from agentguid.http.login import device_cookie, device_name, within
from agentguid.http.pairing import Pairing
from agentguid.http.parts import Parts
from agentguid.http.problems import ProblemError
from agentguid.http.site import site_of
from agentguid.http.tickets import LIFETIME

log = logging.getLogger(__name__)

LONGEST = 2000
"""Characters of the way back."""


class Asking(Struct):
    next: str = ""


@post("/login/code", include_in_schema=False)
async def ask(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], data: URLEncodedBody[Asking]
) -> Response[Any]:
    """A new code for this browser. It is made by the button alone: who merely looks at the page leaves nothing here."""
    address, origin = _address(request), _origin(request)
    home = reach.for_camera(parts.settings, origin, here=_here(request, address))
    wanted = within(parts.settings, data.next[:LONGEST])
    name = device_name(request.headers.get("user-agent", ""))
    try:
        secret, _ = parts.pairings.ask(name, address, wanted, home, _secret(request, parts))
    except ProblemError as error:
        return _page(request, None, str(error), error.status)
    log.info("%s at %s asks to be let in", name, address)
    cookie = _cookie(parts, secret, int(LIFETIME), secure=origin.startswith("https:"))
    return Redirect(_own(parts), status_code=303, cookies=[cookie])


@get("/login/code", include_in_schema=False, sync_to_thread=False)
def wait(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[Any]:
    """The code, or what has become of it. The page's script asks whether there is news; a reload then brings them."""
    secret = _secret(request, parts)
    pairing = parts.pairings.of(secret)
    waits = pairing is not None and not pairing.secret and pairing.state != "refused"
    if "hx-request" in request.headers:
        return Response(
            "", status_code=204 if waits else 200, headers={} if waits else {"HX-Refresh": "true"}
        )
    if pairing is None or not (given := parts.pairings.claim(secret)):
        return _page(request, pairing)
    secure = pairing.url.startswith("https:") or _origin(request).startswith("https:")
    log.info("%s at %s is let in", pairing.name, pairing.address, extra={"actor": f"device:{pairing.device}"})
    cookies = [device_cookie(parts, given, secure=secure), _cookie(parts, "", 0, secure=secure)]
    return Redirect(pairing.wanted, status_code=303, cookies=cookies)


def _page(
    request: Request[Any, Any, Any], pairing: Pairing | None, error: str = "", status: int = 200
) -> Response[str]:
    drawn = qr.svg(pairing.url) if pairing and pairing.url else ""
    page = site_of(request).page("login/code.html", pairing=pairing, drawn=drawn, error=error)
    return Response(page, status_code=status, media_type="text/html")


def _own(parts: Parts) -> str:
    return f"{parts.settings.base_url}/login/code"


def _cookie(parts: Parts, secret: str, lasts: int, *, secure: bool) -> Cookie:
    return Cookie(
        key=f"{cookie_name(parts)}-code",
        value=secret,
        path=_own(parts),
        max_age=lasts,
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def _secret(request: Request[Any, Any, Any], parts: Parts) -> str:
    return request.cookies.get(f"{cookie_name(parts)}-code", "")


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


def _origin(request: Request[Any, Any, Any]) -> str:
    """Of the page as it was reached; without the header's word, that of an unencrypted one."""
    return request.headers.get("origin") or f"http://{request.headers.get('host', '')}"


def _here(request: Request[Any, Any, Any], address: str) -> bool:
    """Whether the browser runs on this machine, as far as can be told: proxies say that they are some."""
    with suppress(ValueError):
        proxied = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via"))
        return ipaddress.ip_address(address).is_loopback and not proxied
    return False
