"""What ACP agents say, as items: where messages end, when a call is known, what came of it."""

import json
from typing import Any

import pytest

from agentguid.agents.base import Fact, Prompt
from agentguid.agents.catalogue import CATALOGUE
from agentguid.agents.jsonl import MENDED, NotUnderstoodError, plain
from agentguid.protocol.events import ApprovalRequested, ItemAdded, ToolFinished, ToolStarted
from agentguid.protocol.items import Body
from tests.agents.acp_byhand import Session, modes, shapes


def working(**more: Any) -> Session:
    return Session(**more).begin().work()


def test_a_message_ends_when_something_else_begins() -> None:
    session = working()
    assert session.say("one ") == session.say("two") == []

    assert shapes(session.update("agent_thought_chunk", content={"type": "text", "text": "hm"})) == [
        "message one two"
    ]
    assert shapes(session.say("three")) == ["thought hm"]
    assert shapes(session.update("tool_call", toolCallId="c", kind="read", title="x")) == ["message three"]


def test_another_message_id_is_another_message() -> None:
    session = working()
    session.say("one", messageId="a")
    session.say(" more", messageId="a")

    assert shapes(session.say("two", messageId="b")) == ["message one more"]


def test_empty_pieces_and_counts_end_nothing() -> None:
    """Some agents begin each message with an empty piece, and count in the middle of one."""
    session = working()
    session.say("")
    session.say("one ")
    session.update("usage_update", used=10, size=100)
    session.update("available_commands_update", availableCommands=[])
    session.update("user_message_chunk", content={"type": "text", "text": "Hello"})

    assert shapes(session.say("two")) == []
    assert shapes(session.answer(result={"stopReason": "end_turn"}))[0] == "message one two"


def quiet(session: Session) -> list[str]:
    """What comes of it when the daemon tells the fold that the agent has been quiet for long enough."""
    outputs = session.feed("in", b"", id=f"noted:quiet-{session.adapter.lingers}")
    return shapes([output.event for output in outputs if isinstance(output, Fact)])


def test_what_is_said_outside_a_turn_is_one_item_that_ends_with_a_silence() -> None:
    """Nothing else would ever end it."""
    session = Session().begin()
    assert session.adapter.lingers is None
    assert [session.say("word ") for _ in range(50)] == [[]] * 50
    assert not session.adapter.idle
    early = session.feed("in", b"", id=f"noted:quiet-{session.adapter.lingers - 1}")

    assert early == []
    assert quiet(session) == ["message " + "word " * 50]
    assert (session.adapter.idle, session.adapter.lingers) == (True, None)


def test_late_words_end_with_the_next_prompt_or_the_agent() -> None:
    session = Session().begin(modes=modes("default"))
    session.say("Welcome")
    [write] = session.adapter.prompt(Prompt("t1", Body("Hello"), None, "ask"))
    facts = [fact.event for fact in session.feed("in", write.data, id=write.id) if isinstance(fact, Fact)]
    assert shapes(facts) == ["message Welcome"]

    session = Session().begin()
    session.say("Bye")
    facts = [fact.event for fact in session.feed("exit", code=0) if isinstance(fact, Fact)]
    assert shapes(facts)[0] == "message Bye"


def test_a_call_outside_a_turn_does_not_stay_open_for_ever() -> None:
    """It is given up when nothing is heard of it; while the user is asked about it, it waits."""
    session = Session().begin()
    session.update("tool_call", toolCallId="c", kind="execute", title="ls", status="in_progress")
    first = session.adapter.lingers
    session.update("tool_call_update", toolCallId="c", status="in_progress")
    assert session.adapter.lingers > first
    assert session.feed("in", b"", id=f"noted:quiet-{first}") == []
    assert quiet(session) == ["incomplete "]
    assert session.adapter.idle

    session.ask(toolCallId="c2")
    assert session.adapter.lingers is None


def test_nothing_lingers_in_a_turn() -> None:
    session = working()
    session.say("word")
    session.update("tool_call", toolCallId="c", kind="execute", title="ls", status="in_progress")

    assert session.adapter.lingers is None


def test_a_call_becomes_known_with_its_arguments() -> None:
    """Announced without any; the second word has them."""
    session = working()
    assert (
        session.update(
            "tool_call", toolCallId="c", title="Terminal", kind="execute", rawInput={}, status="pending"
        )
        == []
    )
    [started] = session.update(
        "tool_call_update", toolCallId="c", title="ls -l", rawInput={"command": "ls -l"}
    )
    [finished] = session.update("tool_call_update", toolCallId="c", status="completed", rawOutput="a\nb")

    assert shapes([started, finished]) == ['starts Shell {"command":"ls -l"}', "done a\nb"]


def test_a_call_may_be_heard_of_first_when_it_ends() -> None:
    session = working()
    session.say("Now")

    facts = session.update("tool_call_update", toolCallId="c", title="x.py", kind="read", status="completed")
    assert shapes(facts) == ["message Now", 'starts Read {"path":"x.py"}', "done "]
    assert session.update("tool_call_update", toolCallId="c", title="late") == []


