"""No query of the log looks through a table: each finds its rows through an index, with and without statistics."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import apsw
import pytest

from agentguid.append import chain, read
from agentguid.append.api import Append, TapeMark
from agentguid.append.log import Log
from tests.append.conftest import Opener
from tests.append.support import PATIENCE, Lengths, Titles, held, put, said

QUESTIONS: dict[str, Callable[[apsw.Connection], Any]] = {
    "events": lambda db: read.events(db, 3),
    "events upto": lambda db: read.events(db, 3, upto=9),
    "events of a stream": lambda db: read.events(db, 3, stream="a"),
    "events of types": lambda db: read.events(db, 3, types=["conversation.renamed", "turn.ended"]),
    "events of a stream and types": lambda db: read.events(db, 3, stream="a", types=["conversation.renamed"]),
    "at": lambda db: read.at(db, [1, 2, 3]),
    "stream": lambda db: read.stream(db, "a", 1),
    "head": lambda db: read.head(db, "a"),
    "last": read.last,
    "log_id": read.log_id,
    "receipt": lambda db: read.receipt(db, "k"),
    "snapshot": lambda db: read.snapshot(db, "a"),
    "mark": lambda db: read.mark(db, "h"),
    "projected": lambda db: read.projected(db, "a", "x"),
    "behind": lambda db: read.behind(db, "s", "x"),
    "stale": lambda db: read.stale(db, "a"),
    "verify": lambda db: list(chain.verify(db, 2)),
}


def scans(db: apsw.Connection, statements: set[str]) -> list[tuple[str, str]]:
    """The steps of their plans that walk a whole table."""
    found = []
    for statement in statements:
        count = statement.count("?")
        for *_, detail in db.execute("EXPLAIN QUERY PLAN " + statement, (None,) * count):
            walks = (
                detail.startswith("SCAN") and "VIRTUAL TABLE" not in detail and "CONSTANT ROW" not in detail
            )
            if walks or "TEMP B-TREE" in detail:
                found.append((statement, detail))
    return found


def traced(db: apsw.Connection, into: set[str]) -> None:
    def trace(_: Any, statement: str, __: Any) -> bool:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
            into.add(statement)
        return True

    db.exec_trace = trace


@pytest.fixture(params=["without statistics", "with statistics"])
def filled(opener: Opener, request: pytest.FixtureRequest) -> Log:
    log = opener((Titles(), Lengths()))
    for n in range(50):
        put(log, f"s{n}", 0, "x", "y", key=f"k{n}")
    put(log, "a", 0, *["x"] * 20, key="k")
    if request.param == "with statistics":
        log.background(lambda db: bool(db.execute("ANALYZE").get))
        with held(log):
            pass
    return log


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_read_walks_a_table(filled: Log, question: str) -> None:
    statements: set[str] = set()
    with closing(filled.reader()) as db:
        traced(db, statements)
        QUESTIONS[question](db)
        db.exec_trace = None

        assert statements
        assert scans(db, statements) == []


def test_neither_an_append_nor_a_rebuild_nor_forgetting_walks_a_table(filled: Log) -> None:
    statements: set[str] = set()
    filled.background(lambda db: bool(traced(db, statements)))
    with held(filled):
        pass  # now the statements are traced
    mark = TapeMark("h", 1, 1, b"")
    filled.submit(Append("new", 0, said("x"), 1, "user", None, "new", mark, b"state")).result(PATIENCE)
    filled.rebuild().result(PATIENCE)
    filled.redact([1]).result(PATIENCE)
    filled.forget("s1", ["h"]).result(PATIENCE)
    ours = {
        one
        for one in statements
        if not any(f" {name}" in one for name in ("title", "naming", "length", "discarded"))
    }

    for part in (
        "FROM receipt WHERE key",
        "FROM receipt WHERE stream",
        "FROM stream_state WHERE stream =",
        "projected <",
        "projected >",
        "FROM rebuild",
    ):
        assert any(part in one for one in ours), part
    with closing(filled.reader()) as db:
        assert scans(db, {one for one in ours if not one.startswith("INSERT")}) == []


def test_following_a_long_stream_from_its_end_does_not_read_it_all(opener: Opener) -> None:
    """A page that asks what is new costs the same however long the conversation is."""
    log = opener()
    for n in range(10):
        put(log, "a", n * 1000, *["x"] * 1000)
        put(log, "b", n, "y")
    statements: list[str] = []
    with closing(log.reader()) as db:
        db.exec_trace = lambda _, statement, __: not statements.append(statement)
        assert [one.version for one in read.events(db, 10_007, stream="a")] == [9999, 10_000]
        near = len(statements)
        assert len(read.events(db, 3, stream="a")) == 500

    assert near <= 6
    assert len(statements) - near <= 40


def test_reading_a_tail_is_quick(filled: Log) -> None:
    """With all the slack that a busy machine needs: 1,000 looks at the end of the log take no 20 seconds."""
    with closing(filled.reader()) as db:
        start = time.perf_counter()
        for _ in range(1000):
            read.events(db, filled.position - 1)

    assert time.perf_counter() - start < 20
