"""How long a restart of the daemon is felt, with ten agents at work."""

import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import read_pages, spread
from tests.support.daemon import Daemon, wait_for

AGENTS = 10
RATE = 50


def restart(root: Path, rounds: int = 3) -> dict[str, Any]:
    """Milliseconds from SIGTERM to the first answer of the next daemon, and the longest silence on an open page.

    Ten agents write fifty lines a second each meanwhile; `lost` of them are not in the log once and in order afterwards.
    """
    lines = RATE * 4 * (rounds + 1)
    daemon = Daemon(root).start()
    try:
        conversations = [daemon.conversation() for _ in range(AGENTS)]
        for conversation in conversations:
            daemon.send(conversation, f"emit {lines} rate {RATE}")
        wait_for(lambda: len(daemon.hosts()) == AGENTS, "ten agents")
        agents = set(daemon.descendants()) - {daemon.process.pid if daemon.process else 0}
        page = _Page(daemon, conversations[0], lines)
        page.start()
        away = []
        for _ in range(rounds):
            time.sleep(2)
            began = time.perf_counter()
            daemon.stop()
            stopped = time.perf_counter()
            daemon.start()
            away.append((stopped - began, time.perf_counter() - began))
        for conversation in conversations:
            daemon.ended(conversation, patience=120)
        page.join(30)
        lost = sum(_said(daemon, one) != list(range(lines)) for one in conversations)
        return {
            "stop_ms": spread([stop * 1000 for stop, _ in away]),
            "away_ms": spread([whole * 1000 for _, whole in away]),
            "page_silent_ms": page.longest(),
            "agents_restarted": len(agents - set(daemon.descendants())),
            "conversations_with_a_loss": lost,
        }
    finally:
        daemon.close()


class _Page(threading.Thread):
    """An open page that comes back at once whenever its stream ends."""

    def __init__(self, daemon: Daemon, conversation: str, lines: int) -> None:
        super().__init__(daemon=True)
        self._daemon, self._lines = daemon, lines
        self._path = f"/gm/stream?conversation={conversation}"
        self._heard: list[int] = []

    def run(self) -> None:
        last = self._lines - 1
        end = time.monotonic() + 300
        while time.monotonic() < end:
            try:
                (reader,) = read_pages(self._daemon.socket, self._path, 1, last, threading.Event(), 300)
            except OSError:  # nobody is there
                time.sleep(0.02)
                continue
            self._heard += [at for at, data in reader.chunks if b"@seq:" in data]
            if any(f"@seq:{last}:".encode() in data for _, data in reader.chunks):
                return

    def longest(self) -> float:
        """Milliseconds between two pieces of transcript."""
        pauses = [
            (later - earlier) / 1e6 for earlier, later in zip(self._heard, self._heard[1:], strict=False)
        ]
        return round(max(pauses, default=0.0), 1)


def _said(daemon: Daemon, conversation: str) -> list[int]:
    found = daemon.events(conversation=conversation)
    texts = [one["data"]["body"]["text"] for one in found if one["type"] == "item.added"]
    return [int(text.partition("@seq:")[2].partition(":")[0]) for text in texts if "@seq:" in text]
