"""The daemon or the host dies while an answer is on its way to the agent: it comes once, or the turn says what happened."""

import contextlib
import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Daemon, wait_for

pytestmark = [pytest.mark.crash]

ARMED = """
import agentguid.failpoints as points
from agentguid.append.ledger import Ledger
append = Ledger.append
def arm(self, prepared):
    if b"approval.decided" in repr(prepared).encode():
        points._armed["{point}"] = 1
    return append(self, prepared)
Ledger.append = arm
"""
"""The failpoint counts from the moment at which the decision is appended."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path)
    try:
        yield running
    finally:
        running.close()


def ask(daemon: Daemon) -> tuple[str, str]:
    """A conversation and its undecided request."""
    conversation = daemon.conversation()
    daemon.send(conversation, "ask")
    (approval,) = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the request")
    return conversation, approval["id"]


def decide(daemon: Daemon, approval: str) -> int:
    """The status; 0 when the daemon died of it."""
    with contextlib.suppress(OSError, EOFError, http.client.HTTPException):
        return daemon.request("POST", f"/api/approvals/{approval}", {"decision": "allow_once"})[0]
    return 0


def died(daemon: Daemon) -> None:
    assert daemon.process
    assert daemon.process.wait(10) == -9
    daemon.start()


def of_type(daemon: Daemon, conversation: str, kind: str) -> list[dict[str, Any]]:
    return [event["data"] for event in daemon.events(0, conversation) if event["type"] == kind]


def answered_once(daemon: Daemon, conversation: str, approval: str) -> None:
    """The agent got it once and did once what it was allowed to."""
    assert daemon.ended(conversation)["status"] == "complete"
    assert daemon.inputs().count(f"answer:{approval}") == 1
    assert len(of_type(daemon, conversation, "approval.decided")) == 1
    assert of_type(daemon, conversation, "approval.withdrawn") == []
    assert len(of_type(daemon, conversation, "approval.requested")) == 1
    (finished,) = of_type(daemon, conversation, "tool.finished")
    assert "Wrote demo-note.txt" in str(finished)
    assert (daemon.work / "demo-note.txt").read_text() == "A note.\n"
    tapes = (daemon.data / "tapes").rglob("*.tape")
    assert sum(file.read_bytes().count(b"Wrote demo-note.txt") for file in tapes) == 1


@pytest.mark.parametrize("point", ["effects.before_send", "effects.after_send"])
def test_the_daemon_dies_at_giving_the_answer(daemon: Daemon, point: str) -> None:
    """Found again, the host is given nothing but the answer: it is the first thing that is sent."""
    daemon.start()
    conversation, approval = ask(daemon)
    daemon.stop()
    daemon.start(AGENTGUID_FAILPOINT=f"{point}:1")

    decide(daemon, approval)
    died(daemon)

    assert decide(daemon, approval) == 409
    answered_once(daemon, conversation, approval)


@pytest.mark.parametrize(
    ("point", "kept"),
    [("append.before_commit", False), ("append.after_commit", True), ("feed.before_wake", True)],
)
def test_the_daemon_dies_at_recording_the_decision(daemon: Daemon, point: str, kept: bool) -> None:
    daemon.start(first=ARMED.format(point=point))
    conversation, approval = ask(daemon)

    assert decide(daemon, approval) == 0
    died(daemon)

    if not kept:
        assert [one["id"] for one in daemon.api("GET", "/approvals")["approvals"]] == [approval]
    assert decide(daemon, approval) == (409 if kept else 200)
    answered_once(daemon, conversation, approval)


@pytest.mark.parametrize("point", ["effects.after_translate", "effects.before_report"])
def test_the_daemon_dies_when_the_tape_shows_the_answer(daemon: Daemon, point: str) -> None:
    daemon.start()
    conversation, approval = ask(daemon)
    daemon.stop()
    daemon.start(first=ARMED.format(point=point))

    decide(daemon, approval)
    died(daemon)

    assert decide(daemon, approval) == 409
    answered_once(daemon, conversation, approval)


@pytest.mark.parametrize("point", ["host.before_stdin", "host.after_stdin"])
def test_the_host_dies_at_giving_the_answer(daemon: Daemon, point: str) -> None:
    """Handshake and prompt come before it. Its agent goes with it; what it had begun may be done."""
    daemon.start(AGENTGUID_FAILPOINT=f"{point}:3")
    conversation, approval = ask(daemon)
    (host,) = daemon.hosts()

    assert decide(daemon, approval) == 200

    row = daemon.ended(conversation)
    assert row["status"] == "interrupted", row
    assert row["error"].endswith("."), row
    wait_for(lambda: not daemon.hosts(), "the host to be gone")
    assert host not in daemon.descendants()
    assert daemon.inputs().count(f"answer:{approval}") == 1
    assert len(of_type(daemon, conversation, "approval.decided")) == 1
    assert len(of_type(daemon, conversation, "tool.finished")) == 1
    assert daemon.api("GET", "/approvals")["approvals"] == []
    daemon.send(conversation, "emit 1")
    assert daemon.ended(conversation)["status"] == "complete"
    assert daemon.inputs().count(f"answer:{approval}") == 1, "it was given to another agent"
