"""What Codex tells that no recording has: calls, plans, what goes on in the background, and how turns end."""

import json
from typing import Any

import pytest

from agentguid.agents.base import Prompt
from agentguid.protocol.events import ItemAdded, MessageSteered, ToolFinished, ToolStarted, TurnEnded
from agentguid.protocol.items import Body
from tests.agents.codex_byhand import Codex, Silent, added
from tests.conformance.kind import Object
from tests.conformance.kinds import CODEX
from tests.conformance.worker import Worker


# -- items ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "name", "arguments"),
    [
        ([added("a")], "Write", {"path": "a", "content": "a\n"}),
        ([{"path": "a", "kind": {"type": "delete"}, "diff": "x\n"}], "Delete file", {"path": "a"}),
        (
            [{"path": "a", "kind": {"type": "update", "move_path": None}, "diff": "@@ -1,2 +1,2 @@\n x\n-y\n+z\n@@ -9 +9 @@\n-p\n+q\n"}],
            "Edit",
            {"path": "a", "edits": [{"old_string": "x\ny\n", "new_string": "x\nz\n"}, {"old_string": "p\n", "new_string": "q\n"}]},
        ),
        (
            [added("a"), {"path": "b", "kind": {"type": "update", "move_path": "c"}, "diff": "@@ -1 +1 @@\n-p\n+q\n"}],
            "Patch",
            {"changes": {"a": {"type": "add", "content": "a\n"}, "b": {"type": "update", "unified_diff": "@@ -1 +1 @@\n-p\n+q\n", "move_path": "c"}}},
        ),
    ],
)  # fmt: skip
def test_a_change_of_files_says_what_is_done(changes: list[Object], name: str, arguments: Object) -> None:
    [fact] = Codex().change(*changes)

    assert isinstance(fact, ToolStarted)
    assert (fact.name, json.loads(fact.input.text)) == (name, arguments)


@pytest.mark.parametrize(
    ("item", "name", "output", "failed"),
    [
        ({"type": "mcpToolCall", "server": "s", "tool": "t", "arguments": {"a": 1}, "status": "completed",
          "result": {"content": [{"type": "text", "text": "fine"}]}}, "mcp__s__t", "fine", False),
        ({"type": "mcpToolCall", "server": "s", "tool": "t", "status": "failed", "error": {"message": "no"}},
         "mcp__s__t", "no", True),
        ({"type": "webSearch", "query": "weather", "action": {"type": "search"}}, "WebSearch", "", False),
        ({"type": "imageView", "path": "/a.png"}, "Read", "", False),
        ({"type": "commandExecution", "command": "/bin/bash -lc 'a b'", "status": "failed", "aggregatedOutput": "x",
          "exitCode": 1}, "Shell", "x", True),
        ({"type": "commandExecution", "command": "echo 'not closed", "status": "declined"},
         "Shell", "It was not allowed.", True),
    ],
)  # fmt: skip
def test_each_kind_of_call_has_a_name_and_an_outcome(
    item: Object, name: str, output: str, failed: bool
) -> None:
    codex = Codex()
    codex.item("started", id="c1", **item)
    codex.item("completed", id="c1", **item)
    started = [fact for fact in codex.facts if isinstance(fact, ToolStarted)]
    finished = [fact for fact in codex.facts if isinstance(fact, ToolFinished)]

    assert [one.name for one in started] == [name]
    assert [(one.output.text, one.failed) for one in finished] == [(output, failed)]
    assert codex.adapter.idle


def test_an_item_of_a_type_that_nobody_knows_is_shown() -> None:
    codex = Codex()
    assert codex.item("started", type="hologram", id="x") == []
    [fact] = codex.item("completed", type="hologram", id="x")

    assert isinstance(fact, ItemAdded)
    assert (fact.kind, "hologram" in fact.body.text) == ("unknown", True)


def test_what_older_versions_tell_twice_is_told_once() -> None:
    codex = Codex()
    codex.out(
        {"method": "codex/event/agent_message", "params": {"msg": {"type": "agent_message", "message": "x"}}}
    )

    assert not [fact for fact in codex.facts if isinstance(fact, ItemAdded)]


def test_a_plan_is_an_item_when_it_is_another() -> None:
    codex = Codex()
    steps = [{"step": "Read", "status": "completed"}, {"step": "Write", "status": "inProgress"}]
    [fact] = codex.tell("turn/plan/updated", plan=steps, explanation=None)

    assert isinstance(fact, ItemAdded)
    assert (fact.kind, json.loads(fact.body.text)) == (
        "plan",
        {
            "entries": [
                {"content": "Read", "status": "completed"},
                {"content": "Write", "status": "in_progress"},
            ]
        },
    )
    assert codex.tell("turn/plan/updated", plan=steps, explanation=None) == []


