"""What all forms share: their fields, and how an answer is given with and without the page's script."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.enums import MediaType
from litestar.response import Redirect
from markupsafe import escape

from agentguid.http.attaching import PLAIN, form_of
from agentguid.http.pages.common import HtmlRequest, actor, by_htmx, face
from agentguid.http.pages.conversation import Said, conversation_answer
from agentguid.http.parts import Parts
from agentguid.http.problems import describe
from agentguid.protocol import commands
from agentguid.protocol.errors import AgentguidError, Invalid, NotFound
from agentguid.protocol.items import Attachment, Mode

LIMIT = 1024 * 1024
"""Characters of a message."""
BODY = PLAIN
KEY = re.compile(r"[a-z0-9]{8,64}")

Answer = Response[Any]
Fields = Mapping[str, str]


async def carry_out(
    request: HtmlRequest,
    parts: Parts,
    command: commands.ToConversation,
    *,
    key: str | None = None,
    menu: bool = False,
    back: str | None = None,
    draft: Fields | None = None,
) -> Answer:
    try:
        await parts.dispatch(command, actor=actor(request), key=key)
    except AgentguidError as error:
        return await refusal(request, parts, command.conversation, error, menu=menu, draft=draft)
    return done(request, parts, command.conversation, back)


def done(request: HtmlRequest, parts: Parts, conversation: str, back: str | None = None) -> Answer:
    """Nothing more to say: the page is told by its stream."""
    if by_htmx(request):
        return html("")
    return Redirect(back or page_of(parts, conversation), status_code=303)


async def refusal(
    request: HtmlRequest,
    parts: Parts,
    conversation: str,
    error: AgentguidError,
    *,
    menu: bool = False,
    draft: Fields | None = None,
    files: Sequence[Attachment] = (),
) -> Answer:
    """What went wrong, in the place where the user is; what was typed is kept."""
    status, sentence = said(error)
    if by_htmx(request):
        return html(str(escape(sentence)), status)
    if isinstance(error, NotFound):
        raise error
    typed = draft or {}
    key = typed.get("key", "") if KEY.fullmatch(typed.get("key", "")) else ""
    told = Said(menu_error=sentence) if menu else Said(sentence, typed.get("text", ""), key, typed, files)
    return await conversation_answer(parts, conversation, told, status=status)


def said(error: AgentguidError) -> tuple[int, str]:
    """Status and sentence. A field is called as the form calls it, not as the API does."""
    status, sentence, _ = describe(error)
    return status, str(error).removeprefix("attachments: ") if isinstance(error, Invalid) else sentence


async def fields_of(request: HtmlRequest) -> Fields:
    form = await form_of(request)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def texts(form: FormMultiDict, name: str) -> list[str]:
    """All values of a field that may come more than once."""
    return [value for value in form.getall(name, []) if isinstance(value, str)]


def text_of(fields: Fields, *, alone: bool = True) -> str:
    """What was written. It may be nothing only when it does not stand `alone`."""
    text = fields.get("text", "").replace("\r\n", "\n").strip("\n")
    if alone and not text.strip():
        raise Invalid("message", "must not be empty")
    if len(text) > LIMIT:
        raise Invalid("message", f"is longer than {LIMIT:,} characters; put it into a file and name that")
    return text


def key_of(fields: Fields) -> str:
    key = fields.get("key", "")
    if not KEY.fullmatch(key):
        raise Invalid("key", "is missing; reload the page")
    return key


def mode_of(value: str) -> Mode:
    for mode in get_args(Mode):
        if mode == value:
            found: Mode = mode
            return found
    raise Invalid("mode", "is not one that there is")


def page_of(parts: Parts, conversation: str) -> str:
    return face(parts).site.url(f"/conversations/{conversation}")


def html(content: str, status: int = 200) -> Answer:
    return Response(content, status_code=status, media_type=MediaType.HTML)
