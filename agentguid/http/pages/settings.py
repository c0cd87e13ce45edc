"""`BASE/settings`: what the reader prefers in this browser. Each choice is a button of a form; no script is needed."""

from typing import Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Redirect

from agentguid import __version__
from agentguid.http.pages.common import HtmlRequest, face, frame, page
from agentguid.http.parts import Parts
from agentguid.http.preferring import LOOK
from agentguid.protocol.errors import Invalid
from agentguid.render.preferences import CHOICES, reader

KEPT = 400 * 24 * 3600
"""Seconds that the cookie lasts: as long as browsers allow."""


@get("/settings", include_in_schema=False)
async def settings_page(parts: NamedDependency[Parts]) -> Response[str]:
    """What can be chosen, and what is chosen."""
    with parts.reader as db:
        context = frame(parts, db, "settings")
    return page(parts, "shell/settings.html", **context, version=__version__)


@post("/settings", include_in_schema=False)
async def choose(request: HtmlRequest, parts: NamedDependency[Parts]) -> Response[Any]:
    """Takes the choices that are in the form; the others stay."""
    form = await request.form()
    chosen: dict[str, str] = {}
    for name, value in form.items():
        if value not in CHOICES.get(name, ()):
            raise Invalid(
                name[:40], "is no setting, or cannot be that; go back and choose one of the buttons"
            )
        chosen[name] = str(value)
    written = reader().choosing(chosen).written()
    kept = Cookie(
        key=LOOK,
        value=written,
        path=parts.settings.base_url or "/",
        max_age=KEPT if written else 0,
        httponly=True,
        samesite="lax",
        secure=request.headers.get("origin", "").startswith("https:"),
    )
    back = face(parts).site.url("/settings") + "".join(f"#{name}" for name in list(chosen)[:1])
    return Redirect(back, status_code=303, cookies=[kept])
