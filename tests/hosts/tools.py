"""What the tests of hosts share: small programs as children, and waiting for what must come."""

import asyncio
import sys
import time
from collections.abc import Callable

from agentguid.hosts import tape
from agentguid.hosts.lines import Line, Splitter
from agentguid.hosts.link import Link, Spec
from agentguid.hosts.tape import Record
from agentguid.paths import Places

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code, *arguments]


def shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def spec(argv: list[str], host: str = "h", **fields: object) -> Spec:
    return Spec(**{"host": host, "argv": argv, "cwd": "/", "env": ENV, **fields})  # type: ignore[arg-type]


def records(places: Places, host: str = "h") -> list[Record]:
    return list(tape.Reader(places.tapes / host).records())


def lines(places: Places, host: str = "h") -> list[Line]:
    splitter = Splitter()
    return [line for record in records(places, host) for line in splitter.feed(record)]


def said(places: Places, direction: int = tape.OUT, host: str = "h") -> bytes:
    """All that the child wrote, as far as it is on the tape."""
    return b"".join(record.payload for record in records(places, host) if record.direction == direction)


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Waits for a condition; fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come in time"
        await asyncio.sleep(0.01)


async def ended(link: Link, places: Places, seconds: float = 60) -> dict[str, str]:
    """Reads and acknowledges as the daemon does until the host is gone; returns the fields of EXIT."""
    reader = tape.Reader(places.tapes / link.host)
    last = None
    async with asyncio.timeout(seconds):
        while True:
            link.grown.clear()
            for record in reader.records():
                last = record
                await asyncio.sleep(0)
            link.acknowledge(reader.offset)
            if not link.alive:
                break
            await link.grown.wait()
    await link.close()
    assert last is not None
    assert last.direction == tape.EXIT
    return tape.fields(last.payload)


def is_alive(pid: int) -> bool:
    """It runs: there, and not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def status(pid: int, name: str) -> int:
    """A field of /proc/<pid>/status, in kB."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))
