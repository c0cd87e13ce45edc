"""Small things that the tests of the log share: events, a real projection, and a way to fill one batch."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import apsw

from agentguid.append.api import Append, Receipt
from agentguid.append.log import Log
from agentguid.protocol.events import ConversationRenamed, Recorded

PATIENCE = 30
"""Seconds after which a test gives up; nothing takes a tenth of it."""


def said(*texts: str) -> list[ConversationRenamed]:
    return [ConversationRenamed(title=text) for text in texts]


def put(log: Log, stream: str, expected: int, *texts: str, key: str | None = None) -> Receipt:
    """Appends and waits."""
    return log.submit(Append(stream, expected, said(*texts), 1, "user", key=key)).result(PATIENCE)


@contextmanager
def held(log: Log) -> Iterator[None]:
    """The writer is kept busy inside; what is submitted meanwhile becomes one batch (up to its bounds)."""
    busy, free = threading.Event(), threading.Event()

    def wait(_: apsw.Connection) -> bool:
        busy.set()
        assert free.wait(PATIENCE)
        return False

    log.background(wait)
    assert busy.wait(PATIENCE)
    try:
        yield
    finally:
        free.set()


def full_at(log: Log, after: int) -> None:
    """The disk is full, once, at the end of a transaction: `after` that many have succeeded."""
    left = after

    def look(_: apsw.Cursor, statement: str, __: object) -> bool:
        nonlocal left
        if statement == "COMMIT":
            if left == 0:
                log._db.exec_trace = None  # type: ignore[union-attr]
                raise apsw.FullError("database or disk is full")
            left -= 1
        return True

    def begin(db: apsw.Connection) -> bool:
        db.exec_trace = look
        return False

    left += 1  # its own
    log.background(begin)


def outcome(future: "Future[Receipt]") -> Receipt | str:
    """The receipt, or the name of what went wrong."""
    error = future.exception(PATIENCE)
    return type(error).__name__ if error else future.result()


class Titles:
    """A projection: one row per title, and how often each stream was named."""

    NAME = "titles"
    SCHEMA = """
        CREATE TABLE IF NOT EXISTS title (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, text TEXT NOT NULL) STRICT;
        CREATE INDEX IF NOT EXISTS title_by_stream ON title (stream);
        CREATE TABLE IF NOT EXISTS naming (stream TEXT PRIMARY KEY, count INTEGER NOT NULL, last TEXT NOT NULL) STRICT;
    """
    TABLES = ("title", "naming")

    def __init__(self, version: int = 1, *, prefix: str = "", poison: str | None = None) -> None:
        self.VERSION = version
        self._prefix = prefix
        self._poison = poison

    def apply(self, db: apsw.Connection, recorded: Recorded) -> None:
        if not isinstance(recorded.event, ConversationRenamed):
            return
        text = self._prefix + recorded.event.title
        db.execute("INSERT INTO title VALUES (?, ?, ?)", (recorded.position, recorded.stream, text))
        if recorded.event.title == self._poison:
            raise ValueError(f"cannot fold {text}")
        db.execute(
            "INSERT INTO naming VALUES (?, 1, ?) ON CONFLICT (stream) DO UPDATE SET count = count + 1, last = excluded.last",
            (recorded.stream, text),
        )

    def clear(self, db: apsw.Connection, stream: str) -> None:
        db.execute("DELETE FROM title WHERE stream = ?", (stream,))
        db.execute("DELETE FROM naming WHERE stream = ?", (stream,))


class Lengths:
    """A second projection, with no version to change."""

    NAME = "lengths"
    VERSION = 1
    SCHEMA = "CREATE TABLE IF NOT EXISTS length (stream TEXT PRIMARY KEY, total INTEGER NOT NULL) STRICT"
    TABLES = ("length",)

    def apply(self, db: apsw.Connection, recorded: Recorded) -> None:
        if isinstance(recorded.event, ConversationRenamed):
            db.execute(
                "INSERT INTO length VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET total = total + excluded.total",
                (recorded.stream, len(recorded.event.title)),
            )

    def clear(self, db: apsw.Connection, stream: str) -> None:
        db.execute("DELETE FROM length WHERE stream = ?", (stream,))


def models(db: apsw.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the two projections hold."""
    queries = {
        "title": "SELECT * FROM title ORDER BY position",
        "naming": "SELECT * FROM naming ORDER BY stream",
        "length": "SELECT * FROM length ORDER BY stream",
    }
    return {name: db.execute(query).fetchall() for name, query in queries.items()}
