"""The event log of one data directory: what happened, in order, for good."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from agentguid import paths
from agentguid.append import chain, connection, read, redact, tables
from agentguid.append.api import Append, Projection, Receipt, TapeMark
from agentguid.append.blobs import Blobs
from agentguid.append.checkpoints import Checkpoints
from agentguid.append.engine import UNWRITABLE, Engine
from agentguid.append.ledger import Ledger, prepare
from agentguid.append.migrate import migrate
from agentguid.append.rebuild import Rebuilder
from agentguid.append.writer import OnCommit, Writer
from agentguid.protocol.errors import LogBroken

TAIL = 100
"""Events that are verified at each start."""
SOME = 20
"""Blobs that are looked at in one transaction."""
Used = Callable[[apsw.Connection, str], bool]


class Log:
    """One writer thread; readers on connections of their own.

    `on_commit` is called in the writer thread, once per commit that touched a stream, with the last position and
    those streams: after the commit, before the futures are resolved. A stream is touched when it grew and when its
    read models became complete.
    """

    def __init__(
        self, path: Path, projections: Sequence[Projection], *, on_commit: OnCommit | None = None
    ) -> None:
        self._path = path
        self._engine = Engine(projections)
        self._on_commit = on_commit
        self._db: apsw.Connection | None = None
        self.id = ""
        """What tells this log from every other. Known once it is open."""

    @property
    def position(self) -> int:
        """The last committed position."""
        return self._writer.position

    @property
    def signature(self) -> str:
        """Of the present set of inline projections: what `read.projected` compares with."""
        return self._engine.signature

    def open(self) -> None:
        """Readies the file and starts the writer thread. `LogBroken` when it cannot be used as it is.

        The caller holds the lock on the data directory (`lock.acquire`). Takes no longer for a long log.
        """
        db = connection.writer(self._path)
        try:
            migrate(db, paths.bundled("migrations"))
            self._check_tail(db)
            self._engine.settle(db)
            self.id = read.log_id(db)
            self._checkpoints = Checkpoints(self._path, db)
        except connection.DAMAGE as error:
            db.close()
            raise connection.damaged(self._path, error) from error
        except apsw.Error as error:
            db.close()
            raise LogBroken(f"{self._path} cannot be opened as the log: {error}") from error
        except BaseException:
            db.close()
            raise
        self._db = db
        self._ledger = Ledger(db, self._engine)
        self._writer = Writer(db, self._ledger, self._on_commit, self._checkpoints.after_commit)
        self._rebuilder = Rebuilder(
            db, self._engine, self._ledger, lambda: self._writer.background(lambda _: self._rebuilder.slice())
        )
        self._checkpoints.start()
        self._writer.start()
        self._rebuilder.run()
        self._writer.background(tables.discard)

    def submit(self, append: Append) -> Future[Receipt]:
        """Queues an append; the future is resolved once it is on the disk.

        The future raises `Conflict` when the stream is at another version than `expected`. Never waits; raises
        `TooBusy` at once when too much is queued already. A future that is cancelled in time appends nothing.
        """
        prepared = prepare(append)
        return self._writer.submit(partial(self._ledger.append, prepared), prepared.size)

    def submit_later(self, append: Append) -> Future[Receipt]:
        """As `submit`, but only when nothing else waits, in a transaction of its own: for imports.

        Raises `TooBusy` when much waits so already. What the log's closing finds still waiting gets `LogBroken`.
        """
        prepared = prepare(append)
        return self._writer.later(partial(self._ledger.append, prepared), prepared.size)

    def submit_mark(self, mark: TapeMark) -> Future[None]:
        """Moves a tape mark alone."""
        return self._writer.submit(partial(self._ledger.mark, mark), 256 + len(mark.carry))

    def ping(self) -> Future[None]:
        """Resolved when the writer thread has come to it: it lives. Raises `LogBroken` when it has ended."""
        return self._writer.submit(lambda: None, 0)

    def background(self, work: Callable[[apsw.Connection], bool]) -> None:
        """Has work done in small slices in the writer thread, each in a transaction, when nothing else waits.

        It is called again as long as it returns True, and given up when it raises.
        """
        self._writer.background(work)

    def want(self, stream: str) -> None:
        """Somebody looks at this stream: if its read models are behind, they are rebuilt before others."""
        self._rebuilder.want(stream)

    def rebuild(self, stream: str | None = None) -> Future[None]:
        """Makes the read models of a stream, or of all, anew; the future is resolved when they are complete.

        Meanwhile they are incomplete.
        """
        return self._rebuilt_after(
            lambda done: self._rebuilder.again(None if stream is None else [stream], done)
        )

    def redact(self, positions: Sequence[int]) -> Future[None]:
        """Removes what these events said; that they were stays.

        The read models of their streams are made anew; the future is resolved when they are complete. Old pages of
        the write-ahead log may hold the text until it is next checkpointed whole, at the latest when the log closes.
        """
        return self._rebuilt_after(partial(self._redact, list(positions)))

    def forget(self, stream: str, tapes: Sequence[str]) -> Future[None]:
        """Removes what every event of a stream said, little by little, its receipts and the marks of its tapes; see `redact`.

        Nothing may be appended to it meanwhile.
        """
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()
        before = 0

        def on_disk(first: int) -> None:
            nonlocal before
            before = first

        def some(db: apsw.Connection) -> bool:
            first = redact.forget(db, stream, before or read.head(db, stream) + 1)
            self._ledger.then(partial(on_disk, first))
            if first > 1:
                return True
            db.executemany("DELETE FROM tape WHERE tape = ?", [(tape,) for tape in tapes])
            self._rebuilder.again([stream], done)
            return False

        self._writer.background(_reported(some, done))
        return done

    def collect(self, blobs: Blobs, digests: Sequence[str], used: Used, seconds: float) -> Future[int]:
        """Removes those blobs that no event names (`used`) and that were not put within `seconds`; gives how many.

        None while a read model is incomplete: it does not know of every event then.
        """
        done: Future[int] = Future()
        done.set_running_or_notify_cancel()
        left, removed = list(digests), 0

        def some(db: apsw.Connection) -> bool:
            nonlocal removed
            if read.incomplete(db, self.signature):
                left.clear()
            for digest in left[:SOME]:
                removed += not used(db, digest) and blobs.remove(digest, seconds)
            del left[:SOME]
            if not left:
                self._ledger.then(lambda: done.set_result(removed))
            return bool(left)

        self._writer.background(_reported(some, done))
        return done

    def reader(self) -> apsw.Connection:
        """A new read-only connection, for one thread."""
        return connection.reader(self._path)

    def close(self) -> None:
        """Writes what is queued and ends the writer thread. Idempotent."""
        if self._db is None:
            return
        self._writer.stop()
        self._checkpoints.stop()
        self._rebuilder.abandon(LogBroken("the log was closed before everything was rebuilt"))
        self._db.pragma("optimize")
        self._db.close()
        self._db = None
        self._checkpoints.release()

    def _check_tail(self, db: apsw.Connection) -> None:
        try:
            for _ in chain.verify(db, max(0, read.last(db) - TAIL)):
                pass
        except LogBroken as error:
            raise connection.damaged(self._path, error) from error

    def _redact(self, positions: list[int], done: Future[None]) -> None:
        assert self._db is not None
        with self._db:
            streams = redact.redact(self._db, positions)
        self._rebuilder.again(streams, done)

    def _rebuilt_after(self, job: Callable[[Future[None]], None]) -> Future[None]:
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()
        queued = self._writer.submit(partial(job, done), 256)
        queued.add_done_callback(lambda one: done.set_exception(one.exception()) if one.exception() else None)
        return done


def _reported(
    work: Callable[[apsw.Connection], bool], done: Future[Any]
) -> Callable[[apsw.Connection], bool]:
    """Background work somebody waits for: it is told when the work is given up."""

    def run(db: apsw.Connection) -> bool:
        try:
            return work(db)
        except UNWRITABLE:
            raise  # it will be asked for again
        except Exception as error:
            done.set_exception(LogBroken(f"work on the log was given up: {error}"))
            raise

    return run
