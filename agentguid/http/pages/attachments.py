"""What the composer shows beside its field: files that are to go with a message, and the agent's slash commands."""

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, FromQuery

from agentguid.agents.base import SlashCommand
from agentguid.http.attaching import FORM, uploaded
from agentguid.http.form_answers import said
from agentguid.http.pages.common import HtmlRequest, by_htmx, face
from agentguid.http.pages.conversation import Said, conversation_answer
from agentguid.http.parts import Parts
from agentguid.project import conversations
from agentguid.protocol.errors import Invalid, NotFound

TEMPLATE = "conversation/_attached.html"


@post("/attachments", status_code=200, include_in_schema=False, request_max_body_size=FORM)
async def attach(request: HtmlRequest, parts: NamedDependency[Parts]) -> Response[str]:
    """Stores files that are to go with a message which is not sent yet; the answer is what stands for them in its form.

    What no message names is removed an hour later.
    """
    try:
        html, status = str(face(parts).site.macro(TEMPLATE, "chips")(await uploaded(parts, request))), 200
    except Invalid as error:
        status, html = said(error)
        html = str(face(parts).site.macro(TEMPLATE, "told")(html))
    return Response(html, media_type=MediaType.HTML, status_code=status)


@get("/conversations/{conversation_id:str}/commands", include_in_schema=False)
async def list_commands(
    request: HtmlRequest,
    conversation_id: FromPath[str],
    parts: NamedDependency[Parts],
    text: FromQuery[str] = "",
) -> Response[str]:
    """The agent's slash commands that fit what is being typed. Without the page's script: the page, with all of them."""
    row = conversations.get(parts.reader, conversation_id)
    if row is None or row.deleted:
        raise NotFound("there is no such conversation; it may have been deleted")
    known = parts.agents.commands(row.agent, row.cwd)
    if not by_htmx(request):
        return await conversation_answer(parts, conversation_id, Said(commands=known))
    html = face(parts).site.macro(TEMPLATE, "options")(conversation_id, fitting(known, text), text)
    return Response(str(html), media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})


def fitting(known: Sequence[SlashCommand], text: str) -> Sequence[SlashCommand]:
    """Those that a text may become, first those that begin with it; all of them when it is no beginning of one."""
    if not text.startswith("/"):
        return known
    typed = text[1:].casefold()
    begin = [one for one in known if one.name.casefold().startswith(typed)]
    return [*begin, *(one for one in known if one not in begin and typed and typed in one.name.casefold())]


ROUTES = (attach, list_commands)
