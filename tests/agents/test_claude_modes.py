"""The mode that Claude Code works in: told by us, changed by itself; model and mode in the middle of a turn."""

import json
from typing import Any

import pytest

from agentguid.agents.base import Launch, Prompt, Write
from agentguid.agents.claude import ClaudeAdapter
from agentguid.protocol.events import ConversationConfigured, Event, ItemAdded
from agentguid.protocol.items import Body, Mode
from tests.agents.byhand import Session, launched, result


def mode_is(session: Session, theirs: str) -> list[Event]:
    return session.out({"type": "system", "subtype": "status", "status": None, "permissionMode": theirs})


def put(session: Session, writes: Any) -> list[dict[str, Any]]:
    """Puts what is to be written on the tape; the requests in it."""
    written: list[Write] = list(writes)
    for one in written:
        session.feed("in", one.data.rstrip(b"\n"), id=one.id)
    return [json.loads(one.data) for one in written]


def answer(session: Session, request: dict[str, Any], **response: Any) -> list[Event]:
    said = {"subtype": "success", "request_id": request["request_id"], **response}
    return session.out({"type": "control_response", "response": said})


def test_a_mode_that_it_changes_itself_is_a_fact() -> None:
    session = Session().begin()

    assert mode_is(session, "plan") == [ConversationConfigured(mode="plan")]
    assert mode_is(session, "plan") == []
    assert mode_is(session, "default") == [ConversationConfigured(mode="ask")]


@pytest.mark.parametrize("theirs", ["auto", "dontAsk", "something"])
def test_a_mode_of_its_own_is_told_and_the_users_set_back_once_in_a_turn(theirs: str) -> None:
    session = Session().begin()
    adapter = session.adapter
    [told] = mode_is(session, theirs)
    assert isinstance(told, ItemAdded)
    assert (told.kind, told.level, told.turn) == ("notice", "warning", "t1")
    assert f"a mode of its own, {theirs}," in told.body.text
    assert told.body.text.endswith("The mode of this conversation is set anew.")
    assert mode_is(session, theirs) == []
    [back] = put(session, adapter.adjust(None, "ask"))
    assert back["request"] == {"subtype": "set_permission_mode", "mode": "default"}
    answer(session, back)

    for number in range(2):
        [once_more] = mode_is(session, theirs)
        assert isinstance(once_more, ItemAdded)
        assert once_more.body.text.endswith(
            "is not set again in this turn: stop the turn if you are not sure."
        )
        assert mode_is(session, theirs) == []
        assert adapter.adjust(None, "ask") == []
        assert number or mode_is(session, "default") == [ConversationConfigured(mode="ask")]
    session.out(result())
    session.begin("t2")
    [again] = put(session, adapter.adjust(None, "ask"))
    assert again["request_id"] != back["request_id"]
    answer(session, again)
    assert mode_is(session, "default") == []
    assert len(mode_is(session, theirs)) == 1


def test_a_mode_of_its_own_that_it_would_not_leave_is_set_with_the_next_prompt() -> None:
    session = Session().begin()
    mode_is(session, "auto")
    [back] = put(session, session.adapter.adjust(None, "ask"))
    answer(session, back, subtype="error", error="no")
    assert session.adapter.adjust(None, "ask") == []
    session.out(result())

    [request] = put(session, session.adapter.prompt(Prompt("t2", Body("Hi"), None, "ask")))
    assert request["request"] == {"subtype": "set_permission_mode", "mode": "default"}
    answer(session, request)
    mode_is(session, "default")
    session.begin("t2")
    mode_is(session, "auto")
    assert len(session.adapter.adjust(None, "ask")) == 1


@pytest.mark.parametrize("theirs", ["default", "auto"])
def test_a_prompt_whose_mode_is_not_kept_is_tried_twice_and_then_refused(theirs: str) -> None:
    """What it says after its yes may be older than that, or it goes its own way: the prompt does not wait for ever."""
    session, prompt = Session(), Prompt("t1", Body("Hi"), None, "plan")
    ids = set()
    for _ in range(2):
        [request] = put(session, session.adapter.prompt(prompt))
        ids.add(request["request_id"])
        assert session.adapter.refuses(prompt) == ""
        answer(session, request)
        assert [one.id for one in session.adapter.prompt(prompt)] == ["prompt:t1"]
        mode_is(session, theirs)

    assert len(ids) == 2
    for adapter in (session.adapter, ClaudeAdapter("h", session.launch, session.adapter.carry())):
        assert adapter.prompt(prompt) == []
        assert adapter.refuses(prompt) == (
            f"Claude Code would not stay in its mode plan: it is in {theirs} again. "
            "Choose another permission mode or another agent, then send the message again."
        )
        assert adapter.refuses(Prompt("t2", Body("Hi"), None, "plan")) == ""
        assert len(adapter.prompt(Prompt("t2", Body("Hi"), None, "plan"))) == 1