def test_a_request_makes_a_call_known() -> None:
    """Gemini announces none; Vibe names nothing but its id."""
    session = working()
    started, asked = session.ask()
    assert isinstance(started, ToolStarted)
    assert isinstance(asked, ApprovalRequested)
    assert asked.item == started.item
    assert (asked.tool, json.loads(asked.input.text)) == ("Shell", {"command": "ls"})

    session = working()
    session.update("tool_call", toolCallId="c1", title="touch x", kind="execute", status="pending")
    started, asked = session.out({
        "id": "q",
        "method": "session/request_permission",
        "params": {"toolCall": {"toolCallId": "c1"}, "options": [{"optionId": "y", "name": "Y", "kind": "allow_once"}]},
    })  # fmt: skip
    assert isinstance(started, ToolStarted)
    assert json.loads(started.input.text) == {"command": "touch x"}


@pytest.mark.parametrize(
    ("call", "name", "arguments"),
    [
        ({"kind": "execute", "title": "ls"}, "Shell", {"command": "ls"}),
        (
            {"kind": "execute", "title": "List", "rawInput": {"command": ["ls", "a b"]}},
            "Shell",
            {"command": "ls 'a b'", "description": "List"},
        ),
        (
            {"kind": "read", "title": "Read", "locations": [{"path": "/w/a.py"}]},
            "Read",
            {"path": "/w/a.py"},
        ),
        (
            {"kind": "edit", "rawInput": {"filePath": "a", "oldString": "x", "newString": "y"}},
            "Edit",
            {
                "filePath": "a",
                "oldString": "x",
                "newString": "y",
                "path": "a",
                "edits": [{"old_string": "x", "new_string": "y"}],
            },
        ),
        (
            {"kind": "edit", "content": [{"type": "diff", "path": "a", "oldText": None, "newText": "y"}]},
            "Edit",
            {"path": "a", "edits": [{"path": "a", "old_string": "", "new_string": "y"}]},
        ),
        ({"kind": "search", "title": "needle"}, "Search", {"pattern": "needle"}),
        ({"kind": "fetch", "title": "https://x"}, "Fetch", {"url": "https://x"}),
        (
            {"kind": "think", "title": "Count", "rawInput": {"prompt": "Count them"}},
            "Task",
            {"prompt": "Count them", "description": "Count"},
        ),
        ({"kind": "other", "title": "todo", "rawInput": {"todos": []}}, "TodoWrite", {"todos": []}),
        ({"kind": "other", "title": "my\ntool"}, "my tool", {"title": "my\ntool"}),
        ({}, "tool", {}),
    ],
)
def test_what_a_call_does_is_read_off_whatever_the_agent_fills_in(
    call: dict[str, Any], name: str, arguments: dict[str, Any]
) -> None:
    session = working()
    [started] = session.update("tool_call", toolCallId="c", status="in_progress", **call)

    assert isinstance(started, ToolStarted)
    assert (started.name, json.loads(started.input.text)) == (name, arguments)


TEXT = [{"type": "content", "content": {"type": "text", "text": "words"}}]


@pytest.mark.parametrize(
    ("end", "output"),
    [
        ({"content": TEXT}, "words"),
        ({"content": TEXT, "rawOutput": "plain words"}, "plain words"),
        ({"rawOutput": {"output": "inner"}}, "inner"),
        ({"rawOutput": {"exit_code": 1}}, '{"exit_code":1}'),
        ({"content": [{"type": "terminal", "terminalId": "t"}]}, ""),
        ({"content": [{"type": "diff", "path": "a", "oldText": "", "newText": "b"}]}, "Changed a"),
        ({"_meta": {"terminal_output_delta": {"data": "streamed"}}}, "streamed"),
    ],
)
def test_what_came_of_a_call_is_found_wherever_it_stands(end: dict[str, Any], output: str) -> None:
    session = working()
    session.update("tool_call", toolCallId="c", kind="other", title="x", status="in_progress")
    [finished] = session.update("tool_call_update", toolCallId="c", status="completed", **end)

    assert isinstance(finished, ToolFinished)
    assert finished.output.text == output


def test_a_picture_is_kept_as_it_is() -> None:
    session = working()
    picture = {"type": "content", "content": {"type": "image", "data": "aaaa", "mimeType": "image/png"}}
    session.update("tool_call", toolCallId="c", status="in_progress", title="x")
    [finished] = session.update("tool_call_update", toolCallId="c", status="completed", content=[picture])

    assert isinstance(finished, ToolFinished)
    assert finished.output.type == "application/json"
    assert json.loads(finished.output.text)[0] == picture


