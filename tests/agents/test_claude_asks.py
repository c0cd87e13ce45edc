"""Permission requests of Claude Code: what is offered, and what the answer says."""

import json
from typing import Any

import pytest

from agentguid.agents import claude_asks
from agentguid.agents.base import Answer, Fact, Write
from agentguid.protocol.events import (
    ApprovalWithdrawn,
    ItemAdded,
    ToolStarted,
    TurnEnded,
)
from agentguid.protocol.items import Choice, Question, Reply
from tests.agents.byhand import Session, launched, result, tool, written

SUGGESTIONS: list[dict[str, Any]] = [
    {
        "type": "addRules",
        "rules": [{"toolName": "Bash", "ruleContent": "ls"}, {"toolName": "Read"}],
        "behavior": "allow",
        "destination": "localSettings",
    },
    {"type": "addDirectories", "directories": ["/work/demo"], "destination": "session"},
    {"type": "setMode", "mode": "acceptEdits", "destination": "session"},
]


def respond(session: Session, **answer: Any) -> dict[str, Any]:
    given = {
        "approval": "h-20",
        "decision": "allow_once",
        "message": None,
        "option": None,
        "input": None,
        **answer,
    }
    [(id_, line)] = written(session.adapter.answer(Answer(**given)))
    assert id_ == "answer:h-20"
    assert line["response"]["request_id"] == "r1"
    response = line["response"]["response"]
    assert isinstance(response, dict)
    return response


def test_a_request_says_what_yes_would_allow_from_now_on() -> None:
    asked = Session().begin().ask(permission_suggestions=SUGGESTIONS)

    assert [(option.id, option.kind) for option in asked.options] == [
        ("allow", "allow_once"),
        ("always", "allow_always"),
        ("reject", "reject_once"),
    ]
    assert asked.options[1].name == (
        "Yes, and from now on allow Bash(ls), Read in this folder; use /work/demo for this session; "
        "accept all edits for this session"
    )


def test_a_request_names_its_call_and_reason() -> None:
    session = Session().begin()
    [started] = session.out(tool("c1"))
    asked = session.ask(tool_use_id="c1", decision_reason="It writes")

    assert isinstance(started, ToolStarted)
    assert (asked.item, asked.reason, asked.turn) == (started.item, "It writes", "t1")
    assert not session.adapter.idle


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        ({}, {"behavior": "allow", "updatedInput": {"command": "ls"}}),
        ({"input": b'{"command":"pwd"}'}, {"behavior": "allow", "updatedInput": {"command": "pwd"}}),
        (
            {"decision": "allow_always"},
            {"behavior": "allow", "updatedInput": {"command": "ls"}, "updatedPermissions": SUGGESTIONS},
        ),
        (
            {"decision": "reject_once", "message": "Not today"},
            {"behavior": "deny", "message": "Not today", "interrupt": False},
        ),
    ],
)
def test_an_answer_is_what_was_decided(answer: dict[str, Any], response: dict[str, Any]) -> None:
    session = Session().begin()
    session.ask(permission_suggestions=SUGGESTIONS)

    assert respond(session, **answer) == response


@pytest.mark.parametrize("given", [b"[1]", b"{", b"", b"\xff"])
def test_arguments_that_are_no_object_run_nothing(given: bytes) -> None:
    """Neither as they are, nor as they were before the user changed them."""
    session = Session().begin()
    session.ask()

    assert respond(session, input=given)["behavior"] == "deny"


def test_a_request_is_answered_once() -> None:
    """Until the answer is on the tape it is given again (the host refuses a second copy); then no more."""
    session = Session().begin()
    session.ask()
    assert respond(session) == respond(session)

    session.feed("in", b"{}", id="answer:h-20")
    assert session.adapter.answer(Answer("h-20", "allow_once", None, None, None)) == []
    assert session.adapter.idle


def test_a_request_that_is_taken_back_is_withdrawn() -> None:
    session = Session().begin()
    session.ask()
    facts = session.out({"type": "control_cancel_request", "request_id": "r1"})

    assert facts == [ApprovalWithdrawn(approval="h-20", reason="The agent took the request back.")]
    assert session.adapter.answer(Answer("h-20", "allow_once", None, None, None)) == []


