"""A message while the agent works: it waits, or goes into the turn that runs; and it is never lost in between."""

import msgspec
import pytest

from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.items import Body
from tests.decide.given import CREATED, ID, after, ended, given, hosted, queued, report, send, started


def steered(message: str, turn: str = "tm1", text: str = "") -> e.MessageSteered:
    return e.MessageSteered(message=message, turn=turn, body=Body(text or message))


def wanted(message: str, turn: str = "tm1") -> e.MessageSteerRequested:
    return e.MessageSteerRequested(message=message, turn=turn)


def steer(message: str) -> c.SteerMessage:
    return c.SteerMessage(conversation=ID, message=message)


def now(message: str) -> c.SendMessage:
    return msgspec.structs.replace(send(message), steer=True)


BUSY = [CREATED, started("m1"), hosted()]
STOPPING = [*BUSY, e.TurnStopRequested(turn="tm1")]


@pytest.mark.parametrize(
    ("history", "command", "events"),
    [
        ([CREATED], now("m1"), [started("m1")]),
        (BUSY, now("m2"), [queued("m2"), wanted("m2")]),
        (
            [*BUSY, queued("m2")],
            now("m3"),
            [queued("m3"), e.QueueReordered(order=["m3", "m2"]), wanted("m3")],
        ),
        (
            [*BUSY, queued("m2"), wanted("m2"), queued("m3")],
            now("m4"),
            [queued("m4"), e.QueueReordered(order=["m2", "m4", "m3"]), wanted("m4")],
        ),
        (STOPPING, now("m2"), [queued("m2")]),
        ([*BUSY, queued("m2")], now("m2"), []),
        ([*BUSY, queued("m2"), queued("m3")], steer("m3"), [e.QueueReordered(order=["m3", "m2"]), wanted("m3")]),
        ([*BUSY, queued("m2")], steer("m2"), [wanted("m2")]),
        ([*BUSY, queued("m2"), wanted("m2")], steer("m2"), []),
        (BUSY, steer("m2"), "Refused"),
        ([*STOPPING, queued("m2")], steer("m2"), "Refused"),
        ([*BUSY, queued("m2"), ended("m1", "error", "No."), e.QueueHeld(turn="tm1")], steer("m2"), "Refused"),
    ],
)  # fmt: skip
def test_what_goes_into_the_turn_comes_before_what_waits(
    history: list[e.Event], command: c.ToConversation, events: "list[e.Event] | str"
) -> None:
    assert given(history, command) == events


def test_what_the_agent_took_leaves_the_queue_with_the_words_it_had() -> None:
    history = [*BUSY, queued("m2", "be quick"), wanted("m2")]
    taken = e.MessageSteered(message="m2", turn="tm1")

    assert given(history, report(taken)) == [steered("m2", text="be quick")]
    state = after(*history, steered("m2", text="be quick"))
    assert (state.queue, state.steering) == ((), ())
    assert given([*history, steered("m2")], now("m2")) == []


@pytest.mark.parametrize("fact", [steered("m3"), steered("m2", turn="tm0")])
def test_what_was_never_asked_for_is_no_fact(fact: e.Event) -> None:
    assert given([*BUSY, queued("m2"), wanted("m2")], report(fact)) == []


def test_it_is_told_once() -> None:
    taken = e.MessageSteered(message="m2", turn="tm1")
    history = [*BUSY, queued("m2"), wanted("m2")]

    assert given(history, report(taken, taken)) == [steered("m2")]


def test_what_the_turn_did_not_take_begins_the_next_one() -> None:
    history = [*BUSY, queued("m2"), queued("m3"), e.QueueReordered(order=["m3", "m2"]), wanted("m3")]

    assert given(history, report(ended("m1"))) == [ended("m1"), started("m3")]
    assert after(*history, ended("m1"), started("m3")).steering == ()


@pytest.mark.parametrize(
    "command",
    [
        c.EditMessage(conversation=ID, message="m2", body=Body("other")),
        c.RemoveMessage(conversation=ID, message="m2"),
    ],
)
def test_what_the_agent_may_be_reading_is_not_changed(command: c.ToConversation) -> None:
    history = [*BUSY, queued("m2"), wanted("m2")]

    assert given(history, command) == "Refused"
    assert given([*history, ended("m1", "interrupted"), queued("m2")], command) != "Refused"
