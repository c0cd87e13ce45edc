"""What Codex wants to be told: its own questions, and what the servers of its tools ask."""

import json
from typing import Any

import pytest

from agentguid.decide.answers import checked
from agentguid.protocol.events import ApprovalRequested, ItemAdded
from agentguid.protocol.items import Choice, Decision, Mode, Question, Reply
from tests.agents.codex_byhand import Codex
from tests.conformance.kind import Object

COLOUR = {
    "id": "q1",
    "header": "H",
    "question": "Which?",
    "isOther": True,
    "options": [{"label": "A", "description": "a"}, {"label": "B", "description": "B"}],
}
NAME = {"id": "q2", "header": "", "question": "Its name?", "isOther": False, "isSecret": True, "options": None}  # fmt: skip


def questions(codex: Codex, *asked: Object, **more: Any) -> ApprovalRequested | None:
    return codex.request("item/tool/requestUserInput", 0, itemId="x", questions=list(asked), **more)


@pytest.mark.parametrize("mode", ["ask", "accept_edits", "bypass"])
def test_its_questions_are_a_form_in_every_mode(mode: Mode) -> None:
    asked = questions(Codex(mode), COLOUR, NAME)

    assert asked is not None
    assert (asked.tool, [option.name for option in asked.options]) == (
        "AskUserQuestion",
        ["Send", "Don't answer"],
    )
    assert asked.questions == [
        Question("q1", "Which?", "H", choices=[Choice("A", "a"), Choice("B")], free=True, required=True),
        Question(
            "q2", "Its name?", kind="text", hint="It asks for a secret. What you answer is kept in the log."
        ),
    ]
    assert [one["question"] for one in json.loads(asked.input.text)["questions"]] == ["Which?", "Its name?"]


@pytest.mark.parametrize(
    ("decision", "given", "result"),
    [
        ("allow_once", {"q1": Reply(["A"])}, {"q1": {"answers": ["A"]}, "q2": {"answers": []}}),
        ("allow_once", {"q1": Reply(words="Green"), "q2": Reply(words="Ada")}, {"q1": {"answers": ["Green"]}, "q2": {"answers": ["Ada"]}}),
        ("reject_once", {}, {}),
    ],
)  # fmt: skip
def test_what_is_answered_goes_back_by_the_ids_of_its_questions(
    decision: Decision, given: Any, result: Any
) -> None:
    codex = Codex()
    asked = questions(codex, COLOUR, NAME)
    assert asked is not None
    if given:
        assert checked(asked.questions, given)

    assert codex.answered(asked, decision, answers=given) == {"answers": result}
    assert codex.adapter.idle


@pytest.mark.parametrize(
    "asked",
    [
        [],
        [COLOUR, COLOUR],
        [{**COLOUR, "id": ""}],
        [{**COLOUR, "question": " "}],
        [{**COLOUR, "options": [{"label": "A"}, {"label": "A"}]}],
        [{**NAME, "id": f"{number}"} for number in range(21)],
        [{**NAME, "question": "x" * 40_000}],
    ],
)
def test_questions_that_cannot_be_shown_whole_are_declined_and_told(asked: list[Object]) -> None:
    codex = Codex("bypass")

    assert questions(codex, *asked) is None
    assert codex.written[-1] == {"id": 0, "result": {"answers": {}}}
    assert isinstance(codex.facts[-1], ItemAdded)
    assert (
        codex.facts[-1].body.text
        == "Codex asks something by a form that agentguid cannot show. It was declined."
    )


SERVER = {"serverName": "s", "mode": "form", "message": "Run it?", "requestedSchema": {"properties": {}}}
FIELDS = {
    "name": {"type": "string", "title": "Name"},
    "count": {"type": "integer"},
    "sure": {"type": "boolean"},
}


def elicit(codex: Codex, identity: Any = 1, /, **more: Any) -> ApprovalRequested | None:
    return codex.request("mcpServer/elicitation/request", identity, **{**SERVER, **more})


def test_a_tool_server_that_wants_no_words_gets_a_yes_or_a_no() -> None:
    codex = Codex()
    asked = elicit(codex, _meta={"persist": ["session"]})
    assert asked is not None
    assert not asked.questions
    assert [one.kind for one in asked.options] == ["allow_once", "allow_always", "reject_once"]
    assert codex.answered(asked, "allow_always") == {
        "action": "accept",
        "content": {},
        "_meta": {"persist": "session"},
    }
    assert elicit(Codex("bypass")) is None


@pytest.mark.parametrize("mode", ["ask", "bypass"])
def test_the_form_of_a_tool_server_is_questions(mode: Mode) -> None:
    codex = Codex(mode)
    asked = elicit(codex, requestedSchema={"properties": FIELDS, "required": ["name"]})
    assert asked is not None
    assert (asked.tool, asked.reason) == ("mcp__s", "Run it?")
    assert [(one.id, one.kind, one.required) for one in asked.questions] == [
        ("name", "text", True),
        ("count", "number", False),
        ("sure", "choice", False),
    ]

    answers = {"name": Reply(words="Ada"), "count": Reply(words="4")}
    accepted = {"action": "accept", "content": {"name": "Ada", "count": 4}, "_meta": None}
    assert codex.answered(asked, answers=answers) == accepted


@pytest.mark.parametrize(("stops", "action"), [(False, "decline"), (True, "cancel")])
def test_a_form_of_a_tool_server_that_is_not_filled_in_is_declined_and_a_stop_cancels_it(
    stops: bool, action: str
) -> None:
    codex = Codex()
    asked = elicit(codex, requestedSchema={"properties": FIELDS})
    assert asked is not None
    if stops:
        codex.tell("turn/started", turn={"id": "tu"})
        codex.write(codex.adapter.stop("t1"))
    else:
        codex.answered(asked, "reject_once")

    assert codex.written[-1]["result"] == {"action": action, "content": None, "_meta": None}


@pytest.mark.parametrize("mode", ["ask", "accept_edits", "bypass"])
def test_an_address_is_shown_in_every_mode(mode: Mode) -> None:
    """Nobody else could sign in there: a yes without having opened it means nothing."""
    codex = Codex(mode)
    asked = elicit(
        codex, mode="url", url="https://example.org/sign-in", elicitationId="e", requestedSchema=None
    )

    assert asked is not None
    assert json.loads(asked.input.text)["url"] == "https://example.org/sign-in"
    assert codex.answered(asked) == {"action": "accept", "content": None, "_meta": None}


@pytest.mark.parametrize(
    "more",
    [
        {"requestedSchema": {"properties": {"x": {"type": "object"}}}},
        {"mode": "openai/form", "requestedSchema": {"properties": FIELDS}},
        {"mode": "openai/userVerification", "challenge": "c"},
    ],
)
def test_what_a_tool_server_asks_and_cannot_be_shown_is_declined_and_told(more: Object) -> None:
    codex = Codex("bypass")

    assert elicit(codex, **more) is None
    assert codex.written[-1]["result"]["action"] == "decline"
    assert isinstance(codex.facts[-1], ItemAdded)
    assert "The tool server s asks something by a form" in codex.facts[-1].body.text
