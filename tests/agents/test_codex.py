"""What Codex asks that no recording has, and how it is answered; its handshake."""

import json
from typing import Any

import pytest

from agentguid.agents.base import Launch, Prompt
from agentguid.agents.codex import CodexAdapter
from agentguid.decide.answers import checked
from agentguid.protocol.events import ApprovalRequested, ApprovalWithdrawn, ItemAdded, SessionIdentified
from agentguid.protocol.items import Body, Choice, Decision, Mode, Question, Reply
from tests.agents.codex_byhand import Codex, Silent, added
from tests.agents.codex_recordings import ENTRY
from tests.conformance.kind import CWD, Object
from tests.conformance.kinds import CODEX
from tests.conformance.worker import Worker


# -- the handshake ----------------------------------------------------------------------------------------------------
class Handshake:
    """Answers by hand."""

    def __init__(self, resume: str | None = None) -> None:
        self.worker = Worker(CODEX)
        self.worker.adapter = CodexAdapter(ENTRY, "h", Launch(CWD, None, "ask", resume))
        self.worker.kind = CODEX
        object.__setattr__(self.worker, "kind", Silent())

    def step(self, **answers: Any) -> list[Object]:
        """Writes what is next; answers each request by its method, `error` for an error."""
        before = len(self.worker.written)
        self.worker.write(self.worker.adapter.start())
        lines = self.worker.written[before:]
        for line in lines:
            if line.get("method", "") in answers:
                self.worker.out({"id": line["id"], **answers[line["method"]]})
        return lines


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


@pytest.mark.parametrize("said", ["Invalid request", "Invalid request: unknown variant `thread/start`"])
def test_a_version_without_threads_is_called_too_old(said: str) -> None:
    """0.50.0 says the first."""
    hands = Handshake()
    hands.step(**GREETED)
    hands.step(**KNOWN)
    hands.step(**{"thread/start": {"error": {"code": -32600, "message": said}}})

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
