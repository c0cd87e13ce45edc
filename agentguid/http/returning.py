"""Where a provider sends the browser back to after a sign-in, and the page there: `BASE/oauth2callback`.

It is open: its state is the credential. No address with a code in it stays in the browser's history when all went well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from agentguid.http.names import LOCAL, address
from agentguid.http.parts import Parts
from agentguid.http.peers import PEER
from agentguid.http.problems import ProblemError
from agentguid.http.site import site_of
from agentguid.http.tickets import Failures
from agentguid.http.who import WHO
from agentguid.protocol.errors import Invalid, Refused
from agentguid.signin.gemini import carried
from agentguid.signin.oauth import SignInFailed
from agentguid.signin.starts import Mode

PATH = "/oauth2callback"


def redirect_for(request: Request[Any, Any, Any], parts: Parts, port: int | None) -> tuple[str, Mode]:
    """Where the browser shall be sent back to.

    Google lets an installed app name this machine only, by any port: so to the daemon as the browser has it when that
    is `localhost` (a tunnel, too), or to the `port` on which the caller waits. Elsewhere with a client of the user's
    own; otherwise the browser will not find the page, and the user carries its address over.
    """
    if port is not None:
        return f"http://127.0.0.1:{port}{PATH}", "cli-local"
    base, custom = parts.settings.base_url, parts.gemini.custom
    origin = _origin(request, parts)
    name = urlsplit(origin).hostname
    if custom or name in LOCAL:
        return f"{origin}{base}{PATH}", "custom" if custom else "cli-local"
    return f"http://localhost:{parts.settings.port}{base}{PATH}", "cli-remote"


def _origin(request: Request[Any, Any, Any], parts: Parts) -> str:
    """Of the daemon as the caller has it. The guard has seen to it that both headers name us."""
    peer = request.scope.get(PEER)
    if getattr(peer, "uid", None) is not None:
        return f"http://localhost:{parts.settings.port}"
    given, host = request.headers.get("origin", ""), request.headers.get("host", "")
    if given.startswith(("http://", "https://")):
        return given
    named = [one for one in map(address, parts.settings.hosts) if one and one.port == 443]
    here = address(host)
    encrypted = here is not None and any(one.name == here.name for one in named)
    return f"{'https' if encrypted else 'http'}://{host}"


@contextmanager
def told() -> Iterator[None]:
    """What goes wrong, as an answer of the API."""
    try:
        yield
    except Refused as refused:
        raise ProblemError(400, str(refused)) from None
    except SignInFailed as failed:
        raise ProblemError(400 if failed.why == "refused" else 502, str(failed)) from None


@get(PATH, include_in_schema=False)
async def come_back(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    failures: NamedDependency[Failures],
    outcome: FromQuery[str] = "",
) -> Response[Any]:
    """Takes what the provider sends by way of the browser, then leads to an address without it."""
    if outcome == "done" and "state" not in request.query_params:
        return _page(request, "")
    try:
        await parts.gemini.come_back(carried(str(request.url)))
    except (Refused, Invalid):
        late = failures.add(request.client.host if request.client else "")
        return _page(request, "unknown", 429 if late else 400)
    except SignInFailed as failed:
        return _page(request, str(failed), 400)
    known = request.scope.get(WHO) is not None
    target = "/keys#gemini" if known else f"{PATH}?outcome=done"
    return Redirect(f"{parts.settings.base_url}{target}", status_code=303)


def _page(request: Request[Any, Any, Any], error: str, status: int = 200) -> Response[str]:
    page = site_of(request).page("keys/returned.html", error=error)
    return Response(page, status_code=status, media_type="text/html")
