"""`/conversations/:id/messages` and what else hands text to an agent: stream, resume, inject, cancel."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from agentguid.http.api import blocks, shapes
from agentguid.http.api.conversations import key_of
from agentguid.http.api.sending import How, Sent, can_steer, send
from agentguid.http.api.shapes import Given, Shape
from agentguid.http.attaching import NewAttachment, encoded, pictures_refused
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.project import transcript
from agentguid.project.conversations import Conversation
from agentguid.protocol import commands
from agentguid.protocol.errors import Invalid, NotFound, Refused
from agentguid.protocol.items import Body

MESSAGE_LIMIT = 32 * 1024 * 1024
"""Bytes of a request that carries a message."""


class NewMessage(Given):
    content: str | None = None
    message: str | None = None
    """The reference's other name for content."""
    agent_id: str | None = None
    model: str | None = None
    idempotency_key: str | None = None
    attachments: list[NewAttachment] | None = None
    steer: bool = False
    """Into the turn that runs; 409 where the agent cannot take it."""
    eager: bool = False
    """Of inject: only if it can run at once."""

    def said(self) -> str:
        """The text; files may go without one. Raises Invalid where there is nothing."""
        if self.content is None and self.message is None and not self.attachments:
            raise Invalid("content", "is missing")
        return self.content if self.content is not None else self.message or ""


class Messages(Shape, frozen=True):
    messages: list[shapes.Message]
    total: int
    limit: int
    offset: int
    has_more: bool


class OneMessage(Shape, frozen=True):
    message: shapes.Message


class Accepted(Shape, frozen=True, omit_defaults=True):
    """Idle: `session` and `streamId`. Busy: `queued` and `queuePosition`."""

    message: shapes.Message
    session: shapes.Session | None = None
    stream_id: str | None = None
    queued: bool = False
    queue_position: int | None = None
    steering: bool = False
    """It waits only until the agent takes it into the turn that runs."""
    idempotency_key: str | None = None


class Done(Shape, frozen=True, omit_defaults=True):
    ok: bool
    conversation_id: str
    session_id: str | None = None
    message_id: str | None = None
    cancelled: bool | None = None
    resumed: bool | None = None
    injected: bool | None = None
    queued: bool | None = None


@get("/conversations/{conversation_id:str}/messages", sync_to_thread=False)
def list_messages(
    parts: NamedDependency[Parts],
    conversation: NamedDependency[Conversation],
    limit: FromQuery[int] = 50,
    offset: FromQuery[int] = 0,
) -> Messages:
    """Messages of the user and of the agent, oldest first. Those that wait are in the queue."""
    limit, offset = max(1, min(limit, 100)), max(0, offset)
    rows = transcript.messages(parts.reader, conversation.id, limit, offset)
    found = [blocks.message(item) for item in transcript.load(parts.reader, rows)]
    total = conversation.messages
    return Messages(found, total, limit, offset, offset + len(found) < total)


@get("/conversations/{conversation_id:str}/messages/{message_id:str}", sync_to_thread=False)
def get_message(
    parts: NamedDependency[Parts], conversation: NamedDependency[Conversation], message_id: FromPath[str]
) -> OneMessage:
    """One message."""
    row = transcript.get(parts.reader, message_id)
    if row is None or row.conversation != conversation.id or row.kind not in ("user", "message"):
        raise NotFound(f"there is no message {message_id} in this conversation")
    return OneMessage(blocks.message(transcript.load(parts.reader, [row])[0]))


@post("/conversations/{conversation_id:str}/messages", request_max_body_size=MESSAGE_LIMIT)
async def send_message(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation: NamedDependency[Conversation],
    data: JSONBody[NewMessage],
) -> Response[Accepted]:
    """Sends a message. 201: it started a turn. 200: it waits for the one that runs."""
    return await _accept(request, parts, who, conversation, data, started=201)


@post("/conversations/{conversation_id:str}/stream", request_max_body_size=MESSAGE_LIMIT, status_code=200)
async def stream_message(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation: NamedDependency[Conversation],
    data: JSONBody[NewMessage],
) -> Response[Accepted]:
    """Sends a message; the answer names the stream to follow."""
    return await _accept(request, parts, who, conversation, data, started=200)


@post("/conversations/{conversation_id:str}/cancel", status_code=200)
async def cancel(
    parts: NamedDependency[Parts], who: NamedDependency[Who], conversation: NamedDependency[Conversation]
) -> Done:
    """Asks the running turn to stop, or takes back what was to be tried again. `cancelled` is false when there was neither."""
    await parts.dispatch(commands.StopTurn(conversation=conversation.id), actor=who.actor)
    return Done(
        True, conversation.id, conversation.turn, cancelled=bool(conversation.turn or conversation.retry_at)
    )


@post("/conversations/{conversation_id:str}/resume", request_max_body_size=MESSAGE_LIMIT, status_code=200)
async def resume(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation: NamedDependency[Conversation],
    data: JSONBody[NewMessage],
) -> Done:
    """Goes on with the agent's session. 409 while a turn runs."""
    if conversation.turn:
        raise Refused("a turn is running; send a message to have it wait, or cancel the turn first")
    sent = await _send(request, parts, who, conversation, data)
    return _done(conversation, sent, resumed=True)


@post("/conversations/{conversation_id:str}/inject", request_max_body_size=MESSAGE_LIMIT, status_code=200)
async def inject(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation: NamedDependency[Conversation],
    data: JSONBody[NewMessage],
) -> Done:
    """Hands a message to the agent: at once when it is idle, into the turn that runs where it can, else as the next.

    `eager`: 409 instead of waiting.
    """
    steers = can_steer(parts, conversation)
    if conversation.turn and data.eager and not steers:
        raise Refused("a turn is running; nothing was sent (without `eager` the message would wait)")
    sent = await _send(request, parts, who, conversation, msgspec.structs.replace(data, steer=steers))
    return _done(conversation, sent, injected=True)


async def _send(
    request: Request[Any, Any, Any], parts: Parts, who: Who, conversation: Conversation, data: NewMessage
) -> Sent:
    if data.steer and conversation.turn and not can_steer(parts, conversation):
        raise Refused(
            "this agent takes no message while it works; without `steer` it waits for the end of the turn"
        )
    key = key_of(request, data.idempotency_key)
    how = How(data.agent_id, data.model, data.steer)
    text, files = data.said(), await encoded(parts, data.attachments)
    pictures_refused(parts, data.agent_id or conversation.agent, files)
    return await send(parts, who, conversation.id, Body(text, attached=files), key, how)


async def _accept(
    request: Request[Any, Any, Any],
    parts: Parts,
    who: Who,
    conversation: Conversation,
    data: NewMessage,
    *,
    started: int,
) -> Response[Accepted]:
    sent = await _send(request, parts, who, conversation, data)
    turn, queued = sent.message.session_id, sent.place is not None
    key = key_of(request, data.idempotency_key)
    answer = Accepted(sent.message, sent.session, turn, queued, sent.place, sent.steering, key)
    return Response(answer, status_code=200 if queued else started)


def _done(conversation: Conversation, sent: Sent, **what: bool) -> Done:
    queued = True if sent.place is not None else None
    return Done(True, conversation.id, sent.message.session_id, sent.message.id, queued=queued, **what)
