"""Genuine ACP agents that do not come to an end: one whose sub-agent waits for ever, one that lives on without work."""

import gzip
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents import replay
from tests.agents.recordings import FOLDER
from tests.sessions.test_acp_replay import events, messages
from tests.support.daemon import Daemon, wait_for

Beside = Callable[..., Daemon]
TASK = {"description": "Look around", "prompt": "Which files are there?", "subagent_type": "general"}
CALL = {"toolCallId": "call_1", "title": "task", "kind": "other", "rawInput": TASK}


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    """A daemon that finds the programs that lie in `programs`."""
    running: list[Daemon] = []

    def make(**environ: str) -> Daemon:
        path = f"{tmp_path / 'programs'}:{os.environ['PATH']}"
        running.append(Daemon(tmp_path, PATH=path, **environ))
        return running[-1].start()

    yield make
    for daemon in running:
        daemon.close()


def stuck(folder: Path, *updates: dict[str, Any]) -> Path:
    """A recording of OpenCode up to its prompt, what it says then, and nothing more: neither to a stop nor ever."""
    with gzip.open(FOLDER / "opencode-acp" / "simple.ndjson.gz", "rt") as file:
        records = [json.loads(line) for line in file]
    place = next(at for at, one in enumerate(records) if '"session/prompt"' in one["line"])
    session = json.loads(records[place]["line"])["params"]["sessionId"]
    for update in updates:
        params = {"sessionId": session, "update": update}
        line = json.dumps({"jsonrpc": "2.0", "method": "session/update", "params": params})
        records.insert(place + 1, {"t": 0, "dir": "out", "line": line})
        place += 1
    path = folder / "stuck.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in records[: place + 1]))
    return path


@pytest.mark.parametrize("announced", [True, False])
def test_opencodes_sub_agent_that_waits_for_ever_is_shown_and_can_be_stopped(
    tmp_path: Path, beside: Beside, announced: bool
) -> None:
    """A sub-agent that wants permission asks nobody. Its call is named as what runs; without one the agent is silent."""
    text = {"type": "text", "text": "I hand this on."}
    said = [{"sessionUpdate": "agent_message_chunk", "messageId": "m1", "content": text}]
    call = [{"sessionUpdate": "tool_call", **CALL, "status": "in_progress"}] if announced else []
    replay.install(tmp_path / "programs", stuck(tmp_path, *said, *call), "opencode", "1.0 (replay)")
    daemon = beside(AGENTGUID_SILENT_SECONDS="1")
    conversation = daemon.conversation("opencode")
    turn = daemon.send(conversation, "delegate")["session"]["id"]

    def page() -> str:
        return daemon.request("GET", f"/conversations/{conversation}")[1].decode()

    shown = ": task for less than a minute" if announced else "has said nothing for 1 s"
    wait_for(lambda: shown in page(), "the page to say what it waits for")
    assert len(daemon.hosts()) == 1
    assert daemon.api("GET", "/approvals")["approvals"] == []
    assert b"a sub-agent of yours that wants permission waits for ever: stop it then" in daemon.request(
        "GET", "/agents"
    )[1].replace(b"\n", b" ")

    daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert daemon.ended(conversation, turn)["status"] == "interrupted"
    wait_for(lambda: not daemon.hosts(), "its host to be gone")
    assert [one["incomplete"] for one in events(daemon, conversation, "tool.finished")] == [True] * announced


def resumed(folder: Path) -> Path:
    """Qwen's two processes. Its session was loaded; resumed, as it offers too, it tells nothing again."""
    path, telling = folder / "resume.ndjson", False
    with gzip.open(FOLDER / "qwen-acp" / "resume.ndjson.gz", "rt") as file, path.open("w") as to:
        for line in file:
            telling = (telling or "session/load" in line) and '"id\\":2,' not in line
            if not telling or "session/load" in line:
                to.write(line.replace("session/load", "session/resume"))
    return path


def test_qwen_that_lives_on_without_work_keeps_nobody_waiting(tmp_path: Path, beside: Beside) -> None:
    """It exits late when its input is closed. A message that comes meanwhile goes to another process of it."""
    program = replay.install(tmp_path / "programs", resumed(tmp_path), "played", "1.0 (replay)")
    late = program.with_name("qwen")
    late.write_text(
        f"#!{sys.executable}\nimport os, subprocess, sys, time\n"
        f"subprocess.call([{str(program)!r}, *sys.argv[1:]])\n"
        f'if "--version" not in sys.argv:\n    open({str(tmp_path / "closed")!r}, "a").close()\n    time.sleep(600)\n'
    )
    late.chmod(0o755)
    daemon = beside(AGENTGUID_IDLE_MINUTES="0.01")
    conversation = daemon.conversation("qwen")
    daemon.send(conversation, "one")
    daemon.ended(conversation)
    wait_for((tmp_path / "closed").exists, "its input to be closed")
    sent = daemon.send(conversation, "two")

    assert daemon.ended(conversation, sent["session"]["id"])["status"] == "complete"
    assert messages(daemon, conversation)[-1] == "You told me the word was papaya."
    wait_for(lambda: not daemon.hosts(), "both to be gone")
    assert {one["code"] for one in events(daemon, conversation, "host.ended")} == {-15}
    kinds = [one["kind"] for one in events(daemon, conversation, "item.added")]
    assert "notice" not in kinds
