"""Turns: a conversation works on at most one prompt at a time."""

from msgspec.structs import replace

from agentguid.decide import checks, queue, steer
from agentguid.decide.state import Conversation, Settings, Turn
from agentguid.protocol.commands import SendMessage, StopTurn
from agentguid.protocol.events import (
    Event,
    MessageQueued,
    QueueHeld,
    QueueReleased,
    TurnEnded,
    TurnStarted,
    TurnStopRequested,
)
from agentguid.protocol.ids import turn_of
from agentguid.protocol.items import Body

KNOWN = 200
"""Messages that are recognised when they are sent a second time (beside those that wait)."""


def send(command: SendMessage, state: Conversation, settings: Settings) -> list[Event]:
    """Idle: a turn starts. Busy: the message waits, or is to go into the turn; it also waits when a failed turn is to be
    tried again. Sent before: nothing.

    While a failed turn holds the queue back, what the user sends now goes first (it is what he has to say to the
    failure); then the queue goes on.
    """
    checks.identifier("message", command.message)
    checks.text("body", command.body)
    if command.message in state.known or any(one.message == command.message for one in state.queue):
        return []
    begun = start(settings, command.message, command.body)
    if state.turn is None and not state.queue and not state.retry:
        return [begun]
    if state.turn is None and state.held:
        return [QueueReleased(), begun]
    queue.room(state.queue)
    queued = MessageQueued(message=command.message, body=command.body)
    if state.turn and command.steer and not state.turn.stopping:
        return [queued, *steer.into(state.turn, command.message, state)]
    return [queued] if state.turn else [queued, *following(state)]


def stop(command: StopTurn, state: Conversation) -> list[Event]:
    """Nothing to stop is not an error, and one request is enough."""
    turn = state.turn
    if turn is None or command.turn not in (None, turn.id):
        return []
    held = [QueueHeld(turn=turn.id)] if command.hold and state.queue and not state.held else []
    return [*held, *([] if turn.stopping else [TurnStopRequested(turn=turn.id)])]


def start(
    settings: Settings, message: str, body: Body, retries: str | None = None, attempt: int = 0
) -> TurnStarted:
    """The turn of a message, as the conversation is configured now."""
    return TurnStarted(
        turn=turn_of(message),
        message=message,
        body=body,
        agent=settings.agent,
        cwd=settings.cwd,
        model=settings.model,
        mode=settings.mode,
        retries=retries,
        attempt=attempt,
        options=settings.options,
    )


def release(state: Conversation) -> list[Event]:
    """What was held back goes on. Nothing held back is not an error."""
    if not state.held or not state.queue or state.turn:
        return []
    return [QueueReleased(), *following(replace(state, held=False))]


def failed(ended: TurnEnded) -> bool:
    """It did not come to its end, and nobody asked it to stop: the next one would most likely fare the same."""
    return ended.outcome == "error" or (ended.outcome == "interrupted" and ended.error is not None)


def following(state: Conversation) -> list[Event]:
    """What begins when no turn is open: the turn of the first message that waits."""
    if (
        state.turn
        or state.held
        or state.retry
        or not state.queue
        or state.settings is None
        or state.settings.deleted
    ):
        return []
    first = state.queue[0]
    return [start(state.settings, first.message, first.body)]


def evolve(turn: Turn | None, event: Event) -> Turn | None:
    match event:
        case TurnStarted() as e if not e.imported:
            return Turn(
                e.turn, e.message, e.agent, e.cwd, e.model or None, e.mode, False, e.retries, e.attempt
            )
        case TurnStopRequested(turn=id) if turn and turn.id == id:
            return replace(turn, stopping=True)
        case TurnEnded(turn=id) if turn and turn.id == id:
            return None
    return turn


def evolve_known(known: tuple[str, ...], event: Event) -> tuple[str, ...]:
    if isinstance(event, MessageQueued | TurnStarted) and event.message not in known:
        return (*known, event.message)[-KNOWN:]
    return known
