"""Recordings of genuine ACP agents, played as real processes under a real daemon, each under its own name on PATH."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents import replay
from tests.agents.recordings import FOLDER
from tests.support.daemon import Daemon, wait_for

Played = Callable[[str], Daemon]


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    """A daemon that finds the agent of a recording."""
    running: list[Daemon] = []

    def make(name: str) -> Daemon:
        agent = name.partition("/")[0]
        program = agent if agent == "codex-acp" else agent.removesuffix("-acp")
        replay.install(tmp_path / "programs", FOLDER / f"{name}.ndjson.gz", program, "1.0 (replay)")
        daemon = Daemon(tmp_path, PATH=f"{tmp_path / 'programs'}:{os.environ['PATH']}")
        running.append(daemon)
        return daemon.start()

    yield make
    for daemon in running:
        daemon.close()


def events(daemon: Daemon, conversation: str, type_: str) -> list[dict[str, Any]]:
    return [event["data"] for event in daemon.events(0, conversation) if event["type"] == type_]


def messages(daemon: Daemon, conversation: str) -> list[str]:
    items = events(daemon, conversation, "item.added")
    return [item["body"]["text"] for item in items if item["kind"] == "message"]


def decide(daemon: Daemon, decision: str = "allow_once") -> dict[str, Any]:
    [approval] = wait_for(
        lambda: daemon.api("GET", "/approvals")["approvals"], f"a request\n{daemon.log()[-2000:]}"
    )
    daemon.api("POST", f"/approvals/{approval['id']}", {"decision": decision})
    found: dict[str, Any] = approval
    return found


def test_gemini_asks_for_a_call_that_it_never_announced(played: Played) -> None:
    daemon = played("gemini-acp/permission-allow")
    conversation = daemon.conversation("gemini")
    daemon.send(conversation, "anything")
    asked = decide(daemon)

    assert [option["name"] for option in asked["options"]] == ["Allow", "Allow for this session", "Reject"]
    turn = daemon.ended(conversation)
    assert (turn["status"], turn["usage"]["input_tokens"]) == ("complete", 13250)
    [started] = events(daemon, conversation, "tool.started")
    assert json.loads(started["input"]["text"])["command"] == "touch made-by-agent.txt && echo made"


def test_opencode_has_a_file_written_for_it_only_where_it_works(played: Played) -> None:
    """It was recorded in another folder, so the daemon refuses; the recording goes on with whatever the answer is."""
    daemon = played("opencode-acp/permission-write-allow")
    conversation = daemon.conversation("opencode")
    daemon.send(conversation, "anything")
    decide(daemon)

    assert daemon.ended(conversation)["status"] == "complete"
    assert not (daemon.work / "note.txt").exists()
    assert len([name for name in daemon.inputs() if name.startswith("serve:")]) == 1


def test_qwen_writes_a_line_of_half_a_megabyte(played: Played) -> None:
    daemon = played("qwen-acp/simple")
    conversation = daemon.conversation("qwen")
    daemon.send(conversation, "anything")

    assert daemon.ended(conversation)["status"] == "complete"
    assert messages(daemon, conversation)[0].startswith("Hello!")


def test_codex_ends_its_turn_when_it_is_told_no(played: Played) -> None:
    daemon = played("codex-acp/permission-deny")
    conversation = daemon.conversation("codex-acp")
    daemon.send(conversation, "anything")
    decide(daemon, "reject_once")

    assert daemon.ended(conversation)["status"] == "interrupted"
    assert events(daemon, conversation, "tool.finished")[0]["failed"]


def test_copilots_error_is_an_error_although_it_says_that_all_is_well(played: Played) -> None:
    daemon = played("copilot-acp/error-401")
    conversation = daemon.conversation("copilot")
    daemon.send(conversation, "anything")
    turn = daemon.ended(conversation)

    assert turn["status"] == "error"
    assert "GitHub Copilot is not signed in, or its key was refused" in turn["error"]
    assert messages(daemon, conversation) == []


def test_kimis_old_command_says_where_the_new_one_is(played: Played) -> None:
    daemon = played("kimi-acp/simple")
    conversation = daemon.conversation("kimi")
    daemon.send(conversation, "anything")
    turn = daemon.ended(conversation)

    assert turn["status"] == "error"
    assert "no longer maintained" in turn["error"]


def test_a_session_that_is_loaded_is_not_told_again(played: Played) -> None:
    """Each start of the program plays the next process of the recording."""
    daemon = played("copilot-acp/resume")
    conversation = daemon.conversation("copilot")
    daemon.send(conversation, "one")
    daemon.ended(conversation)
    [host] = daemon.hosts()
    os.kill(host, 9)
    wait_for(lambda: not daemon.hosts(), "the host to be gone")
    sent = daemon.send(conversation, "two")

    assert daemon.ended(conversation, sent["session"]["id"])["status"] == "complete"
    assert messages(daemon, conversation) == [
        "Noted: the word is *papaya*.",
        "You told me the word was papaya.",
    ]
