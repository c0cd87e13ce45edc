"""Inline read models: in step with the log, rebuilt per stream, and never in the way of a fact."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import apsw
import pytest

from agentguid.append import read
from agentguid.append.api import Append
from agentguid.append.log import Log
from agentguid.protocol.events import Recorded, Unreadable
from tests.append.conftest import Opener
from tests.append.support import PATIENCE, Lengths, Titles, full_at, held, models, put, said


def until(rule: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not rule():
        assert time.monotonic() < deadline


def fill(log: Log, streams: int, events: int) -> None:
    futures = [
        log.submit(Append(f"s{stream}", version, said(f"{stream}.{version}"), 1, "user"))
        for version in range(events)
        for stream in range(streams)
    ]
    for future in futures:
        future.result(PATIENCE)


def current(log: Log) -> bool:
    with closing(log.reader()) as db:
        names = [name for (name,) in db.execute("SELECT stream FROM stream_state")]
        return all(read.projected(db, name, log.signature) for name in names)


class Slow(Lengths):
    """Holds each fold up until it is let go."""

    def __init__(self) -> None:
        self.VERSION = 2
        self.go = threading.Event()

    def apply(self, db: apsw.Connection, recorded: Recorded) -> None:
        assert self.go.wait(PATIENCE)
        super().apply(db, recorded)


def test_the_read_model_is_there_when_the_append_is_acknowledged(opener: Opener) -> None:
    log = opener((Titles(),))
    put(log, "a", 0, "one", "two")

    with closing(log.reader()) as db:
        assert db.execute("SELECT * FROM naming").fetchall() == [("a", 2, "two")]


def test_inline_gives_what_a_rebuild_gives(opener: Opener) -> None:
    """Whatever the sizes of the batches and the mixture of the streams."""
    log = opener((Titles(), Lengths()))
    chance, versions = random.Random(1), dict.fromkeys("abcde", 0)
    for _ in range(200):
        stream, texts = chance.choice("abcde"), ["x" * chance.randrange(9)] * chance.randrange(1, 5)
        put(log, stream, versions[stream], *texts)
        versions[stream] += len(texts)

    with closing(log.reader()) as db:
        inline = models(db)
        log.rebuild("c").result(PATIENCE)
        assert models(db) == inline
        log.rebuild().result(PATIENCE)
        assert models(db) == inline
        assert len(inline["title"]) == log.position


def test_a_projection_that_raises_goes_stale_for_that_stream_and_the_event_is_kept(
    opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    log = opener((Titles(poison="bad"), Lengths()))
    put(log, "a", 0, "good", "bad", "after")
    put(log, "a", 3, "later")
    put(log, "b", 0, "fine")

    with closing(log.reader()) as db:
        assert [one.position for one in read.events(db, 0)] == [1, 2, 3, 4, 5]
        assert read.stale(db, "a") == [read.Stale("titles", "ValueError: cannot fold bad")]
        assert read.stale(db, "b") == []
        assert models(db) == {
            "title": [(5, "b", "fine")],
            "naming": [("b", 1, "fine")],
            "length": [("a", 17), ("b", 4)],
        }
    assert "projection titles is stale for a" in caplog.text


def test_a_stale_projection_stays_left_out_after_a_restart_and_returns_with_its_next_version(
    opener: Opener,
) -> None:
    log = opener((Titles(poison="bad"), Lengths()))
    put(log, "a", 0, "good", "bad")
    log.close()
    log = opener((Titles(poison="bad"), Lengths()))
    put(log, "a", 2, "later")
    with closing(log.reader()) as db:
        assert (models(db)["title"], len(read.stale(db, "a"))) == ([], 1)
    log.close()

    log = opener((Titles(2), Lengths()))
    until(lambda: current(log))

    with closing(log.reader()) as db:
        assert read.stale(db, "a") == []
        assert models(db)["naming"] == [("a", 3, "later")]
        assert models(db)["length"] == [("a", 12)]


def test_a_projection_that_raises_in_a_rebuild_goes_stale_and_the_others_are_completed(
    opener: Opener,
) -> None:
    log = opener((Titles(), Lengths()))
    put(log, "a", 0, *["x"] * 250, "bad", "y")
    log.close()

    log = opener((Titles(2, poison="bad"), Lengths()))
    until(lambda: current(log))

    with closing(log.reader()) as db:
        assert [one.projection for one in read.stale(db, "a")] == ["titles"]
        assert models(db)["length"] == [("a", 254)]


def test_a_new_version_is_there_for_every_stream_without_anyone_asking(opener: Opener) -> None:
    log = opener((Titles(), Lengths()))
    fill(log, 20, 30)
    log.close()

    log = opener((Titles(2, prefix="new "), Lengths()))
    until(lambda: current(log))

    with closing(log.reader()) as db:
        assert db.execute("SELECT count(*), count(*) FILTER (WHERE text LIKE 'new %') FROM title").get == (
            600,
            600,
        )
        assert models(db)["naming"][0] == ("s0", 30, "new 0.29")


def test_the_streams_that_were_asked_for_come_first(opener: Opener) -> None:
    log = opener((Titles(), Lengths()))
    fill(log, 30, 2)
    log.close()
    done: list[str] = []
    slow = Slow()
    log = opener((Titles(), slow), on_commit=lambda _, streams: done.extend(streams))

    log.want("s7")
    log.want("s3")
    slow.go.set()
    until(lambda: len(done) == 30)

    newest_first = [f"s{n}" for n in range(29, -1, -1) if n not in (7, 3)]
    # One stream may have been begun before anyone asked. Those that were asked for take turns, slice by slice: which of
    # them is complete first depends on how long a slice took.
    assert {"s7", "s3"} <= set(done[:3])
    assert [name for name in done if name not in ("s7", "s3")] == newest_first


def test_an_append_to_a_stream_that_is_behind_does_not_wait_for_its_rebuild(opener: Opener) -> None:
    log = opener((Titles(), Lengths()))
    fill(log, 2, 1000)
    log.close()
    log = opener((Titles(2), Lengths()))

    receipts = [put(log, "s0", 1000 + n, "during").version for n in range(30)]
    until(lambda: current(log))

    assert receipts == list(range(1001, 1031))
    with closing(log.reader()) as db:
        assert models(db)["naming"][0] == ("s0", 1030, "during")


def test_appends_during_a_rebuild_end_up_as_if_there_had_been_none(opener: Opener) -> None:
    log = opener((Titles(), Lengths()))
    fill(log, 4, 300)
    rebuilt = log.rebuild()
    for version in range(300, 400):
        for stream in range(4):
            put(log, f"s{stream}", version, f"{stream}.{version}")
    rebuilt.result(PATIENCE)

    with closing(log.reader()) as db:
        found = models(db)
    log.close()
    log = opener((Titles(3), Lengths()))
    until(lambda: current(log))
    with closing(log.reader()) as db:
        assert models(db) == found
        assert [row[1] for row in found["naming"]] == [400] * 4


def test_a_rebuild_goes_on_where_it_was_after_a_restart(opener: Opener) -> None:
    log = opener((Lengths(),))
    put(log, "a", 0, *["x"] * 2000)
    log.close()
    slow = Slow()
    log = opener((slow,))
    slow.go.set()
    with closing(log.reader()) as db:
        until(lambda: db.execute("SELECT version FROM rebuild").get)
        log.close()  # after some slice; the thread ends when the present one does
        half = db.execute("SELECT version FROM rebuild").get
    if half is None:
        pytest.skip("the machine was too quick")
    slow.go.clear()
    log = opener((slow,))
    with closing(log.reader()) as db:
        assert not read.projected(db, "a", log.signature)
        assert db.execute("SELECT total FROM length").get == half
        slow.go.set()
        until(lambda: current(log))
        assert db.execute("SELECT total FROM length").get == 2000


def test_a_page_can_tell_that_a_stream_is_behind(opener: Opener) -> None:
    log = opener((Lengths(),))
    put(log, "a", 0, "x")
    log.close()
    slow = Slow()
    log = opener((slow,))

    with closing(log.reader()) as db:
        assert not read.projected(db, "a", log.signature)
        assert read.projected(db, "new", log.signature)
        assert (read.behind(db, "a", log.signature), read.behind(db, "b", log.signature)) == (["a"], [])
        slow.go.set()
        until(lambda: read.projected(db, "a", log.signature))
        assert read.behind(db, "a", log.signature) == []


def test_old_tables_are_moved_away_at_once_and_vanish_later(opener: Opener) -> None:
    log = opener((Titles(), Lengths()))
    fill(log, 5, 200)
    log.close()

    for version in (2, 3, 4):
        log = opener((Titles(version), Lengths()))
        if version < 4:
            log.close()
    until(lambda: current(log))

    with closing(log.reader()) as db:
        until(lambda: not db.execute("SELECT count(*) FROM discarded").get)
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE name LIKE '%title%'")}
        assert len(names) == 2  # the table and its index, of the last generation
        assert len(models(db)["title"]) == 1000


def test_the_tables_of_a_projection_that_is_gone_vanish(opener: Opener) -> None:
    log = opener((Titles(), Lengths()))
    put(log, "a", 0, "x")
    log.close()
    log = opener((Lengths(),))

    with closing(log.reader()) as db:
        until(lambda: not db.execute("SELECT 1 FROM sqlite_schema WHERE name LIKE '%title%'").get)
        until(lambda: current(log))
        assert db.execute("SELECT * FROM length").fetchall() == [("a", 1)]


def test_opening_does_not_fold_anything(opener: Opener) -> None:
    """Start-up costs no time in proportion to the log, also after an upgrade."""
    log = opener((Lengths(),))
    put(log, "a", 0, "x")
    log.close()

    slow = Slow()
    log = opener((slow,))  # would wait for ever
    assert put(log, "b", 0) is not None
    slow.go.set()


def test_a_damaged_event_is_unreadable_and_does_not_stop_the_rebuild(opener: Opener) -> None:
    log = opener((Lengths(),))
    put(log, "a", 0, "x")
    put(log, "b", 0, "y")
    log.background(
        lambda db: bool(
            db.execute(
                "DROP TRIGGER event_data_is_only_redacted; UPDATE event_data SET data = '{\"title\":1}' WHERE position = 2"
            ).get
        )
    )
    with held(log):
        pass
    log.rebuild().result(PATIENCE)

    with closing(log.reader()) as db:
        assert db.execute("SELECT total FROM length WHERE stream = 'a'").get == 1
        assert read.stale(db, "b") == read.stale(db, "a") == []
        assert isinstance(read.at(db, [2])[2].event, Unreadable)


def test_a_rebuild_that_met_a_full_disk_goes_on_when_there_is_room(opener: Opener) -> None:
    log = opener((Titles(), Lengths()))
    fill(log, 20, 50)
    log.close()
    slow = Slow()
    log = opener((Titles(2, prefix="x" * 2000), slow))

    def limit(pages: int) -> None:
        assert log._db is not None
        log._db.pragma("max_page_count", pages)

    with closing(log.reader()) as db:
        limited = log._writer.submit(partial(limit, db.pragma("page_count") + 10), 1)
        slow.go.set()
        limited.result(PATIENCE)
        until(lambda: log._writer._resting)
        assert read.behind(db, "s", log.signature)
        log._writer.submit(partial(limit, 1 << 30), 1).result(PATIENCE)
        until(lambda: current(log))
        assert len(models(db)["title"]) == 1000


def test_a_disk_that_is_full_while_streams_are_marked_leaves_none_of_them_out(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentguid.append.rebuild.MARKED", 10)
    log = opener((Titles(), Lengths()))
    fill(log, 35, 2)
    with closing(log.reader()) as db:
        right = models(db)

    def damage(db: apsw.Connection) -> bool:
        db.execute("UPDATE title SET text = 'wrong'")
        return False

    log.background(damage)
    with held(log):
        full_at(log, 2)  # the wish, and the first ten
        rebuilt = log.rebuild()
    until(lambda: log._writer._resting)
    put(log, "other", 0)  # there is room again
    rebuilt.result(PATIENCE)

    with closing(log.reader()) as db:
        assert models(db) == right


def test_a_rebuild_that_cannot_end_says_so_when_the_log_closes(opener: Opener) -> None:
    log = opener((Lengths(),))
    fill(log, 50, 20)
    rebuilt = log.rebuild()
    log.close()

    assert rebuilt.done()
    assert rebuilt.exception() is None or "closed" in str(rebuilt.exception())
