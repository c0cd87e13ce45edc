"""`/approvals`: decided once."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

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


def test_a_key_stands_for_one_decision(served: Served) -> None:
    """A second one with the same key is told the first, and not that it was taken."""
    _, _, approval = asks(served)
    key = {"idempotencyKey": "k"}
    served.api("POST", f"/approvals/{approval}", {"decision": "allow_once", **key})

    problem = served.api("POST", f"/approvals/{approval}", {"decision": "reject_once", **key}, status=409)

    assert problem["decision"] == "allow_once"
    words = {"decision": "allow_once", "message": "but take care", **key}
    assert served.api("POST", f"/approvals/{approval}", words, status=409)["message"] is None


@pytest.mark.parametrize("size", [1, 100_000], ids=["small", "a blob"])
def test_a_key_stands_for_the_arguments_that_came_with_it(served: Served, size: int) -> None:
    _, _, approval = asks(served)
    first = {"decision": "allow_once", "updatedInput": {"command": "x" * size}, "idempotencyKey": "k"}
    decided = served.api("POST", f"/approvals/{approval}", first)

    assert served.api("POST", f"/approvals/{approval}", first) == decided
    for other in ({"command": "x" * size + "y"}, None):
        body = first | {"updatedInput": other}
        problem = served.api("POST", f"/approvals/{approval}", body, status=409)
        assert problem["decision"] == "allow_once"


def test_all_that_wait_are_seen_from_a_terminal(served: Served) -> None:
    conversation, turn = running(served)
    body = Body('{"command":"rm"}', "application/json")
    names = [f"{number:03d}-{turn}" for number in range(220)]
    served.report(
        conversation,
        *(
            ApprovalRequested(approval=name, turn=turn, item=None, tool="Bash", input=body, options=[])
            for name in names
        ),
    )

    def ctl(*words: str) -> Any:
        places = {"HOME": str(served.root), "AGENTGUID_RUNTIME_DIR": str(served.root / "run")}
        command = [sys.executable, "-m", "agentguid.cli", "approvals", *words, "--json"]
        environ = {**os.environ, **places, "AGENTGUID_CONFIG_DIR": str(served.root / "config")}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90, check=True)
        return json.loads(done.stdout)

    assert [row["id"] for row in ctl("ls")["approvals"]] == names
    assert ctl("deny", "219-")["id"] == names[219]


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