def test_a_plan_is_shown_when_it_changes() -> None:
    session = working()
    session.say("Plan:")
    step = {"content": "a", "status": "pending", "priority": "high"}

    assert [fact.kind for fact in session.update("plan", entries=[step]) if isinstance(fact, ItemAdded)] == [
        "message",
        "plan",
    ]
    assert session.update("plan", entries=[step]) == []
    assert len(session.update("plan", entries=[{**step, "status": "completed"}])) == 1


def test_what_the_agent_remarks_about_itself_is_no_word_of_the_model() -> None:
    """Copilot writes both as if the model had said it."""
    session = working(remarks="Info: ", errors="Error: ")
    assert shapes(session.say("Info: Retrying...")) == ["notice Retrying..."]
    assert session.say("Error: Failed. Last error: 529 Overloaded") == []
    ended = session.end()

    assert ended.outcome == "error"
    assert ended.error == (
        "The model provider is overloaded (Failed. Last error: 529 Overloaded). Try again in a minute."
    )


def test_an_error_that_ends_as_a_refusal_is_told_as_what_it_is() -> None:
    """fast-agent knows no other word for the end of a turn whose model failed."""
    [entry] = [one for one in CATALOGUE if one.id == "fast-agent"]
    session = Session(entry).begin().work()
    said = "I hit an internal error while calling the model: generic request failed for model 'm' (status=401): no."
    assert session.say(said) == []
    turn = session.end(stopReason="refusal")

    assert turn.outcome == "error"
    assert str(turn.error).startswith("fast-agent is not signed in, or its key was refused (generic request")


def test_what_only_looks_like_an_error_is_a_message_after_all() -> None:
    session = working(errors="Error: ")
    session.say("Error: is what the log says.")
    assert shapes(session.say(" Let me look."))[:1] == ["message Error: is what the log says."]

    session = working(errors="Error: ")
    session.say("Error: is what the log says.")
    facts = session.answer(result={"stopReason": "end_turn", "usage": {"inputTokens": 1}})
    assert shapes(facts) == ["message Error: is what the log says.", "TurnEnded"]


def test_a_line_cut_in_the_middle_of_a_character_is_mended() -> None:
    session = working()
    line = b'{"method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"\\ud83d"}}}}'
    session.feed("out", line)

    assert shapes(session.answer(result={"stopReason": "end_turn"}))[0] == "message ?"


def test_a_line_is_not_mended_at_any_price() -> None:
    """That is done in the event loop."""
    long = b'{"text":"\xff' + b"x" * MENDED + b'"}'
    with pytest.raises(NotUnderstoodError, match="not valid UTF-8"):
        plain(long)
    assert plain(b'{"text":"\xffx"}') == {"text": "\ufffdx"}


def test_updates_of_another_session_are_not_taken_for_this_one() -> None:
    session = working()
    line = {"method": "session/update", "params": {"sessionId": "other", "update": {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "x"}}}}  # fmt: skip
    [fact] = session.out(line)

    assert isinstance(fact, ItemAdded)
    assert fact.kind == "unknown"


def test_arguments_that_are_written_as_content_are_known_before_they_are_allowed() -> None:
    """Kimi Code names a call, then shows its arguments growing; its request says no more than the name."""
    session = working()
    content = [
        {"type": "content", "content": {"type": "text", "text": text}}
        for text in (
            '{"command": "touch',
            '{"command": "touch x"}',
            "Requesting approval to Running: touch x",
        )
    ]
    assert not session.update("tool_call", toolCallId="c1", title="Bash", kind="execute", status="pending")
    assert not session.update("tool_call_update", toolCallId="c1", status="in_progress", content=[content[0]])
    [started] = session.update(
        "tool_call_update", toolCallId="c1", status="in_progress", content=[content[1]]
    )
    assert shapes([started]) == ['starts Shell {"command":"touch x","description":"Bash"}']

    [asked] = session.ask(title="Bash", kind="", content=[content[2]])
    assert isinstance(asked, ApprovalRequested)
    assert '"command":"touch x"' in asked.input.text


def test_a_request_that_names_no_call_is_about_those_that_wait() -> None:
    """OpenHands asks for all that it is about to do, under one id for all its requests."""
    session = working()
    for name in ("a", "b"):
        session.update(
            "tool_call",
            toolCallId=name,
            kind="execute",
            title=name,
            status="in_progress",
            rawInput={"command": name},
        )
        session.update("tool_call_update", toolCallId=name, status="in_progress")
    [both] = session.ask(toolCallId="confirmation-s", title="Confirm", kind="other", status="pending")
    session.update("tool_call_update", toolCallId="a", status="completed")
    [one] = session.ask(1, toolCallId="confirmation-s", title="Confirm", kind="other", status="pending")

    assert isinstance(both, ApprovalRequested)
    assert isinstance(one, ApprovalRequested)
    assert (both.item, both.tool) == (None, "Confirm")
    assert '"command":"a"' in both.input.text
    assert '"command":"b"' in both.input.text
    assert (one.tool, one.item is not None) == ("Shell", True)
    assert '"command":"b"' in one.input.text
