"""What the page's forms ask for. Each is a command, by the same dispatch as the API's.

Without JavaScript the answer leads back to the page (303). The page's script gets an empty answer or a piece of HTML:
what changes comes by the stream. What does not work is said as text where the user is. `key` was drawn with the form,
so that a form that is sent twice works once.
"""

import hashlib

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from agentguid.http.attaching import FORM, pictures_refused, uploaded
from agentguid.http.form_answers import (
    Answer,
    Fields,
    carry_out,
    fields_of,
    html,
    key_of,
    mode_of,
    page_of,
    refusal,
    said,
    text_of,
)
from agentguid.http.modes import mode_refused
from agentguid.http.pages.common import HtmlRequest, actor, by_htmx, face
from agentguid.http.pages.start import new_page
from agentguid.http.parts import Parts
from agentguid.project import conversations
from agentguid.protocol import commands
from agentguid.protocol.errors import AgentguidError, Invalid
from agentguid.protocol.items import Attachment, Body
from agentguid.workspace.aside import aside
from agentguid.workspace.folders import chosen

Web = HtmlRequest
Dep = NamedDependency[Parts]
TITLE = 200
"""Characters of a conversation's name."""
OPTION = "option:"
"""What the fields of an agent's further settings begin with."""


# -- conversations ----------------------------------------------------------------------------------------------------
@post("/conversations", include_in_schema=False, request_max_body_size=FORM)
async def create(request: Web, parts: Dep) -> Answer:
    """A new conversation, and its first prompt when one was given."""
    fields: Fields = {}
    files: tuple[Attachment, ...] = ()
    try:
        fields = await fields_of(request)
        files = await uploaded(parts, request)
        body = Body(text_of(fields, alone=False), attached=files)
        command = await _creation(parts, fields)
        pictures_refused(parts, command.agent, files)
        await parts.dispatch(command, actor=actor(request), key=f"new-{command.conversation}")
        if body.text.strip() or files:
            await _send(request, parts, command.conversation, fields, body)
    except AgentguidError as error:
        status, sentence = said(error)
        return await new_page(parts, dict(fields), sentence, status, files=files)
    return Redirect(page_of(parts, command.conversation), status_code=303)


async def _creation(parts: Parts, fields: Fields) -> commands.CreateConversation:
    agent, mode = _installed(parts, fields.get("agent", "")), mode_of(fields.get("mode", "ask"))
    mode_refused(parts, agent, mode)
    folder = fields.get("folder", "").strip(" \t") or str(parts.settings.startup_cwd)
    place = await aside(lambda: chosen(folder))
    return commands.CreateConversation(
        conversation=key_of(fields),
        title="",
        agent=agent,
        cwd=place.path,
        model=fields.get("model", "").strip() or None,
        mode=mode,
    )


def _installed(parts: Parts, agent: str) -> str:
    found = parts.agents.get(agent)
    if found is None or not found.installed:
        raise Invalid("agent", "is not installed here")
    return found.id


