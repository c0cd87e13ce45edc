"""What an agent did is kept, except what the state contradicts. Hosts and approvals follow from it."""

import pytest
from msgspec.structs import replace

from agentguid.decide import approval
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import Invalid
from agentguid.protocol.items import Body, Mode
from tests.decide.given import (
    CREATED,
    ID,
    after,
    asked,
    ended,
    given,
    hosted,
    queued,
    report,
    said,
    send,
    started,
    withdrawn,
)

BUSY = [CREATED, started("m1")]
RUNNING = [*BUSY, hosted()]
STOPPED = e.TurnStopRequested(turn="tm1")
TOOL = e.ToolStarted(item="i2", turn="tm1", name="Bash", input=Body("{}"))
DONE = e.ToolFinished(item="i2", output=Body("ok"))
SESSION = e.SessionIdentified(host="h1", session="s1", model="big")


def gone(code: int | None = None, stderr: str = "", host: str = "h1") -> e.HostEnded:
    return e.HostEnded(host=host, code=code, stderr=stderr)


def request(host: str = "h2") -> c.RequestHost:
    return c.RequestHost(conversation=ID, host=host)


@pytest.mark.parametrize(
    ("history", "facts", "expected"),
    [
        (RUNNING, [SESSION, said("i1"), TOOL, DONE], [SESSION, said("i1"), TOOL, DONE]),
        ([CREATED], [said("i1", None)], [said("i1", None)]),
        (RUNNING, [], []),
        (RUNNING, [ended("m1")], [ended("m1")]),
        (RUNNING, [ended("m1"), ended("m1", "error")], [ended("m1")]),
        ([*RUNNING, ended("m1")], [ended("m1")], []),
        (RUNNING, [ended("m9")], []),
        (RUNNING, [asked("a1")], [asked("a1")]),
        ([*RUNNING, asked("a1")], [asked("a1")], []),
        ([*RUNNING, asked("a1")], [withdrawn("a1", "x")], [withdrawn("a1", "x")]),
        (RUNNING, [withdrawn("a1", "x")], []),
        (
            RUNNING,
            [asked("a1"), withdrawn("a1", "x"), withdrawn("a1", "y")],
            [asked("a1"), withdrawn("a1", "x")],
        ),
        (
            [*RUNNING, asked("a1"), asked("a2", None), asked("a3", "tother")],
            [ended("m1")],
            [ended("m1"), withdrawn("a1", "the turn ended")],  # a2 is of the background: it is still asked
        ),
        (RUNNING, [started("m9"), queued("m8"), e.ConversationDeleted(), CREATED], []),
        (RUNNING, [gone(0, host="h9")], []),
        ([*BUSY, hosted(), gone()], [gone(0)], []),
        ([*RUNNING, ended("m1")], [gone(0)], [gone(0)]),
        ([*RUNNING, ended("m1"), asked("a1")], [gone(0)], [gone(0), withdrawn("a1", "the agent ended")]),
    ],
)
def test_facts(history: list[e.Event], facts: list[e.Event], expected: list[e.Event]) -> None:
    assert given(history, report(*facts)) == expected


VANISHED = "The host of claude is gone. Send the message again."
STATUS = "claude ended with status 1 before the turn was over: fatal: no key"


@pytest.mark.parametrize(
    ("history", "end", "outcome"),
    [
        (RUNNING, gone(None), ended("m1", "interrupted", VANISHED)),
        (RUNNING, gone(1, "hello\nfatal: no key\n\n"), ended("m1", "error", STATUS)),
        (RUNNING, gone(0), ended("m1", "error", "claude ended with status 0 before the turn was over.")),
        (RUNNING, gone(-9), ended("m1", "error", "claude was ended by signal 9 before the turn was over.")),
        ([*RUNNING, STOPPED], gone(-15), ended("m1", "interrupted")),
        ([*RUNNING, STOPPED], gone(None), ended("m1", "interrupted")),
    ],
)
def test_a_turn_whose_host_ends_without_a_word_is_ended(
    history: list[e.Event], end: e.HostEnded, outcome: e.TurnEnded
) -> None:
    assert given(history, report(end)) == [end, outcome]
    asked_for = outcome.error is None
    after = started("m2") if asked_for else e.QueueHeld(turn="tm1")
    assert given([*history, queued("m2")], report(end)) == [end, outcome, after]


def test_the_agents_own_account_of_the_end_counts() -> None:
    for facts in ([ended("m1", "error"), gone(1)], [gone(1), ended("m1", "error")]):
        assert given([*RUNNING, queued("m2")], report(*facts)) == [*facts, e.QueueHeld(turn="tm1")]


