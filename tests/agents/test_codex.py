"""What Codex says that no recording has, and what is answered."""

import json
from typing import Any

import pytest

from agentguid.agents.base import Answer, Launch, Prompt
from agentguid.agents.codex import CodexAdapter
from agentguid.protocol.events import (
    ApprovalRequested,
    ApprovalWithdrawn,
    Event,
    ItemAdded,
    MessageSteered,
    SessionIdentified,
    ToolFinished,
    ToolStarted,
    TurnEnded,
)
from agentguid.protocol.items import Body, Decision, Mode
from tests.agents.codex_recordings import ENTRY
from tests.conformance.kinds import CODEX, CWD, Object
from tests.conformance.worker import Worker


class Codex(Worker):
    """At work on turn t1 of thread `th`, which Codex calls `tu`."""

    def __init__(self, mode: Mode = "ask") -> None:
        super().__init__(CODEX, mode)
        self.work()

    def tell(self, method: str, /, **params: Any) -> list[Event]:
        before = len(self.facts)
        self.out({"method": method, "params": {"threadId": "th", "turnId": "tu", **params}})
        return self.facts[before:]

    def request(self, method: str, identity: Any = 0, /, **params: Any) -> ApprovalRequested | None:
        before = len(self.facts)
        self.out({"id": identity, "method": method, "params": {"threadId": "th", "turnId": "tu", **params}})
        asked = [fact for fact in self.facts[before:] if isinstance(fact, ApprovalRequested)]
        return asked[0] if asked else None

    def item(self, stage: str, /, **item: Any) -> list[Event]:
        return self.tell(f"item/{stage}", item=item)

    def change(self, *changes: Object) -> list[Event]:
        return self.item("started", type="fileChange", id="c1", changes=list(changes))

    def answered(self, asked: ApprovalRequested, decision: Decision = "allow_once", **more: Any) -> Any:
        given: Object = {"message": None, "option": None, "input": None, **more}
        self.write(self.adapter.answer(Answer(asked.approval, decision, **given)))
        return self.written[-1].get("result")


def added(path: str, text: str = "a\n") -> Object:
    return {"path": path, "kind": {"type": "add"}, "diff": text}


# -- the handshake ----------------------------------------------------------------------------------------------------
class Handshake:
    """Answers by hand."""

    def __init__(self, resume: str | None = None) -> None:
        self.worker = Worker(CODEX)
        self.worker.adapter = CodexAdapter(ENTRY, "h", Launch(CWD, None, "ask", resume))
        self.worker.kind = CODEX
        object.__setattr__(self.worker, "kind", _Silent())

    def step(self, **answers: Any) -> list[Object]:
        """Writes what is next; answers each request by its method, `error` for an error."""
        before = len(self.worker.written)
        self.worker.write(self.worker.adapter.start())
        lines = self.worker.written[before:]
        for line in lines:
            if line.get("method", "") in answers:
                self.worker.out({"id": line["id"], **answers[line["method"]]})
        return lines


class _Silent:
    def peer(self, _line: Object) -> list[Object]:
        return []


GREETED = {"initialize": {"result": {"userAgent": "x"}}}
KNOWN = {"account/read": {"result": {"account": {"type": "apiKey"}, "requiresOpenaiAuth": True}}}


def test_who_is_signed_out_is_told_how_to_sign_in_before_anything_runs() -> None:
    hands = Handshake()
    hands.step(**GREETED)
    hands.step(**{"account/read": {"result": {"account": None, "requiresOpenaiAuth": True}}})
    adapter = hands.worker.adapter

    assert adapter.ready
    assert not adapter.start()
    why = adapter.refuses(Prompt("t1", Body("x"), None, "ask"))
    assert why.startswith("Codex is not signed in. Run `codex login`")
    assert not adapter.prompt(Prompt("t1", Body("x"), None, "ask"))


def test_a_version_that_cannot_say_whether_it_is_signed_in_goes_on() -> None:
    hands = Handshake()
    hands.step(**GREETED)
    hands.step(**{"account/read": {"error": {"code": -32601, "message": "Method not found"}}})

    assert [line["method"] for line in hands.step()] == ["model/list", "thread/start"]


def test_a_version_without_threads_is_called_too_old() -> None:
    hands = Handshake()
    hands.step(**GREETED)
    hands.step(**KNOWN)
    hands.step(
        **{
            "thread/start": {
                "error": {"code": -32600, "message": "Invalid request: unknown variant `thread/start`"}
            }
        }
    )

    assert "too old" in hands.worker.adapter.refuses(Prompt("t1", Body("x"), None, "ask"))


