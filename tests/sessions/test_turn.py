"""A turn from prompt to result, through the whole program, with the demo agent (a real process)."""

import contextlib
import http.client
import json

from agentguid.effects.session import BURST, PACE
from tests.support.daemon import Daemon, wait_for
from tests.support.tokens import in_log, on_tapes


def kinds(daemon: Daemon, conversation: str) -> list[str]:
    return [item["type"] for item in daemon.items(conversation)]


def types(daemon: Daemon, conversation: str) -> list[str]:
    return [event["type"] for event in daemon.events(0, conversation)]


def test_a_prompt_becomes_a_transcript(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    sent = daemon.send(conversation, "think; tool")

    turn = daemon.ended(conversation, sent["session"]["id"])

    assert turn["status"] == "complete", turn
    seen = types(daemon, conversation)
    assert seen[:3] == ["conversation.created", "turn.started", "host.requested"]
    assert seen[-1] == "turn.ended"
    assert seen.count("tool.started") == seen.count("tool.finished") >= 1


def test_every_line_is_there_once_in_order(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 500")
    daemon.ended(conversation)

    assert in_log(daemon, conversation) == on_tapes(daemon) == list(range(500))


def test_what_comes_quickly_is_committed_together(daemon: Daemon) -> None:
    """A commit for every line of a talkative agent would cost ten times what the line does."""
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 600 rate 600")
    daemon.ended(conversation)

    at = [event["at"] for event in daemon.events(0, conversation) if event["type"] == "item.added"]
    assert len(set(at)) <= (at[-1] - at[0]) / 1_000_000 / PACE + BURST + 1
    assert len(set(at)) > 1


def test_one_event_per_finished_item(daemon: Daemon) -> None:
    """Tokens are not events: 5,000 pieces of live text leave one."""
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 5000 deltas")
    daemon.ended(conversation)

    assert types(daemon, conversation).count("item.added") == 1


def test_a_message_while_busy_waits_and_runs_next(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    first = daemon.send(conversation, "ask")
    second = daemon.send(conversation, "emit 1")

    assert second["queued"] is True
    assert second["queuePosition"] == 1
    daemon.allow(conversation)
    daemon.ended(conversation, first["session"]["id"])
    wait_for(lambda: types(daemon, conversation).count("turn.ended") == 2, "the second turn")


def test_the_queue_survives_a_crash(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 30 rate 20")
    for number in range(3):
        daemon.send(conversation, f"emit {number + 1}")
    daemon.kill()
    daemon.start()

    wait_for(lambda: types(daemon, conversation).count("turn.ended") == 4, "all four turns")
    prompts = [
        e["data"]["body"]["text"] for e in daemon.events(0, conversation) if e["type"] == "turn.started"
    ]
    assert prompts == ["emit 30 rate 20", "emit 1", "emit 2", "emit 3"]


def test_the_same_key_runs_once(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    first = daemon.send(conversation, "emit 1", idempotencyKey="k")
    daemon.ended(conversation)
    second = daemon.send(conversation, "emit 1", idempotencyKey="k")

    assert second["message"]["id"] == first["message"]["id"]
    assert types(daemon, conversation).count("turn.started") == 1


def test_an_approval_is_asked_and_answered_once(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "ask")
    (approval,) = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the request")

    daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once"})
    status, data = daemon.request("POST", f"/api/approvals/{approval['id']}", {"decision": "reject_once"})

    assert status == 409
    assert b"allow_once" in data
    assert daemon.ended(conversation)["status"] == "complete"
    assert (daemon.work / "demo-note.txt").exists()


def test_a_rejected_tool_does_nothing(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "ask")
    (approval,) = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the request")

    daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "reject_once", "message": "Not now."})

    daemon.ended(conversation)
    assert not (daemon.work / "demo-note.txt").exists()


def test_an_approval_outlives_the_daemon(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "ask")
    (approval,) = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the request")
    daemon.kill()
    daemon.start()

    (again,) = daemon.api("GET", "/approvals")["approvals"]
    assert again["id"] == approval["id"]
    daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once"})
    assert daemon.ended(conversation)["status"] == "complete"
    assert types(daemon, conversation).count("approval.requested") == 1


def test_an_approval_decided_while_the_daemon_dies_reaches_the_agent(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "ask")
    (approval,) = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the request")
    daemon.stop()
    daemon.start(AGENTGUID_FAILPOINT="effects.before_send:1")
    with contextlib.suppress(OSError, EOFError, AssertionError, http.client.HTTPException):
        daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once"})
    assert daemon.process
    daemon.process.wait(10)
    daemon.start()

    assert daemon.ended(conversation)["status"] == "complete"
    assert (daemon.work / "demo-note.txt").exists()


def test_stop_interrupts_and_the_next_prompt_works(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 10000 rate 50")
    wait_for(lambda: in_log(daemon, conversation), "the first line")

    daemon.api("POST", f"/conversations/{conversation}/cancel", {})

    assert daemon.ended(conversation)["status"] == "interrupted"
    daemon.send(conversation, "emit 1")
    assert daemon.ended(conversation)["status"] == "complete"


def test_an_agent_that_crashes_is_reported_with_its_last_words(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 3; crash")

    turn = daemon.ended(conversation)

    assert turn["status"] == "error"
    assert "exit status 3" in turn["error"]
    assert in_log(daemon, conversation) == [0, 1, 2]
    daemon.send(conversation, "emit 1")
    assert daemon.ended(conversation)["status"] == "complete"


def test_an_agent_that_is_not_installed_says_so(daemon: Daemon) -> None:
    daemon.stop()
    daemon.start(AGENTGUID_AGENT_CLAUDE_CODE_BINARY="/nowhere/claude")
    conversation = daemon.conversation("claude-code")
    daemon.send(conversation, "hello")

    turn = daemon.ended(conversation)

    assert turn["status"] == "error"
    assert "/nowhere/claude is not a program" in turn["error"]


def test_a_deleted_conversation_stops_its_agent(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 10000 rate 50")
    wait_for(daemon.hosts, "the host")

    daemon.request("DELETE", f"/api/conversations/{conversation}")

    wait_for(lambda: not daemon.hosts(), "the host to end")
    assert daemon.request("GET", f"/api/conversations/{conversation}")[0] == 404


def test_a_stopped_daemon_leaves_the_agent_at_work_and_finds_it_again(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 200 rate 100")
    wait_for(lambda: in_log(daemon, conversation), "the first line")

    assert daemon.stop() == 0
    (host,) = daemon.hosts()
    daemon.start()

    assert daemon.ended(conversation)["status"] == "complete"
    assert daemon.hosts() == [host]
    assert in_log(daemon, conversation) == list(range(200))


def test_the_log_verifies_and_is_served_as_ndjson(daemon: Daemon) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 5")
    daemon.ended(conversation)
    positions = [event["position"] for event in daemon.events()]

    assert positions == list(range(1, len(positions) + 1))
    assert json.loads(daemon.request("GET", "/api/status")[1])
