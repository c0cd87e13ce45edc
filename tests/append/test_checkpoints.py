"""The write-ahead log is carried over beside the writer, and does not grow without an end whatever holds that up."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from agentguid.append import chain, checkpoints
from agentguid.append.checkpoints import Checkpoints
from agentguid.append.log import Log
from tests.append.support import PATIENCE, put

PAGES, FEW, MOST = 60, 15, 240
FRAME = 8192 + 24
"""Bytes of a page in the write-ahead log."""
TEXT = "x" * 20_000
COMMIT = 15
"""More pages than one append of it writes."""
APPENDS = 300


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "PAGES", PAGES)
    monkeypatch.setattr(checkpoints, "FEW", FEW)
    monkeypatch.setattr(checkpoints, "MOST", MOST)


class Stream:
    """Appends without a pause, each a commit of its own."""

    def __init__(self, log: Log, path: Path) -> None:
        self._log = log
        self._wal = path.with_name(f"{path.name}-wal")
        self.version = 0

    def append(self, count: int, text: str = TEXT) -> None:
        for _ in range(count):
            put(self._log, "a", self.version, text)
            self.version += 1

    @property
    def pages(self) -> int:
        """The longest that the write-ahead log ever was: the file keeps its length."""
        return self._wal.stat().st_size // FRAME


@pytest.fixture
def stream(log: Log, path: Path) -> Stream:
    return Stream(log, path)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Who carried over, and how many pages there were to be carried over."""
    carry_over, found = Checkpoints._carry_over, []

    def watched(one: Checkpoints, db: apsw.Connection) -> int:
        pages, done = db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
        found.append((threading.current_thread().name, pages - done))
        return carry_over(one, db)

    monkeypatch.setattr(Checkpoints, "_carry_over", watched)
    return found


def test_the_writer_carries_over_only_the_little_that_is_left(
    rounds: list[tuple[str, int]], stream: Stream
) -> None:
    stream.append(APPENDS)

    assert max(pages for name, pages in rounds if name == "log-checkpoints") > FEW
    assert [pages for name, pages in rounds if name == "log-writer" and pages > FEW] == []


def test_under_a_steady_stream_of_commits_the_write_ahead_log_begins_anew(stream: Stream) -> None:
    stream.append(APPENDS)

    assert stream.pages <= MOST + 2 * COMMIT


@pytest.fixture
def outrun(monkeypatch: pytest.MonkeyPatch, log: Log) -> Iterator[None]:
    """Something is committed during each of the thread's rounds, and the writer never waits for it."""
    grown, over = threading.Event(), False
    carry_over, after_commit = Checkpoints._carry_over, log._checkpoints.after_commit

    def slowly(one: Checkpoints, db: apsw.Connection) -> int:
        done = carry_over(one, db)
        if threading.current_thread() is one._thread and not over:
            grown.clear()
            assert grown.wait(PATIENCE)
        return done

    def committed() -> None:
        grown.set()
        after_commit()

    monkeypatch.setattr(Checkpoints, "_carry_over", slowly)
    monkeypatch.setattr(log._writer, "_afterwards", committed)
    monkeypatch.setattr(checkpoints, "PAGES", 2 * PAGES)
    monkeypatch.setattr(checkpoints, "FEW", PAGES)
    monkeypatch.setattr(checkpoints, "MOST", 1 << 30)
    yield
    over = True
    grown.set()


@pytest.mark.usefixtures("outrun")
def test_so_it_does_when_the_thread_is_never_quite_done(stream: Stream) -> None:
    stream.append(APPENDS)

    assert stream.pages < APPENDS * 9 // 2, "half of what was written"


def test_so_it_does_when_each_commit_is_longer_than_what_the_writer_carries_over(stream: Stream) -> None:
    stream.append(APPENDS // 5, TEXT * 10)

    assert stream.pages <= MOST + 2 * 10 * COMMIT


def test_readers_that_come_and_go_hold_it_up_no_longer_than_they_read(log: Log, stream: Stream) -> None:
    with closing(log.reader()) as reader:
        for _ in range(20):
            with reader:
                reader.execute("SELECT count(*) FROM event").fetchall()
                stream.append(10)
            stream.append(10)

    assert stream.pages <= MOST + (10 + 2) * COMMIT


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, log: Log) -> Iterator[None]:
    """The thread begins its work only when the writer waits for it."""
    waits = threading.Event()
    carry_over, await_thread = Checkpoints._carry_over, Checkpoints._await_thread

    def slowly(one: Checkpoints, db: apsw.Connection) -> int:
        if threading.current_thread() is one._thread:
            assert waits.wait(PATIENCE)
            waits.clear()
        return carry_over(one, db)

    def awaited(one: Checkpoints) -> None:
        waits.set()
        await_thread(one)

    monkeypatch.setattr(Checkpoints, "_carry_over", slowly)
    monkeypatch.setattr(Checkpoints, "_await_thread", awaited)
    yield
    waits.set()


@pytest.mark.usefixtures("slow")
def test_on_a_slow_disk_the_writer_waits(stream: Stream) -> None:
    stream.append(APPENDS)

    assert MOST <= stream.pages <= MOST + 2 * COMMIT


def test_when_the_thread_cannot_the_writer_does_it_and_it_is_said_once(
    log: Log, stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    log._checkpoints._db.close()

    stream.append(APPENDS)

    assert stream.pages <= MOST + 2 * COMMIT
    assert len([one for one in caplog.records if "carried over by the writer" in one.message]) == 1


def test_closing_leaves_nothing_beside_the_database(log: Log, path: Path, stream: Stream) -> None:
    stream.append(30)

    log.close()

    assert [one.name for one in path.parent.iterdir()] == [path.name]
    with closing(log.reader()) as db:
        assert list(chain.verify(db))[-1] == 30
