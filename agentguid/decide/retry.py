"""A turn that broke off at a limit is tried again by itself: a few times, later each time, or when the limit is lifted.

What waits in the queue waits on: it would run into the same limit.
"""

from agentguid.decide import checks, turn
from agentguid.decide.state import Conversation, Failed, Retry, Settings, Turn
from agentguid.protocol.commands import Report, RetryTurn
from agentguid.protocol.errors import Refused
from agentguid.protocol.events import (
    ConversationDeleted,
    Event,
    QueueHeld,
    QueueReleased,
    RetryCancelled,
    RetryScheduled,
    TurnEnded,
    TurnStarted,
)

AFTER = 2_000_000
"""Microseconds that are let go by after a limit is lifted: clocks differ."""


def schedule(state: Conversation, command: Report) -> list[Event]:
    """After a turn that has just failed: its next try, if waiting helps and it has not been tried too often."""
    failed = state.failed
    if failed is None or failed.limit is None or failed.attempt >= len(command.pauses):
        return []
    until = failed.limit.until
    known = until is not None and until > command.at
    at = until + AFTER if known and until else command.at + command.pauses[failed.attempt]
    return [
        RetryScheduled(
            turn=failed.turn,
            at=at,
            attempt=failed.attempt + 1,
            of=len(command.pauses),
            reason=failed.limit.kind,
        )
    ]


def begin(command: RetryTurn, state: Conversation, settings: Settings) -> list[Event]:
    """Tries a failed turn again, now. Asked for twice, it is tried once."""
    checks.identifier("message", command.message)
    if command.message in state.known or (state.turn and state.turn.retries == command.turn):
        return []
    if state.turn or state.failed is None or state.failed.turn != command.turn:
        raise Refused(
            "This turn cannot be tried again: the conversation has gone on since. Send the message again."
        )
    begun = turn.start(
        settings, command.message, command.body, command.turn, state.retry.attempt if state.retry else 0
    )
    return [QueueReleased(), begun] if state.held and state.queue else [begun]


def cancel(state: Conversation) -> list[Event]:
    """Nothing to cancel is not an error. What waits is held back then, as after any failure."""
    if state.retry is None:
        return []
    held = [QueueHeld(turn=state.retry.turn)] if state.queue and not state.held else []
    return [RetryCancelled(turn=state.retry.turn), *held]


def evolve(retry: Retry | None, event: Event) -> Retry | None:
    match event:
        case RetryScheduled(turn=turn, attempt=attempt):
            return Retry(turn, attempt)
        case RetryCancelled() | TurnStarted(imported=False) | ConversationDeleted():
            return None
    return retry


def evolve_failed(failed: Failed | None, open_turn: Turn | None, event: Event) -> Failed | None:
    match event:
        case TurnStarted(imported=False) | ConversationDeleted():
            return None
        case TurnEnded(turn=id) if open_turn and open_turn.id == id:
            return Failed(id, open_turn.attempt, event.limit) if turn.failed(event) else None
    return failed
