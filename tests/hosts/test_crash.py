"""Hosts and daemons die at every place; what is on the tape is a gapless beginning of what was said, nothing twice."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentguid.hosts import tape
from agentguid.hosts.link import Link, reap
from agentguid.hosts.orphans import members
from agentguid.paths import Places
from agentguid.protocol.errors import AgentFailed
from tests.conftest import FULL
from tests.hosts.tools import is_alive, records, said, spec, until

pytestmark = [pytest.mark.anyio, pytest.mark.crash]
ROOT = Path(__file__).parent.parent.parent
ROUNDS = 200 if FULL else 8

CHILD = """
import os, sys, threading
def hear():
    log = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for line in sys.stdin.buffer:
        os.write(log, line)
threading.Thread(target=hear, daemon=True).start()
block = b""
for number in range(2000):
    block += b"%06d\\n" % number
    if number % 7 == 0:
        cut = number % 13
        os.write(1, block[:-cut] if cut else block)
        block = block[-cut:] if cut else b""
os.write(1, block)
sys.stdin.close() if "stay" not in sys.argv else threading.Event().wait()
"""
"""Says 2,000 numbered lines in writes that do not end where lines do; writes what it hears to a file."""
WHOLE = b"".join(b"%06d\n" % number for number in range(2000))


def child(tmp_path: Path, *words: str) -> list[str]:
    return [sys.executable, "-I", "-c", CHILD, str(tmp_path / "heard"), *words]


def heard(tmp_path: Path) -> list[bytes]:
    return (tmp_path / "heard").read_bytes().splitlines() if (tmp_path / "heard").exists() else []


def check(places: Places, tmp_path: Path) -> None:
    """The promise, whatever happened."""
    assert WHOLE.startswith(said(places))
    taped = [record.payload.strip() for record in records(places) if record.direction == tape.IN]
    assert len(taped) == len(set(taped))
    told = heard(tmp_path)
    assert taped[: len(told)] == told


async def live(places: Places, tmp_path: Path) -> None:
    await feed(await Link.spawn(places, spec(child(tmp_path, "stay"))))


async def feed(link: Link) -> None:
    """Sends inputs, each twice, until the host is gone."""
    for number in range(1000):
        for _ in range(2):
            await link.send(f"i{number}", b"i%d\n" % number)


POINTS = [
    "before_spawn",
    "after_spawn",
    "before_tape",
    "after_tape",
    "before_poke",
    "before_stdin",
    "after_stdin",
]


@pytest.mark.parametrize(
    ("point", "passing"),
    [(point, passing) for point in POINTS for passing in ([1] if point.endswith("spawn") else [1, 2, 7])],
)
async def test_a_host_that_dies_at_a_failpoint(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, passing: int
) -> None:
    monkeypatch.setenv("AGENTGUID_FAILPOINT", f"host.{point}:{passing}")
    with pytest.raises(AgentFailed):
        await live(places, tmp_path)
    await until(lambda: not alive(places))
    check(places, tmp_path)
    await reap(places, "h", grace=0.1)
    began = [int(tape.fields(r.payload)["pid"]) for r in records(places) if r.direction == tape.START]
    await until(lambda: all(members(pid) == [] for pid in began))  # who was never let go ends by itself
    if not began:
        assert heard(tmp_path) == []
        assert said(places) == b""
    monkeypatch.delenv("AGENTGUID_FAILPOINT")
    if began:
        with pytest.raises(AgentFailed, match="has had its agent"):
            await Link.spawn(places, spec(["true"]))
    else:
        link = await Link.spawn(places, spec(["cat"]))
        await link.end()
        await link.close()


def alive(places: Places) -> bool:
    try:
        return is_alive(int((places.tapes / "h" / "lock").read_bytes()))
    except (OSError, ValueError):
        return False


async def test_a_child_never_runs_that_the_tape_does_not_know(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGUID_FAILPOINT", "host.after_spawn")
    with pytest.raises(AgentFailed, match="ended before it served"):
        await Link.spawn(places, spec(["touch", str(tmp_path / "ran")]))
    await until(lambda: not any("agentguid-host\0h\0" in commandline(pid) for pid in pids()))
    assert not (tmp_path / "ran").exists()
    assert records(places) == []


def pids() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def commandline(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_a_host_that_dies_at_random(places: Places, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    link = await Link.spawn(places, spec(child(tmp_path, "stay")))
    feeding = asyncio.create_task(feed(link))
    goal = chance.randrange(len(WHOLE))
    await until(lambda: link.tape_end >= goal or link.tape_end > 20_000)
    os.kill(link.pid, signal.SIGKILL)
    with pytest.raises(AgentFailed):
        await feeding
    await until(lambda: not link.alive)
    await link.close()
    check(places, tmp_path)
    await reap(places, "h", grace=0.1)
    check(places, tmp_path)


DAEMON = """
import asyncio, sys
from pathlib import Path
from agentguid.paths import Places
from agentguid.hosts import tape
from agentguid.hosts.link import Link
async def main():
    base = Path(sys.argv[1])
    places = Places(base / "data", base / "config", base / "run")
    link = await Link.connect(places, "h")
    print("up", flush=True)
    reader = tape.Reader(places.tapes / "h")
    for number in range(300):
        await link.send(f"i{number}", b"i%d\\n" % number)
        for _ in reader.records(): pass
        link.acknowledge(reader.offset)
    print("sent", flush=True)
asyncio.run(main())
"""


async def test_daemons_that_die_at_random_send_nothing_twice(places: Places, tmp_path: Path) -> None:
    """Each begins with the first input again; the child hears each once, in order; it never notices a thing."""
    chance = random.Random(7)
    link = await Link.spawn(places, spec(child(tmp_path, "stay")))
    await link.close()
    rounds = min(ROUNDS, 60)
    for turn in range(rounds + 1):
        daemon = subprocess.Popen(
            [sys.executable, "-c", DAEMON, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert daemon.stdout
        assert await asyncio.to_thread(daemon.stdout.readline) == b"up\n"
        if turn < rounds:
            await asyncio.sleep(chance.random() * 0.05)
            daemon.kill()
        await asyncio.to_thread(daemon.wait)
        daemon.stdout.close()
    assert daemon.returncode == 0
    await until(lambda: len(heard(tmp_path)) == 300)
    assert heard(tmp_path) == [b"i%d" % number for number in range(300)]
    await until(lambda: said(places) == WHOLE)
    last = await Link.connect(places, "h")
    assert last
    await last.end(0.5)
    await last.close()
    check(places, tmp_path)


async def test_a_reader_that_starts_anywhere_sees_the_same_tape(places: Places, tmp_path: Path) -> None:
    """Readers that come and go while the host writes: each record once, at the same offset."""
    link = await Link.spawn(places, spec(child(tmp_path, "stay")))
    seen: list[tuple[int, bytes]] = []
    offset = 0
    while b"".join(payload for _, payload in seen)[-7:] != b"001999\n":
        reader = tape.Reader(places.tapes / "h", offset)
        for record in reader.records():
            if record.direction == tape.OUT:
                seen.append((record.offset, record.payload))
            offset = record.end
            break
        await asyncio.sleep(0)
    assert b"".join(payload for _, payload in seen) == WHOLE
    assert seen == [
        (record.offset, record.payload) for record in records(places) if record.direction == tape.OUT
    ]
    await link.end(0.2)
    await link.close()