def test_an_unknown_request_is_refused_and_shown() -> None:
    """The agent does not wait for ever, and the user sees what it wanted."""
    session = Session().begin()
    line = {"type": "control_request", "request_id": "r9", "request": {"subtype": "sing"}}
    write, fact = session.feed("out", json.dumps(line).encode())

    assert isinstance(write, Write)
    assert write.id == f"auto:{session.offset}"
    assert json.loads(write.data)["response"]["subtype"] == "error"
    assert isinstance(fact, Fact)
    assert isinstance(fact.event, ItemAdded)
    assert fact.event.kind == "unknown"


@pytest.mark.parametrize("named_by", [{"tool_use_id": "c2"}, {"agent_id": "a1"}])
def test_a_request_from_the_background_outlives_the_turn(named_by: dict[str, str]) -> None:
    """It is of no turn; the turn's own requests are withdrawn with it, and Claude takes this one back itself."""
    session = Session().begin()
    session.out(*launched("c1", "a1"), tool("c2", parent_tool_use_id="c1"))
    background, own = session.ask("r1", **named_by), session.ask("r2")
    assert (background.turn, own.turn) == (None, "t1")

    withdrawn, ended = session.out(result())
    assert withdrawn == ApprovalWithdrawn(approval=own.approval, reason="The turn ended.")
    assert isinstance(ended, TurnEnded)
    assert not session.adapter.idle
    [write] = session.adapter.answer(Answer(background.approval, "allow_once", None, None, None))
    assert json.loads(write.data)["response"]["request_id"] == "r1"

    session.feed("in", b"{}", id=write.id)
    assert session.adapter.idle


def test_a_request_between_turns_outlives_the_next_one() -> None:
    session = Session()
    asked = session.ask()

    [ended] = session.begin().out(result())
    assert isinstance(ended, TurnEnded)
    assert asked.turn is None
    assert respond_to(session, asked.approval)


def test_an_exit_withdraws_every_request() -> None:
    session = Session().begin()
    session.out(*launched("c1", "a1"))
    asked = {session.ask("r1", agent_id="a1").approval, session.ask("r2").approval}
    facts = session.exit(0)

    assert {fact.approval for fact in facts if isinstance(fact, ApprovalWithdrawn)} == asked
    assert session.adapter.idle


