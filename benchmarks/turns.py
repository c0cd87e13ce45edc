"""A turn's lines from the agent's write to the page's socket: latency at a pace, and rate at full speed."""

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.measure import (
    TOKEN,
    Probe,
    Reader,
    cpu_seconds,
    ended,
    fsync_floor,
    memory,
    read_pages,
    spread,
)
from tests.support.daemon import Daemon


def _stream(daemon: Daemon, conversation: str) -> str:
    position = daemon.api("GET", f"/conversations/{conversation}")["conversation"]["position"]
    return f"/gm/stream?conversation={conversation}&after={position}"


class Pages(threading.Thread):
    """Open pages that read in a thread of their own."""

    def __init__(self, daemon: Daemon, conversation: str, count: int, last: int) -> None:
        super().__init__(daemon=True)
        self._given = (daemon.socket, _stream(daemon, conversation), count, last)
        self._ready = threading.Event()
        self.readers: list[Reader] = []
        self.start()
        self._ready.wait(30)

    def run(self) -> None:
        self.readers = read_pages(*self._given, self._ready, 120)


def latency(root: Path, readers: int, lines: int = 500, rate: int = 50) -> dict[str, Any]:
    """Milliseconds from line to socket at `rate` lines a second, beside the fsync floor of the same minute."""
    daemon = Daemon(root).start()
    try:
        conversation = daemon.conversation()
        daemon.send(conversation, "emit 50 rate 100 size 470")
        daemon.ended(conversation)
        assert daemon.process
        before = cpu_seconds([daemon.process.pid])
        pages = Pages(daemon, conversation, readers, lines - 1)
        daemon.send(conversation, f"emit {lines} rate {rate} size 470")
        pages.join()
        spent = cpu_seconds([daemon.process.pid]) - before
        arrived = [page.arrivals() for page in pages.readers]
        lost = sum(lines - len(seen) for seen, _ in arrived)
        every = [value for _, taken in arrived for value in taken]
        floor = fsync_floor(root, rate, 5)
        return {
            "readers": readers,
            "rate": rate,
            "ms": spread(every),
            "fsync_floor_ms": floor,
            "lost": lost,
            "daemon_cpu_ms_per_line": round(spent * 1000 / lines, 3),
        }
    finally:
        daemon.close()


def flood(root: Path, prompt: str, lines: int, readers: int = 1) -> dict[str, Any]:
    """Everything at full speed: rate, cost, latency meanwhile, other requests meanwhile."""
    daemon = Daemon(root).start()
    try:
        conversation = daemon.conversation()
        daemon.send(conversation, "emit 10")  # the host is up and warm
        daemon.ended(conversation)
        # A page is opened before it is kept up to date.
        daemon.request("GET", f"/conversations/{conversation}")
        assert daemon.process
        pids = [daemon.process.pid, *daemon.hosts()]
        warm = daemon.events(0, conversation)[-1]["position"]
        before = cpu_seconds(pids)

        pages = Pages(daemon, conversation, readers, lines - 1)
        probe = Probe(lambda: daemon.request("GET", "/api/conversations"))
        probe.start()
        began = time.time()
        daemon.send(conversation, prompt)
        took = ended(daemon, conversation) - began
        probe.stop()
        pages.join()
        spent = cpu_seconds(pids) - before
        return {
            "lines": lines,
            "seconds": round(took, 3),
            "lines_per_second": round(lines / took),
            "cpu_us_per_line": round(spent * 1e6 / lines, 1),
            "latency_ms": spread([value for page in pages.readers for value in page.arrivals()[1]]),
            "probe_ms": spread(probe.taken),
            "peak_rss_mb": memory(daemon.process.pid, "VmHWM"),
            **counted(daemon, conversation, warm, lines),
        }
    finally:
        daemon.close()


def counted(daemon: Daemon, conversation: str, after: int, lines: int) -> dict[str, int]:
    """How many of the turn's numbers the log lacks, and how many it holds more than once, from a position on."""
    found: Counter[int] = Counter()
    while events := daemon.events(after, conversation):
        for event in events:
            body = (event["data"] or {}).get("body") or {}
            found.update(int(token[1]) for token in TOKEN.finditer(_whole(daemon, body)))
        after = events[-1]["position"]
    wanted = range(lines)
    return {
        "lost": sum(found[number] == 0 for number in wanted),
        "doubled": sum(found[number] > 1 for number in wanted),
    }


def _whole(daemon: Daemon, body: dict[str, Any]) -> bytes:
    if body.get("blob"):
        return daemon.request("GET", f"/blobs/{body['blob']}")[1]
    return str(body.get("text", "")).encode()