@post("/conversations/{conversation_id:str}/title", include_in_schema=False)
async def rename(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    fields = await fields_of(request)
    title = " ".join(fields.get("title", "").split())[:TITLE]
    if not title:
        return await refusal(request, parts, conversation_id, Invalid("name", "must not be empty"), menu=True)
    return await carry_out(
        request, parts, commands.RenameConversation(conversation=conversation_id, title=title), menu=True
    )


def _options(fields: Fields) -> dict[str, str]:
    """Of the fields of a form: what is set beside model and mode."""
    return {name.removeprefix(OPTION): value for name, value in fields.items() if name.startswith(OPTION)}


@post("/conversations/{conversation_id:str}/settings", include_in_schema=False)
async def configure(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    """Agent, model, mode and options; what is not given stays. Empty is the agent's own choice.

    Another agent has other models: the page is drawn anew for it.
    """
    fields = await fields_of(request)
    row = conversations.get(parts.reader, conversation_id)
    agent = fields.get("agent") if row and fields.get("agent") != row.agent else None
    try:
        command = commands.ConfigureConversation(
            conversation=conversation_id,
            agent=_installed(parts, agent) if agent else None,
            mode=mode_of(fields["mode"]) if "mode" in fields else None,
            model=None if agent or "model" not in fields else fields["model"].strip()[:100],
            options=None if agent else _options(fields),
        )
        if row and (agent or command.mode):
            mode_refused(parts, agent or row.agent, command.mode or row.mode)
    except Invalid as error:
        return await refusal(request, parts, conversation_id, error, draft=fields)
    answer = await carry_out(request, parts, command, draft=fields)
    if agent and by_htmx(request) and answer.status_code == 200:
        answer.headers["HX-Refresh"] = "true"
    return answer


@post("/conversations/{conversation_id:str}/pin", include_in_schema=False)
async def pin(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    pinned = (await fields_of(request)).get("pinned") != "0"
    return await carry_out(
        request, parts, commands.PinConversation(conversation=conversation_id, pinned=pinned), menu=True
    )


@post("/conversations/{conversation_id:str}/archive", include_in_schema=False)
async def archive(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    archived = (await fields_of(request)).get("archived") != "0"
    command = commands.ArchiveConversation(conversation=conversation_id, archived=archived)
    return await carry_out(request, parts, command, menu=True)


@post("/conversations/{conversation_id:str}/deletion", include_in_schema=False)
async def delete(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    home = face(parts).site.url("/")
    return await carry_out(
        request, parts, commands.DeleteConversation(conversation=conversation_id), menu=True, back=home
    )


@post("/conversations/{conversation_id:str}/reading", include_in_schema=False)
async def mark_read(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    """The page's script says up to which position the user has seen everything."""
    upto = (await fields_of(request)).get("upto", "")
    if not upto.isascii() or not upto.isdigit() or int(upto) > parts.feed.position:
        raise Invalid("upto", "is no position of this log")
    return await carry_out(request, parts, commands.MarkRead(conversation=conversation_id, upto=int(upto)))


# -- messages and turns -----------------------------------------------------------------------------------------------
@post("/conversations/{conversation_id:str}/messages", include_in_schema=False, request_max_body_size=FORM)
async def send(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    """A prompt: starts a turn or waits in the queue. The script draws a new key for each message that it sends."""
    fields: Fields = {}
    files: tuple[Attachment, ...] = ()
    try:
        fields = await fields_of(request)
        files = await uploaded(parts, request)
        row = conversations.get(parts.reader, conversation_id)
        pictures_refused(parts, row.agent if row else "", files)
        body = Body(text_of(fields, alone=not files), attached=files)
        await _send(request, parts, conversation_id, fields, body)
    except AgentguidError as error:
        return await refusal(request, parts, conversation_id, error, draft=fields, files=files)
    if by_htmx(request):
        return html("")
    return Redirect(page_of(parts, conversation_id), status_code=303)


async def _send(request: Web, parts: Parts, conversation: str, fields: Fields, body: Body) -> None:
    # What it says is part of the id: a form that the browser kept, sent again with other words, is another message.
    what = "\n".join([body.text, *(one.blob for one in body.attached)])
    message = f"{key_of(fields)}-{hashlib.blake2b(what.encode(), digest_size=4).hexdigest()}"
    steer = fields.get("steer") == "1"
    command = commands.SendMessage(conversation=conversation, message=message, body=body, steer=steer)
    await parts.dispatch(command, actor=actor(request), key=f"send-{message}")


@post("/conversations/{conversation_id:str}/interruption", include_in_schema=False)
async def stop(request: Web, conversation_id: FromPath[str], parts: Dep) -> Answer:
    """Ends the running turn; the one that the user saw, if the form names it."""
    turn = (await fields_of(request)).get("turn") or None
    return await carry_out(request, parts, commands.StopTurn(conversation=conversation_id, turn=turn))


ROUTES = (
    create,
    rename,
    configure,
    pin,
    archive,
    delete,
    mark_read,
    send,
    stop,
)
