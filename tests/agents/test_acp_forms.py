"""Forms of ACP agents: what is asked out of a schema, and the content that goes back."""

import json
from typing import Any

import pytest

from agentguid.agents.base import Answer
from agentguid.protocol.events import ApprovalRequested, ApprovalWithdrawn
from agentguid.protocol.items import Choice, Question, Reply
from tests.agents.acp_byhand import Session

PROPERTIES: dict[str, dict[str, Any]] = {
    "store": {"type": "string", "title": "Which store?", "description": "It stays", "oneOf": [{"const": "sq", "title": "SQLite", "description": "one file"}, {"const": "pg", "title": "Postgres"}]},
    "colour": {"type": "string", "enum": ["red", "blue"]},
    "kept": {"type": "array", "description": "What is kept?", "items": {"anyOf": [{"const": "s", "title": "Sessions"}, {"const": "c", "title": "Carts"}]}},
    "sure": {"type": "boolean", "title": "Sure?"},
    "name": {"type": "string", "title": "Name", "default": "demo"},
    "count": {"type": "integer", "title": "Count", "minimum": 1, "maximum": 9, "default": 3},
    "share": {"type": "number", "title": "Share"},
}  # fmt: skip


def ask(session: Session, properties: Any = None, identity: Any = 0, **more: Any) -> list[Any]:
    schema = {
        "type": "object",
        "properties": PROPERTIES if properties is None else properties,
        "required": ["store"],
    }
    params = {
        "sessionId": "s",
        "mode": "form",
        "message": "Before I begin",
        "requestedSchema": schema,
        **more,
    }
    return session.out({"id": identity, "method": "elicitation/create", "params": params})


def begun() -> Session:
    session = Session().begin()
    session.prompt()
    return session


def test_we_say_that_we_can_show_forms_and_open_no_addresses() -> None:
    session = Session()
    session.write(session.adapter.start())

    assert session.written[0]["params"]["clientCapabilities"]["elicitation"] == {"form": {}}


def test_a_form_is_questions() -> None:
    [asked] = ask(begun())

    assert isinstance(asked, ApprovalRequested)
    assert (asked.tool, asked.reason, asked.turn) == ("question", "Before I begin", "t1")
    assert [option.name for option in asked.options] == ["Send", "Don't answer"]
    assert asked.questions == [
        Question("store", "Which store?", choices=[Choice("SQLite", "one file"), Choice("Postgres")], required=True, hint="It stays"),
        Question("colour", "colour", choices=[Choice("red"), Choice("blue")]),
        Question("kept", "What is kept?", choices=[Choice("Sessions"), Choice("Carts")], many=True),
        Question("sure", "Sure?", choices=[Choice("Yes"), Choice("No")]),
        Question("name", "Name", kind="text", preset="demo"),
        Question("count", "Count", kind="number", low=1, high=9, step=1, preset="3"),
        Question("share", "Share", kind="number"),
    ]  # fmt: skip


def test_what_is_answered_goes_back_in_the_types_of_the_schema() -> None:
    session = begun()
    [asked] = ask(session)
    answers = {
        "store": Reply(["Postgres"]),
        "colour": Reply(["blue"]),
        "kept": Reply(["Carts", "Sessions"]),
        "sure": Reply(["No"]),
        "name": Reply(words="Ada"),
        "count": Reply(words="4"),
        "share": Reply(words="0.5"),
    }
    [name] = session.write(
        session.adapter.answer(Answer(asked.approval, "allow_once", None, "accept", None, answers))
    )

    assert name == f"answer:{asked.approval}"
    assert session.written[-1] == {
        "jsonrpc": "2.0",
        "id": 0,
        "result": {
            "action": "accept",
            "content": {"store": "pg", "colour": "blue", "kept": ["c", "s"], "sure": False, "name": "Ada", "count": 4, "share": 0.5},
        },
    }  # fmt: skip
    assert session.adapter.idle


def test_what_is_left_open_is_left_out() -> None:
    session = begun()
    [asked] = ask(session)
    session.write(
        session.adapter.answer(
            Answer(asked.approval, "allow_once", None, None, None, {"store": Reply(["SQLite"])})
        )
    )

    assert session.written[-1]["result"] == {"action": "accept", "content": {"store": "sq"}}


def test_who_does_not_answer_declines() -> None:
    session = begun()
    [asked] = ask(session)
    session.write(session.adapter.answer(Answer(asked.approval, "reject_once", "no", "decline", None)))

    assert session.written[-1]["result"] == {"action": "decline"}


def test_a_stop_takes_a_form_back() -> None:
    session = begun()
    [asked] = ask(session)
    session.write(session.adapter.stop("t1"))

    assert session.written[-1]["result"] == {"action": "cancel"}
    assert session.adapter.answer(Answer(asked.approval, "allow_once", None, None, None, {})) == []


def test_a_form_that_the_agent_takes_back_is_withdrawn() -> None:
    session = begun()
    [asked] = ask(session, identity=7)
    facts = session.out({"method": "$/cancel_request", "params": {"requestId": 7}})

    assert facts == [ApprovalWithdrawn(approval=asked.approval, reason="The agent took the request back.")]


@pytest.mark.parametrize("mode", ["accept_edits", "bypass"])
def test_a_form_is_asked_in_every_mode(mode: Any) -> None:
    session = Session().begin()
    session.prompt(mode=mode)

    assert isinstance(ask(session)[0], ApprovalRequested)


@pytest.mark.parametrize(
    ("properties", "more"),
    [
        ({}, {}),
        ({"x": {"type": "object"}}, {}),
        ({"x": {"type": "string", "enum": ["a", "a"]}}, {}),
        ({"x": {"type": "array", "items": {"type": "string"}}}, {}),
        ({"x": {"type": "string", "enum": [f"{number}" for number in range(51)]}}, {}),
        ({f"{number}": {"type": "string"} for number in range(21)}, {}),
        ({"x": {"type": "string", "title": "x" * 40_000}}, {}),
        ("nonsense", {}),
        (None, {"mode": "url", "url": "https://example.org"}),
        (None, {"requestedSchema": None}),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_whole_is_answered_at_once_and_told(
    properties: Any, more: dict[str, Any]
) -> None:
    session = begun()
    facts = ask(session, properties, **more)

    assert session.written[-1]["result"] == {"action": "cancel"}
    assert [fact.kind for fact in facts] == ["unknown"]
    assert session.adapter.idle
    assert json.dumps(session.written[-1])
