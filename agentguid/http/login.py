"""Signing in: a one-time link leads to a page with a button; its POST makes this browser a known device."""

import re
import secrets
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect
from msgspec import Struct

from agentguid.entropy import new_id
from agentguid.http.guards import cookie_name
from agentguid.http.parts import Parts
from agentguid.http.site import site_of
from agentguid.http.tickets import Failures
from agentguid.http.who import WHO, Who, digest
from agentguid.protocol.commands import RevokeDevice, SignInDevice
from agentguid.settings import Settings

YEAR = 365 * 24 * 3600
_BROWSERS = (
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


class SignIn(Struct):
    ticket: str = ""
    next: str = ""


class SignOut(Struct):
    pass


def link(settings: Settings, ticket: str) -> str:
    """The URL to open in a browser of this machine."""
    return link_at(settings.url, ticket)


def link_at(url: str, ticket: str) -> str:
    """The same at one of the daemon's URLs."""
    return f"{url}login?ticket={quote(ticket)}"


@get("/login", include_in_schema=False, sync_to_thread=False)
def login_page(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    ticket: FromQuery[str] = "",
    next: FromQuery[str] = "",  # noqa: A002 — its name in the URL
) -> Response[str]:
    """The page with the button. It uses nothing up, so that a link preview does no harm."""
    state = "asks" if not ticket else "ready" if parts.tickets.holds(ticket) else "spent"
    return _page(request, state, ticket, next)


@post("/login", include_in_schema=False)
async def sign_in(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    failures: NamedDependency[Failures],
    data: URLEncodedBody[SignIn],
) -> Response[Any]:
    """Takes the ticket (or a pasted link with it) and makes this browser a device."""
    if not parts.tickets.take(data.ticket.strip().rpartition("ticket=")[2]):
        late = failures.add(request.client.host if request.client else "")
        return _page(request, "late" if late else "spent", "", data.next, 429 if late else 403)
    device, secret = new_id(), secrets.token_urlsafe(32)
    name = device_name(request.headers.get("user-agent", ""))
    await parts.dispatch(
        SignInDevice(device=device, name=name, hash=digest(secret)), actor=f"device:{device}"
    )
    given = device_cookie(parts, secret, secure=request.headers.get("origin", "").startswith("https:"))
    return Redirect(within(parts.settings, data.next), status_code=303, cookies=[given])


@post("/logout", include_in_schema=False)
async def sign_out(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[Any]:
    """Ends this device's credential."""
    who: Who | None = request.scope.get(WHO)  # type: ignore[assignment]
    if who and who.kind == "device":
        await parts.dispatch(RevokeDevice(device=who.id), actor=who.actor)
    gone = Cookie(
        key=cookie_name(parts), value="", path=parts.settings.base_url or "/", max_age=0, httponly=True
    )
    return Redirect(f"{parts.settings.base_url}/login", status_code=303, cookies=[gone])


def device_cookie(parts: Parts, secret: str, *, secure: bool) -> Cookie:
    """What makes a browser a device."""
    return Cookie(
        key=cookie_name(parts),
        value=secret,
        path=parts.settings.base_url or "/",
        max_age=YEAR,
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def within(settings: Settings, wanted: str) -> str:
    """Where to go after signing in: a page of ours that was named, else home."""
    home = f"{settings.base_url}/"
    fits = wanted.startswith(home) and not wanted.startswith(("//", f"{home}login", f"{home}/"))
    return wanted if fits and re.fullmatch(r"[!-\[\]-~]*", wanted) else home


def device_name(agent: str) -> str:
    """What a device is called by until the user knows better."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def _page(
    request: Request[Any, Any, Any], state: str, ticket: str, wanted: str, status: int = 200
) -> Response[str]:
    signed_in = request.scope.get(WHO) is not None
    page = site_of(request).page(
        "login/login.html", state=state, ticket=ticket, next=wanted, signed_in=signed_in
    )
    return Response(page, status_code=status, media_type="text/html")