def test_a_command_that_outlives_its_turn_goes_on_in_the_background() -> None:
    codex = Codex()
    codex.item("started", type="commandExecution", id="c1", command="npm start")
    codex.tell("item/commandExecution/outputDelta", itemId="c1", delta="listening\n")
    codex.end()
    adapter = codex.adapter
    assert (adapter.idle, adapter.background) == (True, 1)
    [finished] = [fact for fact in codex.facts if isinstance(fact, ToolFinished)]
    assert (finished.output.text, finished.incomplete) == ("listening\n", False)

    [fact] = codex.item("completed", type="commandExecution", id="c1", command="npm start", exitCode=1)
    assert isinstance(fact, ItemAdded)
    assert fact.body.text == "A command in the background has ended with exit status 1: npm start"
    assert adapter.background == 0


def test_a_sub_agent_that_outlives_the_turn_is_in_the_background() -> None:
    codex = Codex()
    codex.item("completed", type="collabAgentToolCall", id="s", tool="spawnAgent", receiverThreadIds=["kid"])
    codex.tell("turn/started", threadId="kid", turn={"id": "k"})
    codex.end()
    assert codex.adapter.background == 1

    codex.tell("turn/completed", threadId="kid", turn={"id": "k", "status": "completed"})
    assert codex.adapter.background == 0


def test_an_item_of_a_thread_that_nobody_began_is_not_the_agents_own() -> None:
    codex = Codex()
    [fact] = codex.tell(
        "item/completed", threadId="stranger", item={"type": "agentMessage", "id": "m", "text": "x"}
    )

    assert isinstance(fact, ItemAdded)
    assert fact.kind == "unknown"


# -- steering and the end ---------------------------------------------------------------------------------------------
def test_a_message_that_it_would_not_take_is_told_of_and_waits_on() -> None:
    codex = Codex()
    codex.write(codex.steer("m2"))
    codex.out({"id": "steer:m2", "error": {"code": -32600, "message": "no active turn"}})

    assert isinstance(codex.facts[-1], ItemAdded)
    assert "sent when the turn has ended" in codex.facts[-1].body.text
    assert not [fact for fact in codex.facts if isinstance(fact, MessageSteered)]


def test_a_version_that_names_no_messages_takes_them_in_their_order() -> None:
    codex = Codex()
    codex.write([*codex.steer("m2"), *codex.steer("m3")])
    for text in ("Hello", "Also this", "Also this"):
        codex.item("completed", type="userMessage", id=text, clientId=None, content=[])

    assert [fact.message for fact in codex.facts if isinstance(fact, MessageSteered)] == ["m2", "m3"]


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ("usageLimitExceeded", "The limit of the account is reached (Sorry). Wait until it is lifted, or choose another model, then send again. It is lifted at 2026-11-26 12:00 UTC."),
        ("contextWindowExceeded", "The conversation is longer than the model can hold (Sorry). Begin a new conversation, or choose a model that holds more."),
        ("unauthorized", "Codex is not signed in, or its key was refused (Sorry). "),
        ({"httpConnectionFailed": {"httpStatusCode": 529}}, "The model provider is overloaded (Sorry). Try again in a minute."),
        ("modelNotFound", "The model provider does not know this model (Sorry). "),
        (None, "Codex ended the turn with an error (Sorry). Send the message again."),
        (7, "Codex ended the turn with an error (Sorry). Send the message again."),
    ],
)  # fmt: skip
def test_a_turn_that_failed_says_why_and_what_to_do(info: Any, words: str) -> None:
    codex = Codex()
    codex.tell(
        "account/rateLimits/updated", rateLimits={"primary": {"usedPercent": 100, "resetsAt": 1795694400}}
    )
    error = {"message": "Sorry", "codexErrorInfo": info}
    [fact] = codex.tell("turn/completed", turn={"id": "tu", "status": "failed", "error": error})

    assert isinstance(fact, TurnEnded)
    assert (fact.outcome, str(fact.error).startswith(words)) == ("error", True), fact.error


def test_a_retry_is_told_of() -> None:
    codex = Codex()
    error = {"message": "Reconnecting... 2/5", "additionalDetails": "status 500"}
    [fact] = codex.tell("error", error=error, willRetry=True)

    assert isinstance(fact, ItemAdded)
    assert fact.body.text == "The model provider failed (status 500). Trying again (attempt 2 of 5)."


def test_a_stop_waits_until_codex_has_named_its_turn() -> None:
    """It is asked again after each line."""
    worker = Worker(CODEX)
    for _ in range(5):
        worker.write(worker.adapter.start())
    silent: Any = Silent()
    object.__setattr__(worker, "kind", silent)
    worker.write(worker.adapter.prompt(Prompt("t1", Body("x"), None, "ask")))
    assert not worker.adapter.stop("t1")
    worker.out({"method": "turn/started", "params": {"threadId": "th", "turn": {"id": "tu"}}})

    assert [one.id for one in worker.adapter.stop("t1")] == ["stop:t1"]
