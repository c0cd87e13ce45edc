"""Handing a message to a conversation, and telling what came of it: from the events, so that a retry is told the same."""

from typing import NamedTuple

from agentguid.append import read
from agentguid.append.api import Receipt
from agentguid.entropy import new_id
from agentguid.http.api import shapes
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.project import queue, turns
from agentguid.project.conversations import Conversation
from agentguid.protocol import commands
from agentguid.protocol.errors import Invalid, NotFound
from agentguid.protocol.events import MessageQueued, MessageSteerRequested, Recorded, TurnStarted
from agentguid.protocol.ids import conversation_of
from agentguid.protocol.items import Body


class Sent(NamedTuple):
    """What became of a message: it started a turn, or it waits."""

    message: shapes.Message
    session: shapes.Session | None
    place: int | None
    """In the queue, from 1; 0 for one that waited and has been sent since."""
    steering: bool = False
    """It waits only until the agent takes it into the turn that runs."""


class How(NamedTuple):
    """For whom a message is, if that is to be another, and when it is to be read."""

    agent: str | None = None
    model: str | None = None
    steer: bool = False
    """Not to wait for the end of the turn that runs."""


PLAINLY = How()


def can_steer(parts: Parts, conversation: Conversation) -> bool:
    """Whether the agent takes messages while it works."""
    found = parts.agents.get(conversation.agent)
    return found is not None and found.entry.steers


async def send(
    parts: Parts,
    who: Who,
    conversation: str,
    body: Body,
    key: str | None = None,
    how: How = PLAINLY,
) -> Sent:
    """Sends a message; agent and model are set first. The same key does it once."""
    agent, model = how.agent, how.model
    if not body.text.strip() and not body.attached:
        raise Invalid("content", "must not be empty")
    if agent is not None and parts.agents.get(agent) is None:
        raise Invalid("agentId", f"there is no agent {agent[:100]}; GET /agents lists them")
    named = key and f"message:{conversation}:{key}"
    repeated = named and read.receipt(parts.reader, named)
    if (agent or model) and not repeated:
        configure = commands.ConfigureConversation(
            conversation=conversation, agent=agent or None, model=model or None
        )
        await parts.dispatch(configure, actor=who.actor)
    command = commands.SendMessage(conversation=conversation, message=new_id(), body=body, steer=how.steer)
    receipt = await parts.dispatch(command, actor=who.actor, key=named)
    return sent(parts, receipt)


def sent(parts: Parts, receipt: Receipt) -> Sent:
    """What a receipt of SendMessage says."""
    found = read.at(parts.reader, range(receipt.first, receipt.last + 1)).values()
    steering = any(isinstance(recorded.event, MessageSteerRequested) for recorded in found)
    for recorded in found:
        match recorded.event:
            case TurnStarted(message=message, turn=turn, body=body):
                row = turns.get(parts.reader, turn)
                return Sent(
                    _message(recorded, message, body, turn), shapes.session(parts, row) if row else None, None
                )
            case MessageQueued(message=message, body=body):
                waiting = queue.list(parts.reader, conversation_of(receipt.stream) or "")
                places = [row.message for row in waiting]
                place = places.index(message) + 1 if message in places else 0
                return Sent(_message(recorded, message, body, None), None, place, steering)
    raise NotFound("this message is not in the log any more")


def _message(recorded: Recorded, message: str, body: Body, turn: str | None) -> shapes.Message:
    return shapes.Message(
        id=message,
        conversation_id=conversation_of(recorded.stream) or "",
        role="user",
        content=body.text,
        created_at=shapes.millis(recorded.at),
        status="sent" if turn else "queued",
        session_id=turn,
        blob=body.blob,
        size=body.size,
        attachments=shapes.attachments(body),
    )
