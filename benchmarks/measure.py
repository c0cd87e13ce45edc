"""What all benchmarks share: processes' costs, distributions, readers of a page's stream."""

import asyncio
import os
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    """One open page: reads the raw bytes of its stream and notes when each line's token came."""

    socket: Path
    path: str
    latencies: list[float] = field(default_factory=list)
    """Milliseconds from the agent's write to our read."""
    seen: list[int] = field(default_factory=list)
    received: int = 0
    """Bytes."""

    async def run(self, last: int) -> None:
        """Until the token number `last` has come."""
        reader, writer = await asyncio.open_unix_connection(str(self.socket), limit=1 << 22)
        writer.write(
            f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        rest = b""
        try:
            while last not in self.seen[-1:]:
                data = await reader.read(1 << 18)
                if not data:
                    break
                now = time.monotonic_ns()
                self.received += len(data)
                rest = self._note(rest + data, now)
        finally:
            writer.close()

    def _note(self, data: bytes, now: int) -> bytes:
        end = 0
        for token in TOKEN.finditer(data):
            end = token.end()
            number = int(token[1])
            if not self.seen or number > self.seen[-1]:
                self.seen.append(number)
                self.latencies.append((now - int(token[2])) / 1e6)
        return data[max(end, len(data) - 64) :]


class Probe:
    """Another request, again and again, while the daemon is busy with something else."""

    def __init__(self, ask: Any, pause: float = 0.02) -> None:
        self._ask, self._pause = ask, pause
        self.taken: list[float] = []

    async def run(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.to_thread(self._ask)
            self.taken.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(self._pause)
