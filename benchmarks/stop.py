"""How long a stop takes: of an agent that obeys its protocol, and of one that nothing but SIGKILL ends."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import spread
from tests.hosts.tools import is_alive
from tests.support import badagent
from tests.support.daemon import Daemon, wait_for

PROMISED_MS = 5000


def stop(root: Path, rounds: int = 10) -> dict[str, Any]:
    """Milliseconds from the request to the end of the turn in the log, and to that of the last process, its own and all that
    it started: four in sessions of their own or without a parent. Who obeys lives on, for the next turn."""
    programs = badagent.install(root / "programs", "stubborn")
    daemon = Daemon(root, PATH=f"{programs}:{os.environ['PATH']}").start()
    try:
        obedient = daemon.conversation()
        ended = [_stopped(daemon, obedient, "emit 100000 rate 50", _said)[0] for _ in range(rounds)]
        defiant = daemon.conversation("claude-code")
        both = [_stopped(daemon, defiant, "begin", _family) for _ in range(rounds)]
        return {
            "promised_ms": PROMISED_MS,
            "obedient_turn_ms": spread(ended),
            "stubborn_turn_ms": spread([turn for turn, _ in both]),
            "stubborn_processes_ms": spread([processes for _, processes in both]),
        }
    finally:
        daemon.close()


def _stopped(
    daemon: Daemon, conversation: str, prompt: str, working: Callable[[Daemon, str], list[int]]
) -> tuple[float, float]:
    """Until the turn has ended, and until the processes have that `working` gives once the agent is at work."""
    turn = daemon.send(conversation, prompt)["session"]["id"]
    processes = wait_for(lambda: working(daemon, conversation), "the agent to be at work")
    began = time.perf_counter()
    daemon.api("POST", f"/conversations/{conversation}/cancel")
    daemon.ended(conversation, turn)
    ended = (time.perf_counter() - began) * 1000
    wait_for(lambda: not any(map(is_alive, processes)), "its processes to be gone")
    return ended, (time.perf_counter() - began) * 1000


def _said(daemon: Daemon, conversation: str) -> list[int]:
    """No process is to end: a number that no process has."""
    turn = daemon.latest(conversation)
    said = [event for event in daemon.events(0, conversation) if event["type"] == "item.added"]
    mine = [event for event in said if turn and event["data"].get("turn") == turn["id"]]
    return [0] if any(event["data"]["kind"] == "message" for event in mine) else []


def _family(daemon: Daemon, _: str) -> list[int]:
    """The agent and those that it started, once all of them are there."""
    file = daemon.work / "family"
    numbers = [int(word) for word in file.read_text().split()] if file.exists() else []
    if len(numbers) < badagent.FAMILY:
        return []
    file.unlink()
    return numbers