def test_a_thread_that_is_gone_is_begun_anew_in_the_same_process() -> None:
    hands = Handshake(resume="gone")
    hands.step(**GREETED)
    hands.step(**KNOWN)
    lines = hands.step(
        **{"thread/resume": {"error": {"code": -32600, "message": "no rollout found for thread id gone"}}}
    )
    assert lines[-1]["params"]["excludeTurns"] is True
    lines = hands.step(**{"thread/start": {"result": {"thread": {"id": "new"}, "model": "big"}}})

    assert hands.worker.ids[-1] == "start:session-2"
    [told, named] = hands.worker.facts
    assert isinstance(told, ItemAdded)
    assert "begins anew" in told.body.text
    assert isinstance(named, SessionIdentified)
    assert named.session == "new"
    assert hands.worker.adapter.lost is False


# -- what it asks -----------------------------------------------------------------------------------------------------
def test_each_of_its_decisions_can_be_given() -> None:
    codex = Codex()
    rule = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["git", "push"]}}
    host = {
        "applyNetworkPolicyAmendment": {"network_policy_amendment": {"host": "example.org", "action": "deny"}}
    }
    offered = ["accept", "acceptForSession", rule, host, "cancel"]
    asked = codex.request(
        "item/commandExecution/requestApproval",
        0,
        itemId="c1",
        command="git push",
        availableDecisions=offered,
    )
    assert asked is not None
    assert [(one.kind, one.id) for one in asked.options] == [
        ("allow_once", "accept"),
        ("allow_always", "acceptForSession"),
        ("allow_always", "acceptWithExecpolicyAmendment"),
        ("reject_once", "decline"),
        ("reject_once", "cancel"),
        ("reject_always", "applyNetworkPolicyAmendment-deny"),
    ]
    assert "`git push`" in asked.options[2].name

    answer = codex.answered(asked, "allow_always", option="acceptWithExecpolicyAmendment")
    assert answer == {"decision": rule}
    assert codex.written[-1]["id"] == 0


@pytest.mark.parametrize(
    ("decision", "more", "result"),
    [
        ("allow_once", {}, "accept"),
        ("allow_always", {}, "acceptForSession"),
        ("reject_once", {}, "decline"),
        ("reject_always", {}, "decline"),
        ("reject_once", {"option": "cancel"}, "cancel"),
        ("allow_once", {"option": "nonsense"}, "accept"),
        ("allow_once", {"input": b'{"command": "rm -rf /"}'}, "decline"),
    ],
)
def test_an_answer_is_the_nearest_that_it_takes(decision: Decision, more: Object, result: str) -> None:
    """Changed arguments are refused: nothing runs that the user did not see."""
    codex = Codex()
    asked = codex.request("item/fileChange/requestApproval", 0, itemId="c1")
    assert asked is not None

    assert codex.answered(asked, decision, **more) == {"decision": result}


@pytest.mark.parametrize(
    ("mode", "path", "asks"),
    [
        ("ask", f"{CWD}/a.py", True),
        ("plan", f"{CWD}/a.py", True),
        ("accept_edits", f"{CWD}/a.py", False),
        ("accept_edits", "a.py", False),
        ("accept_edits", f"{CWD}/../other/a.py", True),
        ("accept_edits", "/etc/passwd", True),
        ("bypass", "/etc/passwd", False),
    ],
)
def test_edits_are_allowed_by_the_mode_within_the_folder_only(mode: Mode, path: str, asks: bool) -> None:
    codex = Codex(mode)
    codex.change(added(path))
    asked = codex.request("item/fileChange/requestApproval", 0, itemId="c1")

    assert (asked is not None) == asks
    if not asks:
        assert codex.written[-1] == {"id": 0, "result": {"decision": "accept"}}


def test_accepting_edits_accepts_no_command_and_no_root() -> None:
    codex = Codex("accept_edits")
    codex.change(added("a.py"))

    assert codex.request("item/commandExecution/requestApproval", 0, itemId="x", command="ls")
    assert codex.request("item/fileChange/requestApproval", 1, itemId="c1", grantRoot="/")


def test_more_permissions_are_granted_for_the_turn_or_the_session() -> None:
    codex = Codex()
    wanted = {"network": {"enabled": True}, "fileSystem": None}
    asked = codex.request(
        "item/permissions/requestApproval", "p", itemId="x", permissions=wanted, reason="npm"
    )
    assert asked is not None
    assert json.loads(asked.input.text) == {"network": {"enabled": True}}

    assert codex.answered(asked, "allow_always") == {
        "permissions": {"network": {"enabled": True}},
        "scope": "session",
    }


