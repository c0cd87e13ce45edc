"""Appends: all or nothing, once, in order, and one does not harm another."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from agentguid.append import chain, inbox, read
from agentguid.append.api import Append, Receipt, TapeMark
from agentguid.append.log import Log
from agentguid.protocol.errors import Conflict, LogBroken, TooBusy
from tests.append.conftest import Opener
from tests.append.support import PATIENCE, Titles, held, outcome, put, said


def test_a_conflict_says_where_the_stream_is_and_leaves_nothing(log: Log, db: apsw.Connection) -> None:
    put(log, "a", 0, "one")

    with pytest.raises(Conflict, match="a is at version 1, not 0"):
        put(log, "a", 0, "two")
    assert [one.version for one in read.stream(db, "a", 0)] == [1]


def test_a_conflict_does_not_poison_the_others_of_its_batch(log: Log) -> None:
    with held(log):
        futures = [log.submit(Append("a", expected, said("x"), 1, "user")) for expected in (0, 5, 1, 0, 2)]

    assert [outcome(one) for one in futures] == [
        Receipt("a", 1, 1, 1),
        "Conflict",
        Receipt("a", 2, 2, 2),
        "Conflict",
        Receipt("a", 3, 3, 3),
    ]


def test_a_database_error_in_one_append_does_not_poison_the_others(opener: Opener) -> None:
    """The second breaks in the middle of its rows, after the first of its events was written."""
    log = opener()
    log.background(
        lambda db: bool(
            db.execute(
                "CREATE TRIGGER breaks BEFORE INSERT ON event WHEN NEW.actor = 'evil' AND NEW.version = 2 "
                "BEGIN SELECT RAISE(ABORT, 'broken'); END"
            ).get
        )
    )
    with held(log):
        futures = [
            log.submit(Append(stream, 0, said("x", "y"), 1, actor, key=stream))
            for stream, actor in (("a", "user"), ("b", "evil"), ("c", "user"))
        ]

    assert [outcome(one) for one in futures] == [Receipt("a", 1, 2, 2), "LogBroken", Receipt("c", 3, 4, 2)]
    with closing(log.reader()) as db:
        assert [one.stream for one in read.events(db, 0)] == ["a", "a", "c", "c"]
        assert read.receipt(db, "b") is None
        assert list(chain.verify(db)) == [4]


def test_the_same_key_gets_the_earlier_receipt_whatever_it_asks_for(log: Log, db: apsw.Connection) -> None:
    first = put(log, "a", 0, "one", key="k")
    again = put(log, "b", 7, "other", key="k")

    assert first == Receipt("a", 1, 1, 1)
    assert again == Receipt("a", 1, 1, 1, repeated=True)
    assert read.last(db) == 1


def test_a_key_whose_append_failed_may_be_used_again(log: Log) -> None:
    with pytest.raises(Conflict):
        put(log, "a", 3, "one", key="k")

    assert put(log, "a", 0, "one", key="k") == Receipt("a", 1, 1, 1)


def test_an_append_without_events_moves_its_mark_and_keeps_its_receipt(log: Log, db: apsw.Connection) -> None:
    mark = TapeMark("h", 10, 5, b"carry")

    receipt = log.submit(Append("a", 0, [], 1, "user", key="k", mark=mark)).result(PATIENCE)

    assert receipt == Receipt("a", 0, 0, 0)
    assert (read.mark(db, "h"), read.last(db), read.head(db, "a")) == (mark, 0, 0)
    assert read.receipt(db, "k") == Receipt("a", 0, 0, 0, repeated=True)


def test_a_mark_does_not_move_when_its_append_conflicts(log: Log, db: apsw.Connection) -> None:
    with pytest.raises(Conflict):
        log.submit(Append("a", 1, [], 1, "user", mark=TapeMark("h", 10, 5, b""))).result(PATIENCE)

    assert read.mark(db, "h") is None


def test_an_event_that_is_no_json_is_refused_where_it_is_submitted(log: Log) -> None:
    with pytest.raises(UnicodeEncodeError):
        log.submit(Append("a", 0, said("\ud800"), 1, "user"))


def test_threads_that_compete_for_one_stream_each_get_their_versions(log: Log, db: apsw.Connection) -> None:
    """Every thread retries on conflict until it has appended 20 pairs; nothing is lost, doubled or torn."""

    def work(name: str) -> None:
        done = 0
        while done < 20:
            version = log.submit(Append("none", 0, [], 1, "user")).result(PATIENCE).version
            assert version == 0
            try:
                receipt = put(log, "a", heads[name], f"{name}{done}", f"{name}{done}!")
                done += 1
                heads[name] = receipt.version
            except Conflict:
                with reads, closing(log.reader()) as own:
                    heads[name] = read.head(own, "a")

    reads, heads = threading.Lock(), dict.fromkeys("pqrs", 0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, "pqrs"))

    texts = [one.event.title for one in read.stream(db, "a", 0)]
    assert sorted(texts[::2]) == sorted(f"{name}{n}" for name in "pqrs" for n in range(20))
    assert [text + "!" for text in texts[::2]] == texts[1::2]
    assert list(chain.verify(db)) == [160]


def test_on_commit_comes_once_per_commit_with_what_it_touched_before_the_futures(opener: Opener) -> None:
    calls: list[tuple[int, list[str], bool]] = []
    futures = []
    log = opener(on_commit=lambda last, streams: calls.append((last, sorted(streams), futures[0].done())))

    with held(log):
        futures += [log.submit(Append(stream, 0, said("x"), 1, "user")) for stream in ("b", "a", "c")]
        futures.append(log.submit(Append("a", 9, said("x"), 1, "user")))
    for future in futures:
        outcome(future)
    log.submit_mark(TapeMark("h", 1, 1, b"")).result(PATIENCE)

    assert calls == [(3, ["a", "b", "c"], False)]


def test_who_waits_hears_of_a_commit_although_on_commit_raises(
    opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(last: int, streams: object) -> None:
        raise RuntimeError("the loop is closed")

    log = opener(on_commit=broken)

    assert [put(log, "a", n, "x").last for n in range(2)] == [1, 2]
    assert "on_commit raised" in caplog.text


def test_a_cancelled_append_is_not_written(log: Log, db: apsw.Connection) -> None:
    with held(log):
        first, second = (log.submit(Append(stream, 0, said("x"), 1, "user")) for stream in "ab")
        assert first.cancel()

    assert outcome(second) == Receipt("b", 1, 1, 1)
    assert read.head(db, "a") == 0


def test_too_many_waiting_appends_are_refused_at_once_and_none_is_lost(log: Log) -> None:
    with held(log):
        append = Append("a", 0, [], 1, "user")
        futures = [log.submit(append) for _ in range(inbox.JOBS)]
        with pytest.raises(TooBusy, match="10000 appends wait"):
            log.submit(append)

    assert {outcome(one) for one in futures} == {Receipt("a", 0, 0, 0)}
    assert put(log, "a", 0, "x").last == 1


def test_too_many_waiting_bytes_are_refused_at_once(log: Log) -> None:
    big = "x" * (20 << 20)
    with held(log):
        futures = [log.submit(Append(stream, 0, said(big), 1, "user")) for stream in "abc"]
        with pytest.raises(TooBusy, match="60 MiB"):
            log.submit(Append("d", 0, said(big), 1, "user"))
        small = log.submit(Append("d", 0, said("x"), 1, "user"))

    assert [outcome(one) for one in (*futures, small)] == [
        Receipt(stream, place, place, 1) for place, stream in enumerate("abcd", 1)
    ]


def test_one_append_larger_than_the_bound_is_taken_when_nothing_waits(log: Log) -> None:
    assert put(log, "a", 0, *["x" * (23 << 20)] * 3).last == 3


def test_a_full_disk_fails_the_batch_and_the_log_goes_on_when_there_is_room(opener: Opener) -> None:
    log = opener((Titles(),))
    put(log, "a", 0, "before")

    def limit(pages: int) -> None:
        log.background(lambda db: bool(db.pragma("max_page_count", pages) and 0))

    with closing(log.reader()) as db:
        limit(db.pragma("page_count") + 1)
        with held(log):
            futures = [
                log.submit(Append("b", 0, said("x" * 100_000), 1, "user", key=str(n))) for n in range(2)
            ]
        assert {outcome(one) for one in futures} == {"LogBroken"}
        limit(1 << 30)

        assert put(log, "b", 0, "after", key="0") == Receipt("b", 2, 2, 1)
        assert list(chain.verify(db)) == [2]


def test_after_a_commit_that_failed_the_log_is_where_the_disk_says(log: Log, db: apsw.Connection) -> None:
    """Every append of the batch went well, its end did not: none of it may be remembered."""

    def run(statement: str) -> None:
        log.background(lambda writer: bool(writer.execute(statement).get))
        with held(log):
            pass

    put(log, "a", 0, "before")
    run("CREATE TRIGGER breaks BEFORE INSERT ON stream_state BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with held(log):
        futures = [log.submit(Append(stream, 0, said("x"), 1, "user", key="k")) for stream in "bc"]
    assert [outcome(one) for one in futures] == ["LogBroken", "LogBroken"]
    assert (log.position, read.last(db)) == (1, 1)
    run("DROP TRIGGER breaks")

    assert put(log, "b", 0, "after", key="k") == Receipt("b", 2, 2, 1)
    assert put(log, "a", 1, "after") == Receipt("a", 3, 3, 2)
    assert list(chain.verify(db)) == [3]


def test_appends_go_before_background_work(log: Log) -> None:
    """Background work that never ends does not keep an append waiting for more than a slice."""
    slices, stop = 0, threading.Event()

    def endless(_: apsw.Connection) -> bool:
        nonlocal slices
        slices += 1
        return not stop.is_set()

    log.background(endless)
    log.background(endless)
    receipts = [put(log, "a", n, "x").last for n in range(50)]
    deadline = time.monotonic() + PATIENCE
    while slices < 10:
        assert time.monotonic() < deadline
    stop.set()

    assert receipts == list(range(1, 51))


def test_background_work_is_committed_and_given_up_when_it_raises(
    log: Log, db: apsw.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    def insert(name: str, *, fail: bool) -> None:
        def work(writer: apsw.Connection) -> bool:
            writer.execute("INSERT INTO log_meta VALUES (?, '')", (name,))
            assert not fail
            return False

        log.background(work)

    insert("kept", fail=False)
    insert("dropped", fail=True)
    with held(log):
        pass  # comes after both

    assert db.execute("SELECT name FROM log_meta WHERE name <> 'id'").fetchall() == [("kept",)]
    assert "given up" in caplog.text


def test_closing_writes_what_waits_and_twice_is_once(opener: Opener) -> None:
    log = opener()
    with held(log):
        futures = [log.submit(Append("a", n, said("x"), 1, "user")) for n in range(2000)]
        closing = threading.Thread(target=log.close)
        closing.start()
    closing.join(PATIENCE)
    log.close()

    assert [one.result(0).last for one in futures] == list(range(1, 2001))
    with pytest.raises(LogBroken, match="the log is closed"):
        log.submit(Append("a", 2000, said("x"), 1, "user"))
    assert opener().position == 2000


def test_a_log_keeps_its_id_and_two_logs_differ(opener: Opener, tmp_path: Path) -> None:
    log = opener()
    log.close()
    other = Log(tmp_path / "other.db", ())
    other.open()
    other.close()

    assert opener().id == log.id != other.id
    assert len(log.id) == 32


def test_a_reader_cannot_write(db: apsw.Connection) -> None:
    with pytest.raises(apsw.ReadOnlyError):
        db.execute("DELETE FROM receipt")


def test_the_file_is_for_its_owner_only(log: Log, path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content", [b"this is no database at all, but some text" * 50, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_file_that_is_no_database_is_refused_with_its_name(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(LogBroken, match=path.name):
        Log(path, ()).open()
    assert path.read_bytes() == content
