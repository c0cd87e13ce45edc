"""Messages that go into the turn that runs. They wait like the others, and first, until the agent says that it has them."""

from collections.abc import Collection

from agentguid.decide.state import Conversation, Turn, Waiting
from agentguid.protocol.commands import SteerMessage
from agentguid.protocol.errors import Refused
from agentguid.protocol.events import (
    ConversationDeleted,
    Event,
    MessageRemoved,
    MessageSteered,
    MessageSteerRequested,
    QueueReordered,
    TurnEnded,
    TurnStarted,
)

Steering = tuple[str, ...]


def steer(command: SteerMessage, state: Conversation) -> list[Event]:
    """Nothing when that was asked for before."""
    present = [one.message for one in state.queue]
    if command.message not in present:
        raise Refused("This message does not wait any more: it has gone to the agent, or was removed.")
    if state.turn is None:
        raise Refused("No turn is running that it could go into.")
    if state.turn.stopping:
        raise Refused("The turn is being stopped; the message is sent when it has ended.")
    return [] if command.message in state.steering else into(state.turn, command.message, state)


def into(turn: Turn, message: str, state: Conversation) -> list[Event]:
    """A message of the queue, or one that has just come to it, is to go into the turn: before all that only wait."""
    present = [one.message for one in state.queue]
    present += [message] if message not in present else []
    first = [one for one in present if one in state.steering]
    order = [*first, message, *(one for one in present if one not in first and one != message)]
    moved: list[Event] = [] if order == present else [QueueReordered(order=order)]
    return [*moved, MessageSteerRequested(message=message, turn=turn.id)]


def settled(message: str, steering: Collection[str]) -> None:
    """Raises `Refused` for a message that the agent may be reading already."""
    if message in steering:
        raise Refused("This message is on its way into the running turn: it cannot be changed any more.")


def admit(fact: MessageSteered, state: Conversation) -> list[Event]:
    """What an agent took, with the words that it was given."""
    found: Waiting | None = next((one for one in state.queue if one.message == fact.message), None)
    if found is None or state.turn is None or state.turn.id != fact.turn:
        return []
    return [MessageSteered(message=fact.message, turn=fact.turn, body=found.body)]


def evolve(steering: Steering, event: Event) -> Steering:
    match event:
        case MessageSteerRequested(message=message) if message not in steering:
            return (*steering, message)
        case MessageSteered(message=message) | MessageRemoved(message=message):
            return tuple(one for one in steering if one != message)
        case TurnEnded() | TurnStarted() | ConversationDeleted():
            return ()
    return steering
