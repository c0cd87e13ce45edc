"""A replayed recording is as good as the agent: through real pipes it gives the facts of its golden file."""

import asyncio
from pathlib import Path

import pytest

from agentguid.agents import acp, claude, codex
from agentguid.agents.discovery import ask_version
from agentguid.protocol.events import SessionIdentified, ToolFinished, TurnEnded
from agentguid.protocol.items import Decision
from tests.agents import codex_recordings, replay
from tests.agents.acp_recordings import entry_of
from tests.agents.driver import Run
from tests.agents.recordings import FOLDER


@pytest.mark.parametrize(
    ("name", "prompts", "outcomes", "tools"),
    [
        ("multi", 1, ["complete"], 5),
        ("error-529", 1, ["error"], 0),
        ("error-400-too-long", 2, ["error", "complete"], 0),
    ],
)
def test_a_recording_plays(tmp_path: Path, name: str, prompts: int, outcomes: list[str], tools: int) -> None:
    program = replay.install(tmp_path / "bin", name)
    run = asyncio.run(Run(claude, tmp_path, binary=str(program)).go(["anything"] * prompts))

    assert [end.outcome for end in run.of(TurnEnded)] == outcomes
    assert len(run.of(ToolFinished)) == tools


def test_each_start_plays_the_next_process(tmp_path: Path) -> None:
    program = replay.install(tmp_path / "bin", "resume")
    first, second = (
        asyncio.run(Run(claude, tmp_path, binary=str(program)).go(["anything"]))
        .of(SessionIdentified)[0]
        .session
        for _ in range(2)
    )

    assert first == second
    assert (tmp_path / "bin" / "resume.ndjson.gz.starts").read_text() == "2"


def test_an_interrupted_recording_waits_for_the_interrupt(tmp_path: Path) -> None:
    program = replay.install(tmp_path / "bin", "cancel")
    run = asyncio.run(
        Run(claude, tmp_path, binary=str(program)).go(["one", "two"], stop=lambda outputs: len(outputs) > 5)
    )

    assert [end.outcome for end in run.of(TurnEnded)] == ["interrupted", "complete"]


def test_it_says_its_version(tmp_path: Path) -> None:
    program = replay.install(tmp_path, "simple")

    assert asyncio.run(ask_version(str(program), {"PATH": "/usr/bin:/bin"})) == (
        "2.1.330 (Claude Code)",
        None,
    )


@pytest.mark.parametrize(
    ("name", "decision", "outcome", "tools"),
    [
        ("gemini-acp/multi", "allow_once", "complete", 5),
        ("opencode-acp/multi", "allow_once", "complete", 5),
        ("copilot-acp/permission-deny", "reject_once", "complete", 1),
        ("codex-acp/permission-allow", "allow_once", "complete", 1),
        ("qwen-acp/permission-write-allow", "allow_once", "complete", 1),
        ("gemini-acp/error-401", None, "error", 0),
    ],
)
def test_a_recording_of_an_acp_agent_plays(
    tmp_path: Path, name: str, decision: Decision | None, outcome: str, tools: int
) -> None:
    """Whatever this client sets beforehand, and however it numbers."""
    program = replay.install(tmp_path / "bin", FOLDER / f"{name}.ndjson.gz", "agent")
    run = Run(acp.dialect(entry_of(name)), tmp_path, binary=str(program))
    asyncio.run(run.go(["anything"], decision=decision))

    assert [end.outcome for end in run.of(TurnEnded)] == [outcome]
    assert len(run.of(ToolFinished)) == tools


@pytest.mark.parametrize(
    ("name", "decision", "outcome", "tools"),
    [
        ("multi", None, "complete", 5),
        ("permission-command-allow", "allow_once", "complete", 1),
        ("permission-write-deny", "reject_once", "complete", 1),
        ("subagent-permission", "allow_once", "complete", 3),
        ("error-429", None, "error", 0),
    ],
)
def test_a_recording_of_codex_plays(
    tmp_path: Path, name: str, decision: Decision | None, outcome: str, tools: int
) -> None:
    program = replay.install(tmp_path / "bin", FOLDER / f"codex-app-server/{name}.ndjson.gz", "codex")
    run = Run(codex.dialect(codex_recordings.ENTRY), tmp_path, binary=str(program))
    asyncio.run(run.go(["anything"], decision=decision))

    assert [end.outcome for end in run.of(TurnEnded)] == [outcome]
    assert len(run.of(ToolFinished)) == tools
