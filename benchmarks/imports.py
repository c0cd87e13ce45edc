"""Taking in what agents have left: how fast, in how much memory, and what a live conversation feels of it."""

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import cpu_seconds, memory, spread
from benchmarks.turns import Pages
from tests.support import histories
from tests.support.daemon import Daemon

SESSIONS, MEGABYTES = 500, 200
FULL_SESSIONS, FULL_MEGABYTES = 5000, 2000
"""With AGENTGUID_BENCH_FULL=1."""
RATE, LINES = 20, 400
"""Lines a second of the live conversation, and how many."""


def imports(root: Path) -> dict[str, Any]:
    """All sessions of a home that was written for it, while a conversation says twenty lines a second."""
    full = os.environ.get("AGENTGUID_BENCH_FULL") == "1"
    sessions, megabytes = (FULL_SESSIONS, FULL_MEGABYTES) if full else (SESSIONS, MEGABYTES)
    daemon = Daemon(root)
    written = _write(root / "home", sessions, megabytes * 1_000_000)
    daemon.start()
    try:
        conversation = daemon.conversation()
        daemon.send(conversation, "emit 50 rate 100 size 470")
        daemon.ended(conversation)
        alone = _live(daemon, conversation)
        assert daemon.process
        before = cpu_seconds([daemon.process.pid])
        child = _Child(daemon)
        looked = time.perf_counter()
        daemon.request("GET", "/api/import?limit=0", timeout=300)
        looked = time.perf_counter() - looked
        request = daemon.api("POST", "/import", {})["request"]
        meanwhile: list[float] = []
        while not _over(daemon, request):
            meanwhile += _live(daemon, conversation)
        took = _took(daemon)
        progress = daemon.api("GET", "/import/progress")
        child.stop()
        return {
            "sessions": progress["taken"],
            "megabytes": round(written / 1e6),
            "items": progress["items"],
            "failed": progress["failed"],
            "look_seconds": round(looked, 2),
            "seconds": round(took, 1),
            "megabytes_per_second": round(written / 1e6 / took, 2),
            "items_per_second": round(progress["items"] / took),
            "daemon_cpu_seconds": round(cpu_seconds([daemon.process.pid]) - before, 1),
            "daemon_peak_rss_mb": memory(daemon.process.pid, "VmHWM"),
            "reader_peak_rss_mb": child.peak,
            "live_alone_ms": spread(alone),
            "live_meanwhile_ms": spread(meanwhile),
        }
    finally:
        daemon.close()


def _over(daemon: Daemon, request: str) -> bool:
    progress = daemon.api("GET", "/import/progress")
    return progress["request"] == request and not progress["running"]


def _took(daemon: Daemon) -> float:
    """Seconds from the request to its end."""
    types = "types=import.requested,import.finished"
    _, data = daemon.request(
        "GET", f"/api/events?after=0&{types}", headers={"Accept": "application/x-ndjson"}
    )
    requested, finished = (json.loads(line)["at"] for line in data.splitlines()[:2])
    return float(finished - requested) / 1e6


def _live(daemon: Daemon, conversation: str) -> list[float]:
    """Milliseconds from line to socket of one turn."""
    pages = Pages(daemon, conversation, 1, LINES - 1)
    daemon.send(conversation, f"emit {LINES} rate {RATE} size 470")
    pages.join()
    daemon.ended(conversation, patience=120)
    return [value for page in pages.readers for value in page.arrivals()[1]]


class _Child(threading.Thread):
    """Watches how large the process that reads histories becomes."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon=True)
        self._daemon = daemon
        self._ended = threading.Event()
        self.peak = 0.0
        self.start()

    def run(self) -> None:
        while not self._ended.wait(0.3):
            for pid in self._daemon.descendants():
                try:
                    if b"agentguid-import" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        self.peak = max(self.peak, memory(pid, "VmHWM"))
                except (OSError, AssertionError, StopIteration):
                    continue

    def stop(self) -> None:
        self._ended.set()
        self.join(10)


def _write(home: Path, sessions: int, size: int) -> int:
    """Sessions as Claude Code writes them: most of a file is what tools answered. The sizes differ by a thousand."""
    chance = random.Random(7)
    shares = [chance.paretovariate(1.2) for _ in range(sessions)]
    written = 0
    for number, share in enumerate(shares):
        session = f"66666666-6666-4666-8666-{number:012d}"
        path = home / ".claude" / "projects" / f"-work-p{number % 40}" / f"{session}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            for line in _session(chance, session, f"/work/p{number % 40}", int(size * share / sum(shares))):
                file.write(line)
        written += path.stat().st_size
    return written


def _session(chance: random.Random, session: str, cwd: str, size: int) -> Iterator[str]:
    number = 0
    while size > 0 or number == 0:
        at = f"2026-10-{number // 1440 % 28 + 1:02d}T{number // 60 % 24:02d}:{number % 60:02d}:00.000Z"
        asked, told = histories.said(session, number, f"prompt {number}", "an answer " * 40, at, cwd)
        lines = [json.dumps(asked)]
        for call in range(chance.randrange(1, 6)):
            name, uuid = f"toolu_{number}_{call}", f"{asked['uuid']}-{call}"
            block = {"type": "tool_use", "id": name, "name": "Bash", "input": {"command": "ls -la"}}
            message = {
                **told["message"],
                "id": f"msg_{number}_{call}",
                "content": [block],
                "stop_reason": "tool_use",
            }
            lines.append(json.dumps({**told, "uuid": uuid, "message": message}))
            output = "some output of a tool\n" * chance.choice((3, 30, 300, 1500))
            answer = {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": name, "content": output}],
            }
            lines.append(json.dumps({**asked, "uuid": f"{uuid}-r", "message": answer}))
        lines.append(json.dumps(told))
        number += 1
        for line in lines:
            size -= len(line)
            yield line + "\n"
