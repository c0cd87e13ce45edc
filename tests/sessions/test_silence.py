"""An agent that says nothing is named, not ended; one that has nothing to do is ended, and gone on with."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import badagent, showagent
from tests.support.daemon import Daemon, wait_for

SILENT = "has said nothing"
QUICK = {"AGENTGUID_SILENT_SECONDS": "1", "AGENTGUID_IDLE_MINUTES": "0.02"}


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that loses its patience soon, with a `claude` that never speaks."""
    programs = badagent.install(tmp_path / "programs", "silent")
    daemon = Daemon(tmp_path, PATH=f"{programs}:{os.environ['PATH']}", **QUICK).start()
    try:
        yield daemon
    finally:
        daemon.close()


def notices(daemon: Daemon, conversation: str, after: str = "") -> list[dict[str, Any]]:
    """Those that say that the agent is silent, as the log has them: all, or behind the first event of a type. (Until
    its process has begun an agent is silent too.)"""
    events = daemon.events(0, conversation)
    first = next(place for place, e in enumerate(events) if e["type"].startswith(after))
    added = [e["data"] for e in events[first:] if e["type"] == "item.added"]
    return [item for item in added if item["kind"] == "notice" and SILENT in item["body"]["text"]]


def wait_for_notice(daemon: Daemon, conversation: str) -> None:
    wait_for(lambda: notices(daemon, conversation), "silence to be named")


def hosts_of(daemon: Daemon, conversation: str, kind: str = "host.requested") -> list[dict[str, Any]]:
    return [event["data"] for event in daemon.events(0, conversation) if event["type"] == kind]


def active(daemon: Daemon, conversation: str) -> bool:
    latest = daemon.latest(conversation)
    return latest is not None and latest["status"] == "active"


def let_idle_host_end(daemon: Daemon) -> None:
    """So long that whoever was idle before would have been ended as well."""
    other = daemon.conversation("demo")
    daemon.send(other, "emit 1")
    daemon.ended(other)
    wait_for(lambda: hosts_of(daemon, other, "host.ended"), "the idle host to end")


def test_silence_is_named_once_and_not_punished(quick: Daemon) -> None:
    conversation = quick.conversation("claude-code")
    turn = quick.send(conversation, "say something")["session"]["id"]
    wait_for_notice(quick, conversation)
    (host,) = quick.hosts()

    let_idle_host_end(quick)

    wait_for(lambda: quick.hosts() == [host], "only the silent agent to be left")
    assert active(quick, conversation)
    (notice,) = notices(quick, conversation)
    assert (notice["turn"], notice["level"]) == (turn, "warning")
    page = quick.request("GET", f"/conversations/{conversation}")[1].decode()
    assert page.count(SILENT) == 1

    quick.api("POST", f"/conversations/{conversation}/cancel", {})

    assert quick.ended(conversation, turn)["status"] == "interrupted"
    wait_for(lambda: not quick.hosts(), "its host to end")


def test_silence_is_named_once_over_restarts_and_once_a_turn(quick: Daemon) -> None:
    conversation = quick.conversation("claude-code")
    first = quick.send(conversation, "say something")["session"]["id"]
    wait_for_notice(quick, conversation)
    quick.kill()
    quick.start()
    wait_for(
        lambda: b"Silent for" in quick.request("GET", f"/conversations/{conversation}")[1],
        "it to be found again",
    )

    later = quick.conversation("claude-code")
    quick.send(later, "say something")
    wait_for_notice(quick, later)  # so long that the first would have been named again
    let_idle_host_end(quick)

    assert [notice["turn"] for notice in notices(quick, conversation)] == [first]
    assert active(quick, conversation)
    quick.api("POST", f"/conversations/{conversation}/cancel", {})
    assert quick.ended(conversation, first)["status"] == "interrupted"
    second = quick.send(conversation, "and now?")["session"]["id"]
    wait_for(lambda: len(notices(quick, conversation)) == 2, "silence to be named in the next turn")
    assert [notice["turn"] for notice in notices(quick, conversation)] == [first, second]


def test_a_tool_that_runs_long_is_named_by_the_state_and_is_no_silence(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"test it": [{"tool": "Bash", "input": {"command": "pytest -q"}}]}))
    programs = showagent.install(tmp_path / "programs", script)
    daemon = Daemon(tmp_path, PATH=f"{programs}:{os.environ['PATH']}", **QUICK).start()
    try:
        conversation = daemon.conversation("claude-code")
        daemon.send(conversation, "test it")

        def page() -> str:
            return daemon.request("GET", f"/conversations/{conversation}")[1].decode()

        said = '<span class="vh">: Bash for less than a minute: pytest -q</span>'
        wait_for(lambda: said in page(), "the state to say what runs and for how long")
        assert "<span>Running</span>" in page()
        assert notices(daemon, conversation, after="tool.started") == []
        assert active(daemon, conversation)
    finally:
        daemon.close()


def test_an_agent_that_speaks_is_not_called_silent(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, AGENTGUID_SILENT_SECONDS="3").start()
    try:
        conversation = daemon.conversation("demo")
        daemon.send(conversation, "emit 20 rate 5")

        assert daemon.ended(conversation)["status"] == "complete"
        assert notices(daemon, conversation, after="item.added") == []
    finally:
        daemon.close()


def test_an_idle_host_is_ended_and_the_next_prompt_resumes(quick: Daemon) -> None:
    conversation = quick.conversation("demo")
    for prompts in (1, 2):
        quick.send(conversation, "emit 3")
        assert quick.ended(conversation)["status"] == "complete"
        wait_for(
            lambda prompts=prompts: len(hosts_of(quick, conversation, "host.ended")) == prompts,
            "the idle host to end",
        )
        wait_for(lambda: not quick.hosts(), "its process to be gone")

    (identified, *_) = hosts_of(quick, conversation, "session.identified")
    first, second = hosts_of(quick, conversation)
    assert first.get("resume") is None
    assert second["resume"] == identified["session"]
    assert {e["data"].get("outcome") for e in quick.events(0, conversation) if e["type"] == "turn.ended"} == {
        "complete"
    }


def test_a_host_whose_agent_waits_for_an_answer_is_not_idle(quick: Daemon) -> None:
    conversation = quick.conversation("demo")
    quick.send(conversation, "ask")
    (approval,) = wait_for(lambda: quick.api("GET", "/approvals")["approvals"], "the request")
    (host,) = quick.hosts()

    let_idle_host_end(quick)

    wait_for(lambda: quick.hosts() == [host], "only the asking agent to be left")
    quick.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once"})
    assert quick.ended(conversation)["status"] == "complete"
