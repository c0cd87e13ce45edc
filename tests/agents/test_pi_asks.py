"""What Pi asks, by our extension and by those of the user, and how it is answered; what its tools put out."""

from typing import Any

import pytest

from agentguid.agents.base import Answer, Line
from agentguid.protocol.events import ApprovalWithdrawn, ItemAdded, SessionIdentified
from agentguid.protocol.items import Reply
from tests.agents.pi_byhand import begun, dialog, working
from tests.conformance.kind import Object

CALL = '{"call":"c1","tool":"bash","input":{"command":"ls"},"always":"for exactly this command"}'


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"decision": "allow_once"}, '{"allow":true,"always":false}'),
        ({"decision": "allow_always"}, '{"allow":true,"always":true}'),
        ({"decision": "reject_once", "message": "Why?"}, '{"allow":false,"reason":"Why?"}'),
        (
            {"decision": "allow_once", "input": b'{"command":"pwd"}'},
            '{"allow":true,"always":false,"input":{"command":"pwd"}}',
        ),
    ],
)
def test_a_call_of_a_tool_runs_as_the_user_said(given: Any, verdict: str) -> None:
    worker = working()
    asked = dialog(worker, "input", title="agentguid", placeholder=CALL)
    assert asked is not None
    assert [option.name for option in asked.options] == [
        "Yes",
        "Yes, and from now on for exactly this command in this session",
        "No",
    ]
    worker.write(
        worker.adapter.answer(
            Answer(
                asked.approval,
                given["decision"],
                given.get("message"),
                None,
                given.get("input"),
            )
        )
    )

    assert worker.written[-1] == {"type": "extension_ui_response", "id": "d1", "value": verdict}


def test_arguments_that_are_no_object_are_not_run() -> None:
    worker = working()
    asked = dialog(worker, "input", title="agentguid", placeholder=CALL)
    assert asked is not None
    worker.write(worker.adapter.answer(Answer(asked.approval, "allow_once", None, None, b"[]")))

    assert worker.written[-1]["value"].startswith('{"allow":false')


def test_a_call_that_is_not_understood_is_not_run() -> None:
    worker = working()
    assert dialog(worker, "input", title="agentguid", placeholder="{") is None

    assert worker.written[-1] == {"type": "extension_ui_response", "id": "d1", "cancelled": True}


@pytest.mark.parametrize(
    ("method", "more", "reply", "said"),
    [
        ("select", {"title": "Which?", "options": ["a", "b"]}, Reply(chosen=["b"]), {"value": "b"}),
        ("input", {"title": "Name", "placeholder": "yours"}, Reply(words="Ada"), {"value": "Ada"}),
        ("editor", {"title": "Mend", "prefill": "x\ny"}, Reply(words="z"), {"value": "z"}),
    ],
)
def test_what_an_extension_of_the_users_likes_to_know_is_a_form(
    method: str, more: Object, reply: Reply, said: Object
) -> None:
    worker = working()
    asked = dialog(worker, method, **more)
    assert asked is not None
    [question] = asked.questions
    assert question.text == more["title"]
    given = Answer(asked.approval, "allow_once", None, None, None, {question.id: reply})
    worker.write(worker.adapter.answer(given))

    assert worker.written[-1] == {"type": "extension_ui_response", "id": "d1", **said}


@pytest.mark.parametrize("decision", ["allow_once", "reject_once"])
def test_a_confirmation_is_yes_or_no(decision: Any) -> None:
    worker = working()
    asked = dialog(worker, "confirm", title="Sure?", message="It cannot be undone.")
    assert asked is not None
    assert asked.reason == "It cannot be undone."
    worker.write(worker.adapter.answer(Answer(asked.approval, decision, None, None, None)))

    assert worker.written[-1]["confirmed"] == (decision == "allow_once")


@pytest.mark.parametrize("options", [[], ["a", "a"], [1], [str(n) for n in range(51)], "a"])
def test_a_choice_that_cannot_be_shown_is_dismissed(options: Any) -> None:
    worker = working()
    assert dialog(worker, "select", title="Which?", options=options) is None

    assert worker.written[-1]["cancelled"] is True


def test_a_stop_answers_what_it_waits_for() -> None:
    """An extension would wait for ever, and Pi for it."""
    worker = working()
    asked = dialog(worker, "confirm", title="Sure?", message="")
    assert asked is not None
    worker.write(worker.adapter.stop("t1"))

    assert [line["type"] for line in worker.written[-2:]] == ["abort", "extension_ui_response"]
    assert [fact.approval for fact in worker.facts if isinstance(fact, ApprovalWithdrawn)] == [asked.approval]


def test_words_of_extensions_are_notices_and_their_decoration_is_nothing() -> None:
    worker = working()
    before = len(worker.facts)
    for method in ("setStatus", "setWidget", "setTitle", "set_editor_text"):
        worker.out({"type": "extension_ui_request", "id": "d1", "method": method, "text": "x"})
    assert len(worker.facts) == before
    worker.out(
        {
            "type": "extension_ui_request",
            "id": "d1",
            "method": "notify",
            "message": "Careful",
            "notifyType": "warning",
        }
    )
    worker.out(
        {"type": "extension_error", "extensionPath": "/x/mine.ts", "event": "tool_call", "error": "boom"}
    )

    said = [(fact.level, fact.body.text) for fact in worker.facts[before:] if isinstance(fact, ItemAdded)]
    assert said == [
        ("warning", "Careful"),
        ("warning", "An extension of Pi failed (mine.ts, tool_call): boom"),
    ]


def test_an_agent_session_is_named_with_its_model() -> None:
    [named] = [fact for fact in begun("agentguid").facts if isinstance(fact, SessionIdentified)]

    assert (named.session, named.model) == ("s1", "p/big")


def test_a_picture_that_a_tool_shows_is_kept() -> None:
    """In the shape that pages show pictures of."""
    worker = working()
    worker.out({"type": "tool_execution_start", "toolCallId": "c", "toolName": "read", "args": {"path": "x"}})
    picture = {"type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png"}
    worker.out({"type": "tool_execution_end", "toolCallId": "c", "result": {"content": [picture]}})

    finished: Any = worker.facts[-1]
    assert (finished.output.type, "iVBORw0KGgo=" in finished.output.text) == ("application/json", True)


def test_a_tool_that_dies_with_pi_keeps_what_it_printed() -> None:
    worker = working()
    worker.out({"type": "tool_execution_start", "toolCallId": "c", "toolName": "bash", "args": {}})
    so_far = {"content": [{"type": "text", "text": "half"}]}
    worker.out({"type": "tool_execution_update", "toolCallId": "c", "partialResult": so_far})
    outputs = worker.adapter.feed(Line("exit", 10**6, b"", 0, code=-9))

    finished: Any = outputs[0]
    assert (finished.event.output.text, finished.event.incomplete) == ("half", True)
