"""Inline projections: folded in the transaction of the event, versioned per stream.

A stream is *current* when the read models hold all of it, as the present code would make them; its row in
`stream_state` then carries the present signature. Otherwise it is *behind*: appends leave its read models alone and
`rebuild.py` folds it anew.
"""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import sha256

import apsw
import msgspec
from msgspec import Struct

from agentguid.append import tables
from agentguid.append.api import Projection
from agentguid.protocol.events import Recorded

WANTED = 10_000
"""Streams that may be asked for first; of more, the oldest wishes are forgotten (all streams get their turn anyway)."""

_NOBODY: frozenset[str] = frozenset()
UNWRITABLE = (
    apsw.FullError,
    apsw.IOError,
    apsw.NoMemError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.InterruptError,
)
"""What says that the database cannot be written, whoever tries. Not a projection's fault."""

_logger = logging.getLogger(__name__)


class Head(Struct, gc=False):
    """Where a stream stands."""

    version: int
    position: int
    projected: str
    """Signature of the projections that it is complete for; empty for none."""
    skip: frozenset[str]
    """Projections that raised on it."""


class Raised(Exception):  # noqa: N818 - it is a signal between the engine and its callers
    """A projection raised. What it and the others wrote since the last savepoint must be undone."""

    def __init__(self, projection: str, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.projection = projection


class Engine:
    """The projections, and which stream needs them. Used by the writer thread."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self.projections = tuple(projections)
        self._appliers = [(one.NAME, one.apply) for one in self.projections]
        facts = [(one.NAME, one.VERSION, one.SCHEMA) for one in self.projections]
        self.signature = sha256(msgspec.json.encode(facts)).hexdigest()[:32]
        self.wanted: deque[str] = deque(maxlen=WANTED)
        """Streams that are behind and that somebody looks at."""

    def settle(self, db: apsw.Connection) -> None:
        """Makes the tables; those of projections that changed are moved out of the way. Quick whatever they hold."""
        tables.settle(db, self.projections)

    def head(self, db: apsw.Connection, stream: str) -> Head:
        """A new stream is current from the start."""
        row = db.execute(
            "SELECT version, position, projected FROM stream_state WHERE stream = ?", (stream,)
        ).fetchone()
        if row is None:
            return Head(0, 0, self.signature, _NOBODY)
        stale = db.execute("SELECT projection FROM stale WHERE stream = ?", (stream,))
        return Head(row[0], row[1], row[2], frozenset(name for (name,) in stale) or _NOBODY)

    def inline(
        self, db: apsw.Connection, head: Head, recorded: Sequence[Recorded], skip: frozenset[str]
    ) -> None:
        """Folds what was appended to a stream that is current; raises `Raised`."""
        if head.projected == self.signature:
            self.fold(db, recorded, skip)
        elif recorded:
            self.wanted.append(recorded[0].stream)

    def fold(self, db: apsw.Connection, recorded: Iterable[Recorded], skip: frozenset[str]) -> None:
        """Event by event, each through all projections: the same whatever came together in one append."""
        appliers = [one for one in self._appliers if one[0] not in skip] if skip else self._appliers
        name = ""
        try:
            for one in recorded:
                for name, apply in appliers:  # noqa: B007 - the handler tells whose fault it was
                    apply(db, one)
        except UNWRITABLE:
            raise
        except Exception as error:  # a bug in a read model must not keep a fact out of the log
            raise Raised(name, error) from error

    def clear(self, db: apsw.Connection, stream: str, skip: frozenset[str]) -> None:
        """Empties the read models of a stream; raises `Raised`."""
        for projection in self.projections:
            if projection.NAME not in skip:
                try:
                    projection.clear(db, stream)
                except UNWRITABLE:
                    raise
                except Exception as error:
                    raise Raised(projection.NAME, error) from error

    def set_aside(self, db: apsw.Connection, stream: str, raised: Iterable[Raised]) -> None:
        """Writes down that projections are to be left out for a stream, and why."""
        for one in raised:
            _logger.error("projection %s is stale for %s", one.projection, stream, exc_info=one.__cause__)
            db.execute(
                "INSERT OR REPLACE INTO stale VALUES (?, ?, ?)", (stream, one.projection, str(one)[:1000])
            )
