"""A command that an agent had us run comes to its end for the agent, whatever its host does."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from agentguid.agents.commands import Run
from agentguid.effects.terminal import Terminal
from agentguid.effects.terminals import end_commands
from agentguid.hosts import link
from agentguid.paths import Places
from agentguid.protocol.errors import AgentFailed


@pytest.mark.anyio
async def test_a_host_that_falls_silent_and_comes_round_is_still_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, pid = await silent(tmp_path, monkeypatch)

    os.kill(pid, signal.SIGCONT)
    await terminal.end()

    assert terminal.over
    await terminal.leave()


@pytest.mark.anyio
async def test_a_host_that_stays_silent_is_ended_when_the_command_is_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, _ = await silent(tmp_path, monkeypatch)

    await terminal.end()

    assert terminal.over
    assert not link.held(Places(tmp_path / "data", tmp_path / "config", tmp_path / "run"), "t")
    await terminal.leave()


@pytest.mark.anyio
async def test_a_command_whose_host_is_silent_ends_with_its_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentguid.effects.terminal.PATIENCE", 0.1)
    terminal, _ = await silent(tmp_path, monkeypatch, "agent-t1")
    await terminal.leave()
    monkeypatch.setattr(link, "ANSWER", 10.0)
    places = Places(tmp_path / "data", tmp_path / "config", tmp_path / "run")
    assert link.held(places, "agent-t1")

    await end_commands(places, "agent")

    assert not link.held(places, "agent-t1")


async def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str = "t") -> tuple[Terminal, int]:
    """A command whose host has been stopped, and found not to answer more than once; and that host."""
    places = Places(tmp_path / "data", tmp_path / "config", tmp_path / "run")
    for folder in (places.tapes, places.hosts):
        folder.mkdir(parents=True)
    begun, silences = asyncio.Event(), asyncio.Event()
    terminal = Terminal(places, name, begun.set)
    terminal.start(
        Run("r", terminal=name, command="sleep", args=("1000",), env={}, cwd="."),
        str(tmp_path),
        {"PATH": os.environ["PATH"]},
    )
    await begun.wait()
    connected = terminal._link
    assert connected
    monkeypatch.setattr(link, "ANSWER", 0.2)
    real, seen = link.Link.connect, []

    async def connect(*where: object) -> object:
        try:
            return await real(*where)  # type: ignore[arg-type]
        except AgentFailed:
            seen.append(where)
            if len(seen) > 1:
                silences.set()
            raise

    monkeypatch.setattr(link.Link, "connect", connect)
    os.kill(connected.pid, signal.SIGSTOP)
    with pytest.raises(AgentFailed):
        await connected.offer("x", b"")
    await silences.wait()
    return terminal, connected.pid
