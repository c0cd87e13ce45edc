"""A conversation works on one prompt at a time; what is sent meanwhile waits, in order."""

import pytest
from msgspec.structs import replace

from agentguid.decide import queue, turn
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.items import Body
from tests.decide.given import CREATED, ID, after, ended, given, queued, report, said, send, started

STOPPED = e.TurnStopRequested(turn="tm1")
HELD = e.QueueHeld(turn="tm1")
BUSY = [CREATED, started("m1")]
THREE = [*BUSY, queued("m2"), queued("m3"), queued("m4")]


def edit(message: str, text: str) -> c.EditMessage:
    return c.EditMessage(conversation=ID, message=message, body=Body(text))


def remove(message: str) -> c.RemoveMessage:
    return c.RemoveMessage(conversation=ID, message=message)


def order(*messages: str) -> c.ReorderQueue:
    return c.ReorderQueue(conversation=ID, order=list(messages))


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        ([CREATED], send("m1"), [started("m1")]),
        (BUSY, send("m2"), [queued("m2")]),
        ([*BUSY, ended("m1")], send("m2"), [started("m2")]),
        (BUSY, send("m1", "other words"), []),
        ([*BUSY, queued("m2")], send("m2"), []),
        ([*BUSY, ended("m1")], send("m1"), []),
        ([*BUSY, queued("m2"), e.MessageRemoved(message="m2")], send("m2"), []),
        ([CREATED], c.StopTurn(conversation=ID), []),
        (BUSY, c.StopTurn(conversation=ID), [STOPPED]),
        (BUSY, c.StopTurn(conversation=ID, turn="tm1"), [STOPPED]),
        (BUSY, c.StopTurn(conversation=ID, turn="tm0"), []),
        ([*BUSY, STOPPED], c.StopTurn(conversation=ID), []),
        (BUSY, c.StopTurn(conversation=ID, hold=True), [STOPPED]),
        ([*BUSY, queued("m2")], c.StopTurn(conversation=ID, hold=True), [HELD, STOPPED]),
        ([*BUSY, queued("m2"), STOPPED], c.StopTurn(conversation=ID, hold=True), [HELD]),
        ([*BUSY, queued("m2"), HELD, STOPPED], c.StopTurn(conversation=ID, hold=True), []),
        (
            [*BUSY, queued("m2"), HELD, STOPPED],
            report(ended("m1", "interrupted")),
            [ended("m1", "interrupted")],
        ),
        ([*BUSY, STOPPED, ended("m1", "interrupted")], c.StopTurn(conversation=ID), []),
        ([*BUSY, queued("m2")], edit("m2", "better"), [e.MessageEdited(message="m2", body=Body("better"))]),
        ([*BUSY, queued("m2")], edit("m2", "m2"), []),
        (BUSY, edit("m1", "too late"), "Refused"),
        ([*BUSY, queued("m2"), ended("m1"), started("m2")], edit("m2", "too late"), "Refused"),
        ([*BUSY, queued("m2")], remove("m2"), [e.MessageRemoved(message="m2")]),
        ([*BUSY, queued("m2"), e.MessageRemoved(message="m2")], remove("m2"), "Refused"),
        (BUSY, remove("m1"), "Refused"),
        (THREE, order("m4", "m2", "m3"), [e.QueueReordered(order=["m4", "m2", "m3"])]),
        (THREE, order("m2", "m3", "m4"), []),
        (THREE, order("m2", "m3"), "Refused"),
        (THREE, order("m2", "m3", "m3"), "Refused"),
        (THREE, order("m2", "m3", "m4", "m5"), "Refused"),
        (BUSY, order(), []),
    ],
)
def test_messages_and_turns(history: list[e.Event], command: c.ToConversation, expected: object) -> None:
    assert given(history, command) == expected


@pytest.mark.parametrize(
    ("history", "next_message"),
    [
        (THREE, started("m2")),
        ([*THREE, e.QueueReordered(order=["m4", "m2", "m3"])], started("m4")),
        ([*THREE, e.MessageRemoved(message="m2")], started("m3")),
        ([*THREE, e.MessageEdited(message="m2", body=Body("better"))], started("m2", "better")),
        ([*THREE, STOPPED], started("m2")),
    ],
)
def test_the_end_of_a_turn_starts_the_first_waiting_message(
    history: list[e.Event], next_message: e.TurnStarted
) -> None:
    assert given(history, report(ended("m1"))) == [ended("m1"), next_message]


def test_a_turn_runs_as_the_conversation_is_configured_when_it_starts() -> None:
    changed = e.ConversationConfigured(agent="codex", model="", mode="ask")
    fresh = replace(started("m2"), agent="codex", model=None, mode="ask")

    assert given([*BUSY, queued("m2"), changed], report(ended("m1"))) == [ended("m1"), fresh]
    assert given([CREATED, changed], send("m2")) == [fresh]


