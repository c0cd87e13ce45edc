"""The section of `BASE/keys` that signs in to Gemini CLI: begin, watch, paste an address, cancel, sign out."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromQuery
from litestar.response import Redirect

from agentguid.http.form_answers import fields_of
from agentguid.http.pages import keys
from agentguid.http.pages.common import HtmlRequest, face
from agentguid.http.parts import Parts
from agentguid.http.returning import redirect_for
from agentguid.http.who import Who
from agentguid.protocol.errors import Invalid, Refused
from agentguid.signin.oauth import SignInFailed


@post("/keys/gemini", include_in_schema=False)
async def begin(
    request: HtmlRequest, parts: NamedDependency[Parts], who: NamedDependency[Who]
) -> Response[Any]:
    """A new sign-in; the page then has the link to the provider."""
    redirect, mode = redirect_for(request, parts, None)
    try:
        await parts.gemini.begin(redirect, mode, who.actor)
    except Refused as refused:
        return keys.draw(parts, gemini_error=str(refused))
    return _back(parts)


@get("/keys/gemini", include_in_schema=False, sync_to_thread=False)
def section(parts: NamedDependency[Parts], id: FromQuery[str] = "") -> Response[str]:  # noqa: A002
    """The section anew once the sign-in `id` waits no more; until then nothing, so that what is typed there stays."""
    headers = {"Cache-Control": "no-store"}
    start = parts.gemini.starts.get(id)
    if start is not None and start.outcome == "pending":
        return Response("", status_code=204, headers=headers)
    drawn: Any = face(parts).site.macro("keys/_gemini.html", "section")
    return Response(drawn(**keys.of_gemini(parts)), media_type=MediaType.HTML, headers=headers)


@post("/keys/gemini/address", include_in_schema=False)
async def take_address(request: HtmlRequest, parts: NamedDependency[Parts]) -> Response[Any]:
    """The address that the browser could not open. What was pasted is not shown again."""
    fields = await fields_of(request)
    try:
        await parts.gemini.come_back_by(fields.get("address", ""))
    except Invalid as invalid:
        return keys.draw(parts, gemini_fault=f"The {str(invalid).replace(':', '', 1)}")
    except (Refused, SignInFailed) as failed:
        return keys.draw(parts, gemini_error=str(failed), gemini_fault=str(failed))
    return _back(parts)


@post("/keys/gemini/cancellation", include_in_schema=False)
async def cancel(request: HtmlRequest, parts: NamedDependency[Parts]) -> Redirect:
    parts.gemini.starts.cancel((await fields_of(request)).get("id", ""))
    return _back(parts)


@post("/keys/gemini/removal", include_in_schema=False)
async def forget(parts: NamedDependency[Parts], who: NamedDependency[Who]) -> Redirect:
    await parts.gemini.forget(who.actor)
    return _back(parts)


def _back(parts: Parts) -> Redirect:
    return Redirect(face(parts).site.url("/keys") + "#gemini", status_code=303)


ROUTES = (begin, section, take_address, cancel, forget)
