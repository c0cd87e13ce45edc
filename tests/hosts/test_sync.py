"""What a host says is on the disk is there: at the ends of turns, every second while the tape grows, and when asked."""

import asyncio
import errno
import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agentguid.hosts import spawn, tape
from agentguid.hosts.link import Link
from agentguid.paths import Places
from tests.hosts.tools import ended, python, records, said, spec, until
from tests.support.daemon import Daemon, wait_for

COUNTED = """
import os, time
_real, _log, _broken = os.fdatasync, {log!r}, {broken!r}
def _counted(fd):
    at, fails, size = time.monotonic(), os.path.exists(_broken), os.fstat(fd).st_size
    if not fails:
        _real(fd)
    with open(_log, "a") as file:
        file.write(f"{{at}} {{size}} {{int(fails)}}\\n")
    if fails:
        raise OSError(5, "the disk is ill")
os.fdatasync = _counted
"""
"""Runs in a host before it: writes down each sync, and lets them fail while a file is there."""
NEVER_BY_ITSELF = (
    "import agentguid.hosts.tape as _tape; _tape.Writer.sync_aside = lambda self: not self._dirty\n"
)


class Syncs:
    """Those of all hosts that are started meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "syncs"
        self.broken = folder / "broken"

    def code(self, more: str = "") -> str:
        """What hosts are then started with."""
        counted = COUNTED.format(log=str(self.log), broken=str(self.broken))
        before, after = spawn._CODE.split("from ", 1)
        return f"{before}\n{counted}{more}from {after}"

    def all(self) -> list[tuple[float, int, bool]]:
        """Each with the time at which it began, in seconds, the size that the file had, and whether it failed."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(float(at), int(size), fails == "1") for at, size, fails in map(str.split, lines)]

    def reached(self) -> int:
        """Bytes that are on the disk."""
        return max((size for _, size, failed in self.all() if not failed), default=0)


@pytest.fixture
def syncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Syncs:
    found = Syncs(tmp_path)
    monkeypatch.setattr(spawn, "_CODE", found.code())
    return found


@pytest.mark.anyio
async def test_what_was_said_is_soon_on_the_disk_although_nobody_asked(places: Places, syncs: Syncs) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    for number in range(2):
        words = b"%d\n" % number
        await link.send(str(number), words)
        await until(lambda words=words: said(places).endswith(words))  # type: ignore[misc]
        await until(lambda: syncs.reached() == records(places)[-1].end)
    await link.eof()
    await ended(link, places)
    assert syncs.reached() == records(places)[-1].end


@pytest.mark.anyio
async def test_a_tape_that_grows_all_the_time_is_synced_once_a_second(places: Places, syncs: Syncs) -> None:
    child = "import time\nwhile True: print('x', flush=True); time.sleep(0.02)"
    link = await Link.spawn(places, spec(python(child)))
    await until(lambda: len(syncs.all()) >= 4)
    grown = [size for _, size, _ in syncs.all()]
    assert grown == sorted(set(grown))
    assert len(records(places)) > len(grown) + 4
    gaps = [later - sooner for (sooner, _, _), (later, _, _) in itertools.pairwise(syncs.all())]
    assert min(gaps) > 0.5, "each costs the disk something"
    await link.end(0.1)
    await link.close()


@pytest.mark.anyio
async def test_a_sync_that_failed_is_done_over_although_nothing_more_is_said(
    places: Places, syncs: Syncs
) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    await until(lambda: syncs.reached() == records(places)[-1].end)
    syncs.broken.touch()
    await link.send("a", b"one\n")
    await until(lambda: said(places) == b"one\n")
    size = records(places)[-1].end
    await until(lambda: [failed for _, at, failed in syncs.all() if at == size].count(True) >= 2)
    asked = asyncio.create_task(link.sync())
    await until(lambda: [failed for _, at, failed in syncs.all() if at == size].count(True) >= 4)
    assert not asked.done()

    syncs.broken.unlink()

    assert await asked == syncs.reached() == size
    await link.eof()
    await ended(link, places)


@pytest.mark.parametrize(
    "then",
    [tape.Writer.sync, lambda writer: writer.append(tape.OUT, b"x" * 300)],
    ids=["sync", "a new segment"],
)
def test_a_sync_on_its_way_is_waited_for_and_done_over_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: Callable[[tape.Writer], object]
) -> None:
    writer = tape.Writer(str(tmp_path / "h"), "h", segment=300)
    writer.append(tape.OUT, b"one\n")
    writer.sync()
    writer.append(tape.OUT, b"two\n")
    begun, may_fail = threading.Event(), threading.Event()
    happened: list[str] = []

    def fail(fd: int) -> None:
        begun.set()
        assert may_fail.wait(60)
        happened.append("failed")
        raise OSError(errno.EIO, "the disk is ill")

    monkeypatch.setattr(os, "fdatasync", fail)
    assert writer.sync_aside() is False
    assert begun.wait(60)
    monkeypatch.setattr(os, "fdatasync", lambda fd: happened.append("synced"))
    waiting = threading.Thread(target=lambda: (then(writer), happened.append("said so")))
    waiting.start()
    waiting.join(0.2)
    assert happened == []
    assert writer.sync_aside() is False, "nor is it there while it is on its way"
    may_fail.set()
    waiting.join(60)

    assert happened == ["failed", "synced", "said so"]
    writer.close()


def test_where_no_thread_can_be_had_it_is_synced_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = tape.Writer(str(tmp_path / "h"), "h")
    writer.sync()
    writer.append(tape.OUT, b"one\n")
    monkeypatch.setattr(tape._thread, "start_new_thread", _no_thread)
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)

    assert writer.sync_aside() is True

    assert len(synced) == 1
    writer.sync()
    assert len(synced) == 1
    writer.close()


def _no_thread(*_: object) -> None:
    raise RuntimeError("can't start new thread")


def test_the_end_of_a_turn_is_on_the_disk(tmp_path: Path) -> None:
    """Of hosts that do not sync by themselves: it is the daemon who asks for it."""
    syncs, daemon = Syncs(tmp_path), Daemon(tmp_path)
    code = syncs.code(NEVER_BY_ITSELF)
    try:
        daemon.start(first=f"import agentguid.hosts.spawn as s; s._CODE = {code!r}")
        conversation = daemon.conversation()
        for turn in range(1, 3):
            daemon.send(conversation, "emit 5")
            assert daemon.ended(conversation)["status"] == "complete"
            (folder,) = (daemon.data / "tapes").iterdir()
            ends = [one.end for one in tape.Reader(folder).records() if b'"type":"result"' in one.payload]
            assert len(ends) == turn
            wait_for(lambda end=ends[-1]: syncs.reached() >= end, "the end of the turn to be on the disk")  # type: ignore[misc]
    finally:
        daemon.close()
