"""The handshake and the ends of ACP turns, fed by hand."""

from typing import Any

import pytest

from agentguid.agents.base import Fact
from agentguid.agents.jsonl import MENDED
from agentguid.protocol.events import (
    ItemAdded,
    SessionIdentified,
    TurnEnded,
)
from tests.agents.acp_byhand import Session


# -- the handshake ----------------------------------------------------------------------------------------------------
def test_nothing_is_offered_that_is_not_served() -> None:
    session = Session()
    session.write(session.adapter.start())
    assert session.written[0]["params"]["clientCapabilities"] == {
        "fs": {"readTextFile": False, "writeTextFile": False},
        "terminal": False,
        "elicitation": {"form": {}},
    }
    assert session.adapter.start() == []


@pytest.mark.parametrize(
    ("can", "method"),
    [
        ({"loadSession": True, "sessionCapabilities": {"resume": {}}}, "session/resume"),
        ({"loadSession": True}, "session/load"),
        ({}, "session/new"),
    ],
)
def test_an_earlier_session_is_taken_up_as_the_agent_can(can: dict[str, Any], method: str) -> None:
    session = Session(resume="before").begin(can=can)
    assert session.written[1]["method"] == method


@pytest.mark.parametrize(
    "can", [{"loadSession": True}, {"sessionCapabilities": {"resume": {}}}], ids=["load", "resume"]
)
def test_what_is_told_again_is_left_out_until_the_next_prompt(can: dict[str, Any]) -> None:
    """Also what comes after its answer: Gemini answers first. fast-agent tells it though it was only to resume."""
    session = Session(resume="s")
    session.write(session.adapter.start())
    session.answer(result={"protocolVersion": 1, "agentCapabilities": can})
    session.write(session.adapter.start())
    assert session.say("old") == session.update("tool_call", toolCallId="c", status="completed") == []
    [identified] = session.answer(result=None)
    assert isinstance(identified, SessionIdentified)
    assert identified.session == "s"
    assert session.say("old too") == []

    session.work()
    session.say("new")
    assert [
        fact.body.text
        for fact in session.answer(result={"stopReason": "end_turn"})
        if isinstance(fact, ItemAdded)
    ] == ["new"]


# -- ends -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"code": 401, "message": '{"error":{"message":"bad key"}}'}, "X is not signed in, or its key was refused (bad key)"),
        ({"code": -32603, "message": "Internal error", "data": {"details": "401 bad"}}, "X is not signed in, or its key was refused (401 bad)"),
        ({"code": -32603, "message": "Internal error: slow down", "data": {"errorKind": "rate_limit"}}, "The limit of the account is reached (slow down)"),
        ({"code": -32603, "message": "Internal error: 529 Overloaded"}, "The model provider is overloaded (529 Overloaded)"),
        ({"code": -32603, "message": "Internal error: invalid x-api-key"}, "X is not signed in, or its key was refused (invalid x-api-key)"),
        ({"code": -32603, "message": "litellm.AuthenticationError at line 503"}, "X is not signed in, or its key was refused (litellm"),
        ({"code": -32603, "message": "503 no"}, "The model provider failed (503 no)"),
        ({"code": -32000, "message": "Authentication required"}, "X is not signed in (Authentication required). Sign in to it."),
        ({"code": "odd", "message": None, "data": [1]}, "X ended the turn with an error (error odd)"),
        ({}, "X ended the turn with an error (error 0)"),
        ("no object at all", "X ended the turn with an error"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(error: Any, words: str) -> None:
    session = Session().begin().work()
    [ended] = [fact for fact in session.answer(error=error) if isinstance(fact, TurnEnded)]

    assert ended.outcome == "error"
    assert ended.error is not None
    assert ended.error.startswith(words)
    assert session.adapter.turn is None


def test_an_answer_that_cannot_be_read_ends_its_turn_all_the_same() -> None:
    """No text, and longer than can be mended: it is shown, and the turn does not run for ever."""
    session = Session().begin().work()
    number = session.written[-1]["id"]
    line = b'{"id":%d,"result":{"stopReason":"end_turn","x":"\xff%s"}}' % (number, b"x" * MENDED)
    facts = [output.event for output in session.feed("out", line) if isinstance(output, Fact)]

    assert [type(fact) for fact in facts] == [TurnEnded, ItemAdded]
    assert isinstance(facts[0], TurnEnded)
    assert facts[0].outcome == "error"
    assert "its answer is not valid UTF-8" in str(facts[0].error)


def test_an_answer_may_name_our_id_as_text() -> None:
    session = Session().begin().work()
    number = session.written[-1]["id"]
    facts = session.out({"id": str(number), "result": {"stopReason": "end_turn"}})
    assert isinstance(facts[-1], TurnEnded)


def test_answers_may_come_in_another_order_and_twice() -> None:
    session = Session().begin().work()
    number = session.written[-1]["id"]
    [unknown] = session.out({"id": 99, "result": {}})
    assert isinstance(unknown, ItemAdded)
    session.out({"id": number, "result": {"stopReason": "end_turn"}})
    [again] = session.out({"id": number, "result": {"stopReason": "end_turn"}})
    assert isinstance(again, ItemAdded)
    assert again.kind == "unknown"


def test_the_cost_of_a_turn_is_what_came_on_top() -> None:
    session = Session().begin().work()
    session.update("usage_update", used=5, size=9, cost={"amount": 1.5, "currency": "USD"})
    first = session.end(usage={"inputTokens": 3, "outputTokens": 2, "cachedReadTokens": 1})
    session.prompt("t2")
    session.update("usage_update", used=7, size=9, cost={"amount": 2.0, "currency": "USD"})
    second = session.end()

    assert (first.cost, second.cost) == (1.5, 0.5)
    assert first.usage is not None
    assert (first.usage.input_tokens, first.usage.context_used, first.usage.context_window) == (3, 5, 9)


def test_the_cost_of_a_session_that_was_taken_up_is_not_that_of_its_next_turn() -> None:
    session = Session(resume="s").begin(can={"sessionCapabilities": {"resume": {}}}).work()
    session.update("usage_update", used=5, size=9, cost={"amount": 100, "currency": "USD"})

    assert session.end().cost is None


def test_a_program_that_ends_at_once_is_quoted() -> None:
    """Kimi's old command says on stdout where the new one is."""
    session = Session()
    session.write(session.adapter.start())
    session.feed("out", b"no longer maintained, use the new one")
    session.feed("exit", code=0)

    assert session.adapter.farewell(0).startswith(
        "X ended with exit status 0: no longer maintained, use the new one"
    )