def test_a_turn_waits_for_a_new_host_when_one_from_an_earlier_turn_ends() -> None:
    """It was idle or had another agent, and never had the prompt: the user need not send it again."""
    history = [*RUNNING, ended("m1"), started("m2")]

    assert given(history, report(gone(0))) == [gone(0)]
    assert given([*history, gone(0)], request()) == [hosted("h2")]
    assert given([*history, replace(STOPPED, turn="tm2")], report(gone(0))) == [
        gone(0),
        ended("m2", "interrupted"),
    ]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([CREATED], "Refused"),
        ([*BUSY, ended("m1")], "Refused"),
        (BUSY, [hosted("h2")]),
        (RUNNING, "Refused"),
        ([*RUNNING, gone()], [hosted("h2")]),
        ([*RUNNING, SESSION, gone()], [hosted("h2", "s1")]),
        ([*RUNNING, SESSION, replace(SESSION, session="s2"), gone()], [hosted("h2", "s2")]),
        ([*RUNNING, gone(), SESSION], [hosted("h2")]),
        ([*RUNNING, replace(SESSION, host="h9"), gone()], [hosted("h2")]),
    ],
)
def test_hosts_are_requested_one_at_a_time_and_go_on_with_the_newest_session(
    history: list[e.Event], expected: object
) -> None:
    assert given(history, request()) == expected


def test_each_agent_has_its_own_session() -> None:
    other = replace(started("m2"), agent="codex")
    history = [*RUNNING, SESSION, ended("m1"), gone(0), other]

    assert given(history, request()) == [replace(hosted("h2"), agent="codex")]


def test_a_turn_runs_where_and_as_it_was_started_whatever_was_configured_since() -> None:
    changed = e.ConversationConfigured(agent="codex", model="o9", mode="bypass")

    assert given([*BUSY, changed], request()) == [hosted("h2")]


def decision(**fields: object) -> c.DecideApproval:
    return c.DecideApproval(conversation=ID, approval="a1", decision="allow_once", **fields)  # type: ignore[arg-type]


def test_an_approval_is_decided_once() -> None:
    decided = e.ApprovalDecided(approval="a1", decision="allow_once")

    assert given([*RUNNING, asked("a1")], decision()) == [decided]
    assert given([*RUNNING, asked("a1"), decided], decision()) == "Refused"
    assert given([*RUNNING, asked("a1"), withdrawn("a1", "x")], decision()) == "Refused"
    assert given(RUNNING, decision()) == "Refused"


def test_a_decision_carries_the_message_the_option_and_the_changed_arguments() -> None:
    fields = {"message": "careful", "option": "y", "input": Body('{"x":1}', "application/json")}

    assert given([*RUNNING, asked("a1")], decision(**fields)) == [
        e.ApprovalDecided(approval="a1", decision="allow_once", **fields)  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("option", ["n", "unknown"])
def test_an_option_is_one_that_the_agent_offered_for_this_decision(option: str) -> None:
    with pytest.raises(Invalid, match="option"):
        approval.decide(decision(option=option), after(*RUNNING, asked("a1")).approvals)


def test_undecided_requests_have_an_end() -> None:
    many = [asked(f"p{number}") for number in range(approval.LIMIT)]
    reason = f"{approval.LIMIT} requests were undecided already"

    assert given([*RUNNING, *many[:-1]], report(asked("a1"))) == [asked("a1")]
    assert given([*RUNNING, *many], report(asked("a1"))) == [asked("a1"), withdrawn("a1", reason)]


def test_messages_sent_while_a_turn_waits_for_a_host_wait_too() -> None:
    assert given([*RUNNING, ended("m1"), started("m2"), gone(0)], send("m3")) == [queued("m3")]


def test_a_lost_session_leaves_the_turn_open_for_a_host_that_begins_anew() -> None:
    lost = e.SessionLost(host="h1", session="s1")
    history = [*RUNNING, SESSION, gone(0), hosted("h2")]
    facts = [e.HostEnded(host="h2", code=1), e.SessionLost(host="h2", session="s1")]

    assert given(history, report(*facts, host="h2")) == facts
    assert after(*history, *facts).turn is not None
    assert after(*RUNNING, SESSION, lost).sessions == {}


@pytest.mark.parametrize(
    ("chosen", "begun", "told", "becomes"),
    [
        ("ask", "ask", "accept_edits", "accept_edits"),
        ("plan", "plan", "ask", "ask"),
        ("ask", "ask", "ask", None),
        ("accept_edits", "ask", "plan", "plan"),
        ("ask", "ask", "bypass", None),
        ("bypass", "ask", "plan", None),
        ("bypass", "bypass", "plan", "plan"),
        ("plan", "bypass", "bypass", "bypass"),
    ],
)
def test_the_mode_is_the_one_that_the_agent_works_in(
    chosen: Mode, begun: Mode, told: Mode, becomes: Mode | None
) -> None:
    """But no agent gets by that into the mode that asks nothing, or keeps the user from choosing it."""
    turn = replace(started("m1"), mode=begun)
    history = [replace(CREATED, mode=chosen), turn, hosted()]
    expected = [e.ConversationConfigured(mode=becomes)] if becomes else []

    assert given(history, report(e.ConversationConfigured(mode=told))) == expected


def test_an_agent_changes_nothing_but_its_mode() -> None:
    fact = e.ConversationConfigured(agent="other", model="dear", mode="ask")

    assert given(RUNNING, report(fact)) == [e.ConversationConfigured(mode="ask")]
    assert given(RUNNING, report(e.ConversationConfigured(model="dear"))) == []
    assert given([*RUNNING, e.ConversationDeleted()], report(fact)) == []