QUESTION = {"id": "q1", "header": "H", "question": "Which?", "options": [{"label": "A", "description": "a"}]}


@pytest.mark.parametrize("mode", ["ask", "bypass"])
@pytest.mark.parametrize(
    ("decision", "given", "result"),
    [
        ("allow_once", {"answers": {"Which?": "A"}}, {"q1": {"answers": ["A"]}}),
        ("allow_once", {"answers": {"Another?": "A"}}, {"q1": {"answers": []}}),
        ("allow_once", None, {"q1": {"answers": []}}),
        ("reject_once", None, {}),
    ],
)
def test_its_questions_are_asked_in_every_mode(
    mode: Mode, decision: Decision, given: Any, result: Any
) -> None:
    codex = Codex(mode)
    asked = codex.request("item/tool/requestUserInput", 0, itemId="x", questions=[QUESTION])
    assert asked is not None
    shown = json.loads(asked.input.text)["questions"]
    assert (asked.tool, shown[0]["question"], shown[0]["options"][0]["label"]) == (
        "AskUserQuestion",
        "Which?",
        "A",
    )

    answer = codex.answered(asked, decision, input=None if given is None else json.dumps(given).encode())
    assert answer == {"answers": result}


def test_a_tool_server_gets_a_yes_or_a_no_and_no_form() -> None:
    codex = Codex()
    plain = {"serverName": "s", "mode": "form", "message": "Run it?", "requestedSchema": {"properties": {}}}
    asked = codex.request("mcpServer/elicitation/request", 1, **plain, _meta={"persist": ["session"]})
    assert asked is not None
    assert [one.kind for one in asked.options] == ["allow_once", "allow_always", "reject_once"]
    assert codex.answered(asked, "allow_always") == {
        "action": "accept",
        "content": {},
        "_meta": {"persist": "session"},
    }

    form = {**plain, "requestedSchema": {"properties": {"name": {"type": "string"}}}}
    assert codex.request("mcpServer/elicitation/request", 2, **form) is None
    assert codex.written[-1]["result"]["action"] == "decline"
    assert isinstance(codex.facts[-1], ItemAdded)
    assert "declined" in codex.facts[-1].body.text


def test_a_request_that_we_do_not_know_is_refused_and_shown() -> None:
    codex = Codex()
    codex.out({"id": "r7", "method": "item/tool/call", "params": {"tool": "x"}})

    assert codex.written[-1]["id"] == "r7"
    assert codex.written[-1]["error"]["code"] == -32601
    assert isinstance(codex.facts[-1], ItemAdded)
    assert codex.facts[-1].kind == "unknown"


def test_words_with_a_no_go_into_the_turn() -> None:
    codex = Codex()
    asked = codex.request("item/commandExecution/requestApproval", 0, itemId="x", command="ls")
    assert asked is not None
    codex.answered(asked, "reject_once", message="Use git.")
    answer, words = codex.written[-2:]

    assert answer == {"id": 0, "result": {"decision": "decline"}}
    assert (words["method"], words["params"]["expectedTurnId"]) == ("turn/steer", "tu")
    assert words["params"]["input"][0]["text"] == "Use git."


def test_a_request_that_it_takes_back_is_withdrawn() -> None:
    codex = Codex()
    asked = codex.request("item/commandExecution/requestApproval", 0, itemId="x", command="ls")
    assert asked is not None
    [fact] = codex.tell("serverRequest/resolved", requestId=0)

    assert fact == ApprovalWithdrawn(approval=asked.approval, reason="The agent took the request back.")


def test_a_request_of_a_sub_agent_outlives_the_turn() -> None:
    codex = Codex()
    codex.item("completed", type="collabAgentToolCall", id="s", tool="spawnAgent", receiverThreadIds=["kid"])
    asked = codex.request(
        "item/commandExecution/requestApproval", 0, itemId="x", command="ls", threadId="kid"
    )
    assert asked is not None
    codex.end()

    assert asked.turn is None
    assert codex.answered(asked) == {"decision": "accept"}


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
    silent: Any = _Silent()
    object.__setattr__(worker, "kind", silent)
    worker.write(worker.adapter.prompt(Prompt("t1", Body("x"), None, "ask")))
    assert not worker.adapter.stop("t1")
    worker.out({"method": "turn/started", "params": {"threadId": "th", "turn": {"id": "tu"}}})

    assert [one.id for one in worker.adapter.stop("t1")] == ["stop:t1"]
