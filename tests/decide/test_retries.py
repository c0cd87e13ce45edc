"""A turn that broke off at a limit is tried again by itself: at the right time, not too often, and not against the user."""

import pytest
from msgspec.structs import replace

from agentguid.decide.retry import AFTER
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.items import Body, Limit
from tests.decide.given import CREATED, ID, after, ended, given, queued, send, started

NOW = 1_000_000_000
PAUSES = (30, 120, 600)
BUSY = [CREATED, started("m1")]
FULL = replace(ended("m1", "error", "full"), limit=Limit("account"))
WAITS = e.RetryScheduled(turn="tm1", at=NOW + 30, attempt=1, of=3, reason="account")
WAITING = [*BUSY, FULL, WAITS]
AGAIN = c.RetryTurn(conversation=ID, turn="tm1", message="m9", body=Body("m1"))
CANCEL = c.CancelRetry(conversation=ID)
STOP = c.StopTurn(conversation=ID)
CANCELLED = e.RetryCancelled(turn="tm1")
HELD = e.QueueHeld(turn="tm1")


def report(*facts: e.Event, pauses: tuple[int, ...] = PAUSES) -> c.Report:
    return c.Report(conversation=ID, host="h1", facts=list(facts), at=NOW, pauses=pauses)


def tried(attempt: int) -> e.TurnStarted:
    """The turn that tries `tm1` again."""
    return replace(started("m9", "m1"), retries="tm1", attempt=attempt)


def full(message: str, until: int | None = None) -> e.TurnEnded:
    return replace(ended(message, "error", "full"), limit=Limit("account", until))


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        (BUSY, report(FULL), [FULL, WAITS]),
        (BUSY, report(FULL, pauses=()), [FULL]),
        (BUSY, report(ended("m1", "error", "401")), [ended("m1", "error", "401")]),
        (BUSY, report(full("m1", NOW + 5)), [full("m1", NOW + 5), replace(WAITS, at=NOW + 5 + AFTER)]),
        (BUSY, report(full("m1", NOW)), [full("m1", NOW), WAITS]),
        ([*WAITING, tried(1)], report(full("m9")), [full("m9"), replace(WAITS, turn="tm9", at=NOW + 120, attempt=2)]),
        ([*WAITING, tried(2)], report(full("m9")), [full("m9"), replace(WAITS, turn="tm9", at=NOW + 600, attempt=3)]),
        ([*WAITING, tried(3)], report(full("m9")), [full("m9")]),
        ([*WAITING, tried(3), queued("m2")], report(full("m9")), [full("m9"), e.QueueHeld(turn="tm9")]),
        ([*WAITING, tried(3)], report(full("m9", NOW + 5)), [full("m9", NOW + 5)]),
        ([*WAITING, tried(1)], report(ended("m9")), [ended("m9")]),
        # The queue waits with it, and goes on when it has come through.
        ([*BUSY, queued("m2")], report(FULL), [FULL, WAITS]),
        (WAITING, send("m2"), [queued("m2")]),
        ([*WAITING, queued("m2")], c.ReleaseQueue(conversation=ID), []),
        ([*WAITING, queued("m2"), tried(1)], report(ended("m9")), [ended("m9"), started("m2")]),
        # Tried again now, by the user or because it is time.
        (WAITING, AGAIN, [tried(1)]),
        ([*WAITING, tried(1)], AGAIN, []),
        ([*WAITING, tried(1)], replace(AGAIN, message="m8"), []),
        ([*WAITING, CANCELLED], AGAIN, [tried(0)]),
        ([*BUSY, ended("m1", "error", "401")], AGAIN, [tried(0)]),
        ([*BUSY, queued("m2"), ended("m1", "error", "401"), HELD], AGAIN, [e.QueueReleased(), tried(0)]),
        ([*BUSY, ended("m1")], AGAIN, "Refused"),
        ([*BUSY, ended("m1", "interrupted")], AGAIN, "Refused"),
        ([*BUSY, FULL, started("m2"), ended("m2", "error", "x")], AGAIN, "Refused"),
        ([*BUSY, FULL, started("m2")], AGAIN, "Refused"),
        (BUSY, AGAIN, "Refused"),
        # Not tried again.
        (WAITING, CANCEL, [CANCELLED]),
        (WAITING, STOP, [CANCELLED]),
        (WAITING, c.StopTurn(conversation=ID, turn="tm1"), [CANCELLED]),
        (WAITING, c.StopTurn(conversation=ID, turn="tm0"), []),
        ([*WAITING, queued("m2")], CANCEL, [CANCELLED, HELD]),
        ([*WAITING, CANCELLED], CANCEL, []),
        ([*WAITING, tried(1)], CANCEL, []),
        (BUSY, CANCEL, []),
        ([*WAITING, CANCELLED], send("m2"), [started("m2")]),
        (WAITING, c.DeleteConversation(conversation=ID), [e.ConversationDeleted()]),
    ],
)  # fmt: skip
def test_what_follows(
    history: list[e.Event], command: c.ToConversation, expected: list[e.Event] | str
) -> None:
    assert given(history, command) == expected


def test_another_agent_or_model_that_is_chosen_meanwhile_gets_it() -> None:
    changed = e.ConversationConfigured(agent="codex", model="small")
    assert given([*WAITING, changed], AGAIN) == [replace(tried(1), agent="codex", model="small")]


def test_nothing_of_it_is_left_in_a_deleted_conversation() -> None:
    state = after(*WAITING, e.ConversationDeleted())
    assert (state.retry, state.failed) == (None, None)


@pytest.mark.parametrize("tries", [0, 1, 2, 3])
def test_a_limit_that_is_never_lifted_is_met_so_often_and_no_more(tries: int) -> None:
    """Each try is a turn of its own that fails the same way, however the end of the limit is told."""
    history, message, begun = [*BUSY], "m1", 0
    for round_ in range(10):
        events = given(history, report(full(message, NOW + 7), pauses=PAUSES[:tries]))
        assert isinstance(events, list)
        history += events
        state = after(*history)
        if state.retry is None:
            break
        begun += 1
        again = replace(AGAIN, turn=state.retry.turn, message=f"r{round_}")
        events = given(history, again)
        assert isinstance(events, list)
        history, message = history + events, again.message
    assert begun == tries
