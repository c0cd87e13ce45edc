"""`/approvals`: decided once."""

import json

from agentguid.protocol.events import ApprovalRequested, TurnEnded
from agentguid.protocol.items import Body, Option
from tests.http.conftest import Served
from tests.http.turns import running


def asks(served: Served) -> tuple[str, str, str]:
    conversation, turn = running(served)
    approval = f"{turn}-ask"
    options = [Option("yes", "allow_once", "Yes"), Option("no", "reject_once", "No")]
    asked = ApprovalRequested(
        approval=approval,
        turn=turn,
        item=None,
        tool="Bash",
        input=Body('{"command":"rm"}', "application/json"),
        options=options,
    )
    served.report(conversation, asked)
    return conversation, turn, approval


def test_an_approval_is_decided_once(served: Served) -> None:
    """The second answer is told the first one."""
    conversation, turn, approval = asks(served)
    listed = served.api("GET", f"/approvals?conversation={conversation}")["approvals"]
    assert [(one["id"], one["conversationId"], one["sessionId"], one["tool"]) for one in listed] == [
        (approval, conversation, turn, "Bash")
    ]
    assert json.loads(listed[0]["input"]["text"]) == {"command": "rm"}
    assert listed[0]["options"][0] == {"id": "yes", "kind": "allow_once", "name": "Yes"}
    assert served.api("GET", f"/conversations/{conversation}")["conversation"]["status"] == "waiting"

    answer = {"decision": "allow_once", "updatedInput": {"command": "ls"}, "idempotencyKey": "k"}
    decided = served.api("POST", f"/approvals/{approval}", answer)
    assert decided == {"ok": True, "id": approval, "decision": "allow_once", "conversationId": conversation}
    assert served.api("POST", f"/approvals/{approval}", answer) == decided
    problem = served.api("POST", f"/approvals/{approval}", {"decision": "reject_once"}, status=409)
    assert problem["decision"] == "allow_once"
    assert problem["decidedBy"].startswith("socket:")
    assert served.api("GET", f"/approvals?conversation={conversation}")["approvals"] == []


def test_a_withdrawn_approval_cannot_be_decided(served: Served) -> None:
    conversation, turn, approval = asks(served)
    served.report(conversation, TurnEnded(turn=turn, outcome="interrupted"))
    problem = served.api("POST", f"/approvals/{approval}", {"decision": "allow_once"}, status=409)
    assert "withdrawn" in problem["error"]
    assert problem["decision"] is None


def test_bad_decisions_are_refused(served: Served) -> None:
    _, _, approval = asks(served)
    assert (
        served.api("POST", f"/approvals/{approval}", {"decision": "maybe"}, status=400)["field"] == "decision"
    )
    assert served.api("POST", f"/approvals/{approval}", {}, status=400)["field"] == "decision"
    served.api("POST", "/approvals/nobody", {"decision": "allow_once"}, status=404)
