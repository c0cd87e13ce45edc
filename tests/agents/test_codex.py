"""What Codex asks that no recording has, and how it is answered; its handshake."""

import json
from typing import Any

import pytest

from agentguid.agents.base import InsideErrand, Launch, Prompt
from agentguid.agents.codex import CodexAdapter
from agentguid.protocol.events import (
    ApprovalWithdrawn,
    ItemAdded,
    SessionIdentified,
)
from agentguid.protocol.items import Body, Decision, Mode
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
    assert codex.looks() == []

    assert (asked is not None) == asks
    assert codex.adapter.errands == []
    if not asks:
        assert codex.written[-1] == {"id": 0, "result": {"decision": "accept"}}


def asking_for(path: str) -> Codex:
    """About to change a file whose name lies in the folder."""
    codex = Codex("accept_edits")
    codex.change(added(path))
    assert codex.request("item/fileChange/requestApproval", 7, itemId="c1") is None
    return codex


def test_an_edit_that_a_link_leads_out_of_the_folder_is_asked_about() -> None:
    codex = asking_for("current/a.py")
    [errand] = codex.adapter.errands
    assert isinstance(errand, InsideErrand)
    assert errand.paths == ("current/a.py",)
    assert not codex.adapter.idle
    [asked] = codex.looks(outside=True)
    assert (asked.turn, asked.item is not None) == ("t1", True)
    assert codex.adapter.errands == []
    assert codex.answered(asked) == {"decision": "accept"}


def test_who_takes_the_mode_back_meanwhile_is_asked() -> None:
    codex = asking_for("a.py")
    codex.write(codex.adapter.adjust(None, "ask"))
    assert len(codex.looks()) == 1


def test_a_stop_meanwhile_is_a_no() -> None:
    codex = asking_for("a.py")
    codex.write(codex.adapter.stop("t1"))
    assert {"id": 7, "result": {"decision": "cancel"}} in codex.written
    assert not [fact for fact in codex.facts if isinstance(fact, ApprovalWithdrawn)], "nobody was asked"
    assert (codex.adapter.errands, codex.looks(outside=True)) == ([], [])


def test_what_codex_takes_back_meanwhile_is_not_asked() -> None:
    codex = asking_for("a.py")
    codex.tell("serverRequest/resolved", requestId=7)
    assert (codex.adapter.errands, codex.looks(outside=True)) == ([], [])


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