def test_a_request_too_many_is_refused_to_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not wait for an answer that nobody can give."""
    monkeypatch.setattr(claude_asks, "OPEN", 1)
    session = Session().begin()
    asked = session.ask("r1")
    line = {"type": "control_request", "request_id": "r2", "request": {"subtype": "can_use_tool"}}
    write, fact = session.feed("out", json.dumps(line).encode())

    assert isinstance(write, Write)
    assert write.id == f"auto:{session.offset}"
    response = json.loads(write.data)["response"]
    assert (response["request_id"], response["response"]["behavior"]) == ("r2", "deny")
    assert isinstance(fact, Fact)
    assert isinstance(fact.event, ItemAdded)
    assert "requests at once" in fact.event.body.text
    assert respond_to(session, asked.approval)


COLOUR = {
    "question": "Which colour?",
    "header": "Colour",
    "multiSelect": False,
    "options": [
        {"label": "Red", "description": "Red"},
        {"label": "Blue", "description": "cold", "preview": "~~~"},
    ],
}
ROOMS = {
    "question": "Which rooms?",
    "multiSelect": True,
    "options": [{"label": "Hall, large"}, {"label": 'The "den"'}, {"label": "Attic"}],
}


def questions(*given: Any) -> Session:
    session = Session().begin()
    session.ask(tool_name="AskUserQuestion", input={"questions": [*given]})
    return session


def test_questions_are_asked_as_what_they_are() -> None:
    asked = Session().begin().ask(tool_name="AskUserQuestion", input={"questions": [COLOUR, ROOMS]})

    assert [(one.id, one.kind, one.name) for one in asked.options] == [
        ("answer", "allow_once", "Send"),
        ("reject", "reject_once", "Don't answer"),
    ]
    assert asked.questions == [
        Question(
            "Which colour?",
            "Which colour?",
            "Colour",
            choices=[Choice("Red"), Choice("Blue", "cold", "~~~")],
            free=True,
            required=True,
        ),
        Question(
            "Which rooms?",
            "Which rooms?",
            choices=[Choice("Hall, large"), Choice('The "den"'), Choice("Attic")],
            many=True,
            free=True,
        ),
    ]


def test_a_question_may_want_words_or_a_number() -> None:
    words = {"question": "Name it", "kind": "text", "placeholder": "short"}
    number = {
        "question": "How wide?",
        "kind": "number",
        "min": 1,
        "max": 9,
        "step": 2,
        "defaultValue": 3,
        "unit": "cm",
    }
    asked = Session().begin().ask(tool_name="AskUserQuestion", input={"questions": [words, number]})

    assert asked.questions == [
        Question("Name it", "Name it", kind="text", hint="short"),
        Question("How wide?", "How wide?", kind="number", low=1, high=9, step=2, unit="cm", preset="3"),
    ]


@pytest.mark.parametrize(
    "given",
    [
        [],
        [{}],
        [{"question": " ", "options": []}],
        ["text"],
        [COLOUR, COLOUR],
        [{**COLOUR, "options": [{"label": "Red"}, {"label": "Red"}]}],
        [{**COLOUR, "options": [{"description": "no label"}]}],
        [{**COLOUR, "question": f"{number}"} for number in range(21)],
        [{**COLOUR, "options": [{"label": f"{number}"} for number in range(51)]}],
        [{**COLOUR, "question": "x" * 40_000}],
        "text",
        None,
    ],
)
def test_what_makes_no_form_is_asked_as_any_tool(given: Any) -> None:
    asked = Session().begin().ask(tool_name="AskUserQuestion", input={"questions": given})

    assert asked.questions == []
    assert [one.name for one in asked.options] == ["Yes", "No"]


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ({"Which colour?": Reply(["Blue"])}, {"Which colour?": "Blue"}),
        ({"Which colour?": Reply(words='a, "b"')}, {"Which colour?": 'a, "b"'}),
        ({"Which rooms?": Reply(["Attic"])}, {"Which rooms?": "Attic"}),
        (
            {"Which rooms?": Reply(["Hall, large", 'The "den"', "Attic"], "and the yard")},
            {"Which rooms?": '"Hall, large", "The \\"den\\"", Attic, and the yard'},
        ),
    ],
)
def test_the_answers_are_added_to_what_was_asked(replies: dict[str, Reply], said: dict[str, str]) -> None:
    """Of many, joined as the genuine program does it: it is what takes them apart again."""
    response = respond(questions(COLOUR, ROOMS), answers=replies)

    assert response == {"behavior": "allow", "updatedInput": {"questions": [COLOUR, ROOMS], "answers": said}}


def test_a_question_that_is_not_answered_is_refused_in_words() -> None:
    assert respond(questions(COLOUR), decision="reject_once")["message"].startswith(
        "The user does not want to answer"
    )


@pytest.mark.parametrize(
    ("answer", "mode"),
    [
        ({"option": "accept_edits"}, "acceptEdits"),
        ({"option": "ask"}, "default"),
        ({}, "default"),
        ({"decision": "allow_always"}, "acceptEdits"),
    ],
)
def test_a_plan_is_accepted_together_with_a_mode(answer: dict[str, Any], mode: str) -> None:
    session = Session().begin()
    asked = session.ask(tool_name="ExitPlanMode", input={"plan": "# Do it"})

    assert [(one.id, one.name) for one in asked.options] == [
        ("accept_edits", "Yes, and accept edits"),
        ("ask", "Yes, and ask each time"),
        ("reject", "No, keep planning"),
    ]
    assert respond(session, **answer) == {
        "behavior": "allow",
        "updatedInput": {"plan": "# Do it"},
        "updatedPermissions": [{"type": "setMode", "mode": mode, "destination": "session"}],
    }


def test_a_plan_that_is_refused_says_to_go_on_planning() -> None:
    session = Session().begin()
    session.ask(tool_name="ExitPlanMode", input={"plan": "# Do it"})

    assert "keep planning" in respond(session, decision="reject_once")["message"]


def respond_to(session: Session, approval: str) -> list[Write]:
    return list(session.adapter.answer(Answer(approval, "allow_once", None, None, None)))
