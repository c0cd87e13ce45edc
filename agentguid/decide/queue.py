"""Messages that wait for the open turn to end. They are sent in order, each in a turn of its own.

After a turn that failed they are held back until the user says how to go on: else one agent that is missing, or one
password that has expired, would use them all up.
"""

from msgspec.structs import replace

from agentguid.decide import checks
from agentguid.decide.state import Waiting
from agentguid.protocol.commands import EditMessage, RemoveMessage, ReorderQueue
from agentguid.protocol.errors import Refused
from agentguid.protocol.events import (
    ConversationDeleted,
    Event,
    MessageEdited,
    MessageQueued,
    MessageRemoved,
    MessageSteered,
    QueueHeld,
    QueueReleased,
    QueueReordered,
    TurnStarted,
)

LIMIT = 500
"""Messages that may wait."""
TEXT = 1024 * 1024
"""Characters of all of them together; above it one more may come, whose text is at most 32 KiB."""

Queue = tuple[Waiting, ...]


def room(queue: Queue) -> None:
    """Raises `Refused` when no message can be taken in."""
    if len(queue) >= LIMIT:
        raise Refused(f"{LIMIT} messages wait already: wait for the agent, or remove some of them.")
    if sum(len(waiting.body.text) for waiting in queue) >= TEXT:
        raise Refused(
            "The waiting messages are too long already: wait for the agent, or remove some of them."
        )


def edit(command: EditMessage, queue: Queue) -> list[Event]:
    """Other words; what goes with them stays."""
    waiting = _find(queue, command.message)
    body = replace(command.body, attached=waiting.body.attached)
    checks.text("body", body)
    room(tuple(one for one in queue if one is not waiting))
    return [] if waiting.body == body else [MessageEdited(message=command.message, body=body)]


def remove(command: RemoveMessage, queue: Queue) -> list[Event]:
    _find(queue, command.message)
    return [MessageRemoved(message=command.message)]


def reorder(command: ReorderQueue, queue: Queue) -> list[Event]:
    present = [waiting.message for waiting in queue]
    if sorted(command.order) != sorted(present):
        raise Refused(
            "The waiting messages have changed in between: look at the queue again and order what is there."
        )
    return [] if command.order == present else [QueueReordered(order=command.order)]


def evolve(queue: Queue, event: Event) -> Queue:
    match event:
        case MessageQueued(message=message, body=body):
            return (*_without(queue, message), Waiting(message, body))
        case MessageEdited(message=message, body=body):
            return tuple(replace(one, body=body) if one.message == message else one for one in queue)
        case MessageRemoved(message=message) | MessageSteered(message=message) | TurnStarted(message=message):
            return _without(queue, message)
        case QueueReordered(order=order):
            return _ordered(queue, order)
        case ConversationDeleted():
            return ()
    return queue


def evolve_held(held: bool, event: Event) -> bool:
    match event:
        case QueueHeld():
            return True
        case QueueReleased() | TurnStarted(imported=False) | ConversationDeleted():
            return False
    return held


def _ordered(queue: Queue, order: list[str]) -> Queue:
    """Those that `order` does not name stay behind the others."""
    by_id = {waiting.message: waiting for waiting in queue}
    first = [by_id.pop(message) for message in order if message in by_id]
    return (*first, *by_id.values())


def _without(queue: Queue, message: str) -> Queue:
    return tuple(waiting for waiting in queue if waiting.message != message) if queue else queue


def _find(queue: Queue, message: str) -> Waiting:
    for waiting in queue:
        if waiting.message == message:
            return waiting
    raise Refused("This message does not wait any more: it has gone to the agent, or was removed.")
