"""What all benchmarks share: processes' costs, distributions, readers of a page's stream."""

import os
import re
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.daemon import Daemon

TOKEN = re.compile(rb"@seq:(\d+):(\d+)@")
"""What the demo agent writes into each line: its number and CLOCK_MONOTONIC in nanoseconds."""
TICKS = os.sysconf("SC_CLK_TCK")


def spread(values: Sequence[float]) -> dict[str, float | int]:
    """p50, p95, p99 and the largest, rounded to a microsecond's thousand."""
    if not values:
        return {"n": 0}
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return {"n": len(ordered), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": round(ordered[-1], 3)}


def median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time that the processes have used so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory(pid: int, what: str = "VmRSS") -> float:
    """Resident memory in MiB; `VmHWM` for the highest."""
    found = re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return round(int(found[1]) / 1024, 1) if found else 0.0


def working(daemon: Daemon, conversation: str) -> bool:
    """Its latest turn has not ended. A cheap question, which is to be asked rarely: it must not show in what is measured."""
    turn = daemon.latest(conversation)
    return turn is None or turn["status"] in ("active", "pending")


def ended(daemon: Daemon, conversation: str, patience: float = 180) -> float:
    """When its latest turn ended, by the log, in seconds since the epoch."""
    deadline = time.monotonic() + patience
    while working(daemon, conversation):
        assert time.monotonic() < deadline, f"the turn did not end in {patience} s"
        time.sleep(0.1)
    turn = daemon.latest(conversation)
    assert turn
    return float(turn["completed_at"]) / 1000


def python_loop() -> float:
    """Milliseconds of a loop of two million additions: how fast this machine is at the moment, to compare runs by."""
    began = time.perf_counter()
    total = 0
    for number in range(2_000_000):
        total += number
    return round((time.perf_counter() - began) * 1000, 1)


def fsync_floor(folder: Path, rate: float, seconds: float) -> dict[str, float | int]:
    """Milliseconds of an appending write of 4 KiB with fdatasync, at a pace: what no durable log can beat."""
    taken = []
    target = folder / "floor"
    handle = os.open(target, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        end = time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            os.write(handle, b"x" * 4096)
            os.fdatasync(handle)
            taken.append((time.monotonic() - began) * 1000)
            time.sleep(max(0.0, 1 / rate - (time.monotonic() - began)))
    finally:
        os.close(handle)
        target.unlink()
    return spread(taken)


@dataclass
class Reader:
    """One open page: keeps what came over its stream with the time when it came; looked at afterwards."""

    chunks: list[tuple[int, bytes]] = field(default_factory=list)

    def arrivals(self) -> tuple[list[int], list[float]]:
        """The numbers of the tokens, each once, and the milliseconds from the agent's write to our read."""
        seen: list[int] = []
        taken: list[float] = []
        rest = b""
        for now, chunk in self.chunks:
            data, end = rest + chunk, 0
            for token in TOKEN.finditer(data):
                end = token.end()
                if not seen or int(token[1]) > seen[-1]:
                    seen.append(int(token[1]))
                    taken.append((now - int(token[2])) / 1e6)
            rest = data[max(end, len(data) - 64) :]
        return seen, taken


def read_pages(
    socket_: Path, path: str, count: int, last: int, ready: threading.Event, seconds: float
) -> list[Reader]:
    """Opens the stream `count` times and reads until token number `last` has come to all, they have ended, or time is up.

    One loop without a framework: with 50 pages its own time would be in the figures.
    """
    selector = selectors.DefaultSelector()
    readers = []
    for _ in range(count):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(socket_))
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        connection.setblocking(False)
        readers.append(Reader())
        selector.register(connection, selectors.EVENT_READ, readers[-1])
    behind = set(map(id, readers))
    goal, end = f"@seq:{last}:".encode(), time.monotonic() + seconds
    while selector.get_map() and time.monotonic() < end:
        for key, _ in selector.select(0.1):
            data = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]
            key.data.chunks.append((time.monotonic_ns(), data))
            if b"caught-up" in data:
                behind.discard(id(key.data))
                if not behind:
                    ready.set()
            if not data or goal in data:
                selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return readers


class Probe(threading.Thread):
    """Another request, again and again, while the daemon is busy with something else."""

    def __init__(self, ask: Callable[[], Any], pause: float = 0.02) -> None:
        super().__init__(daemon=True)
        self._ask, self._pause = ask, pause
        self._done = threading.Event()
        self.taken: list[float] = []
        """Milliseconds of each."""

    def run(self) -> None:
        while not self._done.wait(self._pause):
            began = time.perf_counter()
            self._ask()
            self.taken.append((time.perf_counter() - began) * 1000)

    def stop(self) -> None:
        self._done.set()
        self.join()