def test_what_the_agent_said_at_its_end_stands_before_the_next_turn() -> None:
    history = [*BUSY, queued("m2")]

    assert given(history, report(ended("m1"), said("i9"))) == [ended("m1"), said("i9"), started("m2")]


def test_the_queue_has_an_end() -> None:
    full = [*BUSY, *(queued(f"q{number}") for number in range(queue.LIMIT))]

    assert given(full[:-1], send("m2")) == [queued("m2")]
    assert given(full, send("m2")) == "Refused"
    assert given(full, send("q7")) == []
    assert given(full, edit("q7", "better")) == [e.MessageEdited(message="q7", body=Body("better"))]


def test_the_texts_of_the_queue_have_an_end() -> None:
    long = [*BUSY, *(queued(f"q{number}", "x" * 32_768) for number in range(queue.TEXT // 32_768))]

    assert given(long[:-1], send("m2")) == [queued("m2")]
    assert given(long, send("m2")) == "Refused"


def test_only_so_many_old_messages_are_remembered() -> None:
    old = [
        event for number in range(turn.KNOWN + 1) for event in (started(f"o{number}"), ended(f"o{number}"))
    ]

    assert given([CREATED, *old], send("o1")) == []
    assert given([CREATED, *old], send("o0")) == [started("o0")]


def test_a_message_that_waits_while_nothing_runs_goes_first() -> None:
    """Only damage can lead there (a fact that cannot be read); the order is kept all the same."""
    assert given([CREATED, queued("m1")], send("m2")) == [queued("m2"), started("m1")]


def test_an_order_that_knows_fewer_messages_loses_none() -> None:
    """Only damage can lead there; what it does not name stays behind the rest."""
    state = after(*THREE, e.QueueReordered(order=["m4", "m9"]))

    assert [waiting.message for waiting in state.queue] == ["m4", "m2", "m3"]


FAILED = [*THREE, ended("m1", "error", "No key."), e.QueueHeld(turn="tm1")]
RELEASE = c.ReleaseQueue(conversation=ID)


@pytest.mark.parametrize(
    ("end", "next_event"),
    [
        (ended("m1"), started("m2")),
        (ended("m1", "interrupted"), started("m2")),
        (ended("m1", "error", "No key."), e.QueueHeld(turn="tm1")),
        (ended("m1", "error"), e.QueueHeld(turn="tm1")),
        (ended("m1", "interrupted", "The host is gone."), e.QueueHeld(turn="tm1")),
    ],
)
def test_a_turn_that_fails_holds_back_what_waits(end: e.TurnEnded, next_event: e.Event) -> None:
    assert given([*BUSY, queued("m2")], report(end)) == [end, next_event]
    assert given(BUSY, report(end)) == [end], "nothing waits, so nothing is held"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (RELEASE, [e.QueueReleased(), started("m2")]),
        (send("m9"), [e.QueueReleased(), started("m9")]),
        (send("m3"), []),
        (edit("m2", "better"), [e.MessageEdited(message="m2", body=Body("better"))]),
        (remove("m2"), [e.MessageRemoved(message="m2")]),
        (order("m4", "m2", "m3"), [e.QueueReordered(order=["m4", "m2", "m3"])]),
        (report(said("i9")), [said("i9")]),
        (c.StopTurn(conversation=ID), []),
    ],
)
def test_a_queue_that_is_held_can_be_changed_and_goes_on_when_the_user_says_so(
    command: c.ToConversation, expected: list[e.Event]
) -> None:
    assert given(FAILED, command) == expected


@pytest.mark.parametrize(
    "history",
    [
        [CREATED],
        THREE,
        [*FAILED, e.QueueReleased(), started("m2")],
        [*FAILED, *(e.MessageRemoved(message=one) for one in ("m2", "m3", "m4"))],
    ],
)
def test_releasing_what_is_not_held_is_nothing(history: list[e.Event]) -> None:
    assert given(history, RELEASE) == []


def test_after_the_message_that_was_sent_meanwhile_the_queue_goes_on() -> None:
    going = [*FAILED, e.QueueReleased(), started("m9")]

    assert given(going, report(ended("m9"))) == [ended("m9"), started("m2")]
    assert given(going, report(ended("m9", "error"))) == [ended("m9", "error"), e.QueueHeld(turn="tm9")]


def test_a_queue_that_was_held_and_emptied_holds_nothing_back() -> None:
    emptied = [*FAILED, *(e.MessageRemoved(message=one) for one in ("m2", "m3", "m4"))]

    assert given([*emptied], send("m9")) == [started("m9")]
    assert given([*emptied, started("m9"), queued("m5")], report(ended("m9"))) == [ended("m9"), started("m5")]
