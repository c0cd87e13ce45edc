"""Ten agents of different kinds at once, one of them at full speed: what the other nine feel of it."""

import time
from pathlib import Path
from typing import Any

from benchmarks.measure import ended, fsync_floor, spread
from benchmarks.turns import Pages
from tests.support import pacer
from tests.support.daemon import Daemon, wait_for

NINE = {
    "claude-code": "claude",
    "codex": "codex",
    "gemini": "gemini",
    "opencode": "opencode",
    "copilot": "copilot",
    "qwen": "qwen",
    "goose": "goose",
    "kilo": "kilo",
    "kimi": "kimi",
}
"""Agents and the programs that play them: three protocols, with each agent's own ways of starting a session."""
LINES, RATE = 100, 10
FLOOD = 1_000_000


def ten(root: Path) -> dict[str, Any]:
    """Milliseconds from line to socket: of each alone, of nine together, of nine beside one that floods."""
    daemon = Daemon(root, PATH=f"{pacer.install(root / 'bin', NINE.values())}:/usr/bin:/bin")
    daemon.start()
    try:
        talks = {agent: daemon.conversation(agent) for agent in NINE}
        for talk in talks.values():
            daemon.send(talk, "emit 5 rate 50")  # the host is up and warm
            ended(daemon, talk)
        alone = {agent: _said(daemon, {agent: talk})[agent] for agent, talk in talks.items()}
        nine = _said(daemon, talks)
        flooded = daemon.conversation()
        daemon.send(flooded, f"emit {FLOOD} size 470")
        wait_for(lambda: daemon.api("GET", f"/conversations/{flooded}/chunks?limit=1")["chunks"], "the flood")
        lines, began = _count(daemon, flooded), time.monotonic()
        ten = _said(daemon, talks)
        lines, took = _count(daemon, flooded) - lines, time.monotonic() - began
        still = daemon.latest(flooded)
        assert still
        assert still["status"] == "active", "the flood ended before it could be felt"
        daemon.api("POST", f"/conversations/{flooded}/cancel", {})
        ended(daemon, flooded)
        return {
            "lines_each": LINES,
            "rate_each": RATE,
            "alone_ms": _spread(alone),
            "nine_ms": _spread(nine),
            "beside_a_flood_ms": _spread(ten),
            "times": {
                agent: round(spread(ten[agent])["p50"] / spread(alone[agent])["p50"], 2) for agent in NINE
            },
            "flood_lines_per_second": round(lines / took),
            "fsync_floor_ms": fsync_floor(root, 50, 5),
        }
    finally:
        daemon.close()


def _spread(found: dict[str, list[float]]) -> dict[str, float | int]:
    return spread([value for taken in found.values() for value in taken])


def _count(daemon: Daemon, conversation: str) -> int:
    """Items of its transcript so far."""
    newest = daemon.api("GET", f"/conversations/{conversation}/chunks?limit=1")["chunks"]
    return int(newest[-1]["sequence"])


def _said(daemon: Daemon, talks: dict[str, str]) -> dict[str, list[float]]:
    """Milliseconds of each line of one turn of each, all at once."""
    pages = {agent: Pages(daemon, talk, 1, LINES - 1) for agent, talk in talks.items()}
    for talk in talks.values():
        daemon.send(talk, f"emit {LINES} rate {RATE}")
        time.sleep(1 / RATE / len(NINE))  # agents do not speak in chorus
    found: dict[str, list[float]] = {}
    for agent, page in pages.items():
        page.join()
        seen, taken = page.readers[0].arrivals()
        assert len(seen) == LINES, f"{agent}: {LINES - len(seen)} lines did not come"
        found[agent] = taken
    for talk in talks.values():
        ended(daemon, talk)
    return found
