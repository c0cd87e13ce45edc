"""Folds streams that are behind anew, in slices, in the writer thread, while live appends go first."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import apsw
import msgspec

from agentguid.append import read
from agentguid.append.engine import UNWRITABLE, Engine, Head, Raised
from agentguid.append.ledger import Ledger
from agentguid.protocol.errors import LogBroken

EVENTS = 200
SECONDS = 0.005
"""A slice ends after so many events, or after the one during which so much time had passed."""
MARKED = 500
"""Streams that are marked as behind in one slice."""


class Rebuilder:
    """Streams that were asked for take turns; then the rest, those with the newest events first."""

    def __init__(
        self, db: apsw.Connection, engine: Engine, ledger: Ledger, start: Callable[[], None]
    ) -> None:
        self._db = db
        self._engine = engine
        self._ledger = ledger
        self._start = start
        self._running = False
        self._gate = threading.Lock()
        self._waiting: list[tuple[Sequence[str] | None, Future[None]]] = []
        self._unmarked: str | None = None
        """While all streams are being marked as behind: those after this name are not yet, on the disk."""

    def want(self, stream: str) -> None:
        """This stream before others, if it is behind. From any thread."""
        self._engine.wanted.append(stream)
        self.run()

    def again(self, streams: Sequence[str] | None, future: Future[None]) -> None:
        """Marks streams, or all, as behind (writer thread); the future is resolved once they are current."""
        self._ledger.then(lambda: self._wait(streams, future))
        for stream in streams or ():
            self._mark(stream)
            self._engine.wanted.append(stream)
        self.run()

    def _wait(self, streams: Sequence[str] | None, future: Future[None]) -> None:
        self._waiting.append((streams, future))
        if streams is None:
            self._unmarked = ""

    def run(self) -> None:
        """Makes sure that slices are asked for."""
        with self._gate:
            if not self._running:
                self._running = True
                self._start()

    def slice(self) -> bool:
        """One slice, inside a transaction of the writer. False when nothing is behind."""
        try:
            return self._some()
        except UNWRITABLE:
            raise  # it will be asked for again
        except Exception as error:
            self.abandon(LogBroken(f"the rebuild failed: {error}"))
            raise

    def _some(self) -> bool:
        self._resolve()
        if self._unmarked is not None:
            self._mark_some(self._unmarked)
            return True
        stream = self._next()
        if stream is not None:
            self._fold(stream, self._ledger.head(stream))
            return True
        with self._gate:
            self._running = bool(self._engine.wanted)
        return self._running

    def abandon(self, reason: Exception) -> None:
        """The log closes or a slice failed: nobody will be waited for."""
        with self._gate:
            self._running = False
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(reason)
        self._waiting.clear()

    def _mark(self, stream: str) -> None:
        head = self._ledger.head(stream)
        if head.version:
            head.projected = ""
            self._ledger.changed(stream, head)
            self._db.execute("DELETE FROM rebuild WHERE stream = ?", (stream,))

    def _mark_some(self, after: str) -> None:
        query = "SELECT stream FROM stream_state WHERE stream > ? ORDER BY stream LIMIT ?"
        streams = [stream for (stream,) in self._db.execute(query, (after, MARKED))]
        for stream in streams:
            self._mark(stream)
        self._ledger.then(lambda: self._marked(streams[-1] if streams else None))

    def _marked(self, last: str | None) -> None:
        self._unmarked = last

    def _resolve(self) -> None:
        """Whoever waits is told in the slice after, when the last one is committed."""
        if not self._waiting:
            return
        still = []
        for streams, future in self._waiting:
            if streams is None:
                behind = self._unmarked is not None or self._newest_behind() is not None
            else:
                behind = any(map(self._is_behind, streams))
            if behind:
                still.append((streams, future))
            elif not future.done():  # it was, when a slice that told it failed afterwards
                future.set_result(None)
        self._waiting = still

    def _next(self) -> str | None:
        wanted = self._engine.wanted
        while wanted:
            stream = wanted.popleft()
            if self._is_behind(stream):
                wanted.append(stream)
                return stream
        return self._newest_behind()

    def _is_behind(self, stream: str) -> bool:
        head = self._ledger.head(stream)
        return head.version > 0 and head.projected != self._engine.signature

    def _newest_behind(self) -> str | None:
        for side in ("<", ">"):
            found: str | None = self._db.execute(
                f"SELECT stream FROM stream_state WHERE projected {side} ? "  # noqa: S608
                "ORDER BY projected DESC, position DESC LIMIT 1",
                (self._engine.signature,),
            ).get
            if found is not None:
                return found
        return None

    def _fold(self, stream: str, head: Head) -> None:
        done = self._db.execute(
            "SELECT version FROM rebuild WHERE stream = ? AND signature = ?", (stream, self._engine.signature)
        ).get
        raised: list[Raised] = []
        skip = head.skip if done is not None else frozenset()
        self._db.execute("SAVEPOINT rebuild")
        while True:
            try:
                version = self._slice(stream, done, skip)
                break
            except Raised as one:
                self._db.execute("ROLLBACK TO rebuild")
                raised.append(one)
                skip |= {one.projection}
            except (
                msgspec.MsgspecError
            ) as error:  # an event that this program should be able to read, and cannot
                self._db.execute("ROLLBACK TO rebuild")
                raised = [Raised(one.NAME, error) for one in self._engine.projections]
                skip, version = frozenset(one.projection for one in raised), head.version
                break
        self._engine.set_aside(self._db, stream, raised)
        self._db.execute("RELEASE rebuild")
        head.skip = skip
        self._progress(stream, head, version)

    def _slice(self, stream: str, done: int | None, skip: frozenset[str]) -> int:
        """Folds from a version on, from the beginning when it is None; returns the version reached."""
        if done is None:
            self._db.execute("DELETE FROM stale WHERE stream = ?", (stream,))
            self._engine.clear(self._db, stream, skip)
        version, end = done or 0, time.monotonic() + SECONDS
        for recorded in read.stream(self._db, stream, version, EVENTS):
            self._engine.fold(self._db, (recorded,), skip)
            version = recorded.version
            if time.monotonic() > end:
                break
        return version

    def _progress(self, stream: str, head: Head, version: int) -> None:
        if version < head.version:
            self._db.execute(
                "INSERT OR REPLACE INTO rebuild VALUES (?, ?, ?)", (stream, self._engine.signature, version)
            )
            return
        self._db.execute("DELETE FROM rebuild WHERE stream = ?", (stream,))
        head.projected = self._engine.signature
        self._ledger.changed(stream, head)
