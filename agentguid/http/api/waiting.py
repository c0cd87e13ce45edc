"""`/conversations/:id/queue`: messages that wait."""

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentguid.append import read
from agentguid.http.api import found, shapes
from agentguid.http.api.conversations import Deleted
from agentguid.http.api.messages import MESSAGE_LIMIT
from agentguid.http.api.sending import can_steer
from agentguid.http.api.shapes import Given, Queued, Shape, millis
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.project import queue
from agentguid.project.conversations import Conversation
from agentguid.protocol import commands
from agentguid.protocol.errors import Invalid, NotFound, Refused
from agentguid.protocol.events import MessageEdited, MessageQueued
from agentguid.protocol.items import Body


class Queue(Shape, frozen=True):
    queue: list[Queued]
    held: bool
    """A turn failed: what waits stays until it is released, or a message is sent (which goes first)."""


class Edit(Given):
    content: str


class Edited(Shape, frozen=True):
    updated: bool
    item: Queued


class Order(Given):
    order: list[str]
    """Message ids. Those that are left out follow in the order that they have."""


def waiting(parts: Parts, conversation: Conversation) -> list[Queued]:
    """The queue of a conversation."""
    rows = queue.list(parts.reader, conversation.id)
    said = read.at(parts.reader, [row.position for row in rows])
    listed = []
    for place, row in enumerate(rows, start=1):
        event = said[row.position].event
        body = event.body if isinstance(event, MessageQueued | MessageEdited) else Body("")
        listed.append(
            Queued(
                row.message,
                body.text,
                millis(row.queued_at),
                place,
                conversation.agent,
                conversation.model,
                body.blob,
                body.size,
                row.steering,
                shapes.attachments(body),
            )
        )
    return listed


def _queue(parts: Parts, conversation: str) -> Queue:
    row = found.find_in(parts, conversation)
    return Queue(waiting(parts, row), row.held and row.queued > 0)


def _known(parts: Parts, conversation: Conversation, message: str) -> None:
    row = queue.get(parts.reader, message)
    if row is None or row.conversation != conversation.id:
        raise NotFound(f"no message {message} waits in this conversation")


@get("/conversations/{conversation_id:str}/queue", sync_to_thread=False)
def list_queue(parts: NamedDependency[Parts], conversation: NamedDependency[Conversation]) -> Queue:
    """The messages that wait, next one first."""
    return _queue(parts, conversation.id)


@patch("/conversations/{conversation_id:str}/queue/{message_id:str}", request_max_body_size=MESSAGE_LIMIT)
async def edit_queued(
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation: NamedDependency[Conversation],
    message_id: FromPath[str],
    data: JSONBody[Edit],
) -> Edited:
    """Changes the text of a message that waits."""
    _known(parts, conversation, message_id)
    command = commands.EditMessage(conversation=conversation.id, message=message_id, body=Body(data.content))
    await parts.dispatch(command, actor=who.actor)
    item = next((one for one in waiting(parts, conversation) if one.message_id == message_id), None)
    if item is None:
        raise NotFound(f"message {message_id} has been sent meanwhile")
    return Edited(True, item)


@delete("/conversations/{conversation_id:str}/queue/{message_id:str}", status_code=200)
async def remove_queued(
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation: NamedDependency[Conversation],
    message_id: FromPath[str],
) -> Deleted:
    """Takes a message out of the queue."""
    _known(parts, conversation, message_id)
    await parts.dispatch(
        commands.RemoveMessage(conversation=conversation.id, message=message_id), actor=who.actor
    )
    return Deleted(True)


@post("/conversations/{conversation_id:str}/queue/{message_id:str}/steer", status_code=200)
async def steer_queued(
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation: NamedDependency[Conversation],
    message_id: FromPath[str],
) -> Queue:
    """Has a message that waits taken into the turn that runs. 409 where the agent cannot."""
    _known(parts, conversation, message_id)
    if not can_steer(parts, conversation):
        raise Refused("this agent takes no message while it works; the message waits for the end of the turn")
    await parts.dispatch(
        commands.SteerMessage(conversation=conversation.id, message=message_id), actor=who.actor
    )
    return _queue(parts, conversation.id)


@post("/conversations/{conversation_id:str}/queue/reorder", status_code=200)
async def reorder_queue(
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation: NamedDependency[Conversation],
    data: JSONBody[Order],
) -> Queue:
    """Puts the queue into another order."""
    now = [row.message for row in queue.list(parts.reader, conversation.id)]
    if unknown := next((one for one in data.order if one not in now), None):
        raise Invalid("order", f"no message {unknown[:100]} waits in this conversation")
    order = list(dict.fromkeys([*data.order, *now]))
    await parts.dispatch(commands.ReorderQueue(conversation=conversation.id, order=order), actor=who.actor)
    return _queue(parts, conversation.id)


@post("/conversations/{conversation_id:str}/queue/release", status_code=200)
async def release_queue(
    parts: NamedDependency[Parts], who: NamedDependency[Who], conversation: NamedDependency[Conversation]
) -> Queue:
    """Sends what a failed turn holds back: the first message now, the others after it. The answer is what then waits.

    Nothing held back is no error.
    """
    await parts.dispatch(commands.ReleaseQueue(conversation=conversation.id), actor=who.actor)
    return _queue(parts, conversation.id)