def test_a_prompt_whose_mode_it_takes_on_at_the_second_time_is_written() -> None:
    session, prompt = Session(), Prompt("t1", Body("Hi"), None, "plan")
    [request] = put(session, session.adapter.prompt(prompt))
    answer(session, request)
    assert mode_is(session, "default") == []
    [again] = session.adapter.prompt(prompt)
    assert again.id == "start:mode-t1-again"
    [request] = put(session, [again])
    answer(session, request)

    assert session.adapter.refuses(prompt) == ""
    put(session, session.adapter.prompt(prompt))
    assert session.adapter.turn == "t1"
    assert mode_is(session, "plan") == []
    assert mode_is(session, "default") == [ConversationConfigured(mode="ask")]


def test_no_way_leads_from_a_mode_of_its_own_into_a_bypass_that_needs_another_process() -> None:
    session = Session().begin()
    mode_is(session, "auto")

    assert session.adapter.adjust(None, "bypass") == []


def test_what_the_user_chooses_during_a_turn_is_said_at_once_and_one_at_a_time() -> None:
    session = Session().begin()
    adapter = session.adapter
    [first] = put(session, adapter.adjust("small", "accept_edits"))
    assert first["request"] == {"subtype": "set_permission_mode", "mode": "acceptEdits"}
    assert adapter.adjust("small", "accept_edits") == []
    answer(session, first)
    [second] = put(session, adapter.adjust("small", "accept_edits"))
    assert second["request"] == {"subtype": "set_model", "model": "small"}
    answer(session, second)

    assert adapter.adjust("small", "accept_edits") == []
    assert first["request_id"] != second["request_id"]
    [third] = put(session, adapter.adjust("small", "ask"))
    answer(session, third)
    [fourth] = put(session, adapter.adjust("small", "accept_edits"))
    assert fourth["request_id"] != first["request_id"]


def test_what_it_says_of_its_mode_before_it_got_ours_is_old() -> None:
    session = Session().begin()
    [request] = put(session, session.adapter.adjust(None, "accept_edits"))

    assert mode_is(session, "plan") == []
    answer(session, request)
    assert mode_is(session, "acceptEdits") == []


def test_what_it_refuses_is_not_asked_again_in_the_turn() -> None:
    session = Session().begin()
    [request] = put(session, session.adapter.adjust("nonsense", "ask"))
    answer(session, request, subtype="error", error="no such model")

    assert session.adapter.adjust("nonsense", "ask") == []


@pytest.mark.parametrize(("launched_in", "told"), [("ask", 0), ("bypass", 1)])
def test_bypass_needs_a_process_that_was_started_for_it(launched_in: Mode, told: int) -> None:
    session = Session(Launch(cwd="/", model=None, mode=launched_in, resume=None)).begin()
    put(session, session.adapter.adjust(None, "plan"))
    session.adapter.state.requests.clear()

    assert len(session.adapter.adjust(None, "bypass")) == told


def test_nothing_is_said_while_no_turn_is_open() -> None:
    assert Session().adapter.adjust("small", "plan") == []


def test_a_fold_goes_on_with_what_it_knew() -> None:
    session = Session().begin()
    put(session, session.adapter.adjust(None, "plan"))
    again = ClaudeAdapter("h", session.launch, session.adapter.carry())

    assert again.state == session.adapter.state


# -- tasks in the background ------------------------------------------------------------------------------------------
def ends(task: str, status: str, summary: str = "Three files.") -> dict[str, Any]:
    return {
        "type": "system",
        "subtype": "task_notification",
        "task_id": task,
        "status": status,
        "summary": summary,
    }


@pytest.mark.parametrize(
    ("status", "words", "level"),
    [
        ("completed", "In the background: Count is done.\nThree files.", "info"),
        ("failed", "In the background: Count failed.\nThree files.", "warning"),
        ("stopped", "In the background: Count was stopped.\nThree files.", "info"),
        ("lost", "In the background: Count ended (lost).\nThree files.", "warning"),
    ],
)
def test_the_end_of_a_task_in_the_background_is_told(status: str, words: str, level: str) -> None:
    session = Session().begin()
    lines = launched("c1", "a1")
    lines[2]["description"] = "Count"
    session.out(*lines)
    [fact] = session.out(ends("a1", status))

    assert isinstance(fact, ItemAdded)
    assert (fact.kind, fact.body.text, fact.level) == ("notice", words, level)


def test_a_task_that_was_waited_for_has_said_it_itself() -> None:
    session = Session().begin()
    session.out({"type": "system", "subtype": "task_started", "task_id": "a1", "tool_use_id": "c1"})

    assert session.out(ends("a1", "completed")) == []
