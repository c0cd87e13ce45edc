"""What is handed to the log and what it hands back."""

from collections.abc import Sequence
from typing import Any, Protocol

import apsw
from msgspec import Struct

from agentguid.protocol.events import Event, Recorded


class TapeMark(Struct, frozen=True):
    """How far a tape has been translated; moves in the same transaction as what came of it."""

    tape: str
    offset: int
    """Up to here everything is in the log."""
    anchor: int
    """From here a fold starts again: the last point at which nothing was open."""
    carry: bytes
    """What the adapter must know at the anchor."""


class Stamp(Struct, frozen=True, gc=False):
    """When and where something happened that is imported."""

    at: int
    """Microseconds since the epoch."""
    origin: str | None = None
    """JSON."""


class Append(Struct, frozen=True):
    """One append: all of it is committed, or none."""

    stream: str
    expected: int
    """The version that the stream must have; 0 for a new one."""
    events: Sequence[Event]
    at: int
    actor: str
    cause: str | None = None
    key: str | None = None
    """Idempotency key of the command; its receipt is kept."""
    mark: TapeMark | None = None
    snapshot: bytes | None = None
    """The decider's state after these events, to be kept so that the stream need not be read whole."""
    stamps: Sequence[Stamp] = ()
    """One for each event, when they did not all happen `at` one time."""


class Receipt(Struct, frozen=True):
    """Where a command's events stand. The same key gets the same receipt."""

    stream: str
    first: int
    """Position of the first event; 0 when there was nothing to do."""
    last: int
    version: int
    """Of the stream after it."""
    repeated: bool = False
    """The key was known: nothing was appended this time."""


class Projection(Protocol):
    """An inline read model: written in the transaction of the event, rebuilt from the log when its code changes.

    A module of `agentguid.project` is one. Its tables hold rows of single streams only, named by a column,
    so that one stream can be rebuilt alone.
    """

    NAME: str
    VERSION: int
    """Raise it when `SCHEMA` or `apply` changes: streams are then rebuilt."""
    SCHEMA: str
    """CREATE TABLE and INDEX statements, IF NOT EXISTS, STRICT."""
    TABLES: tuple[str, ...]
    """The names of its tables."""

    def apply(self, db: apsw.Connection, recorded: Recorded) -> None:
        """Folds one event in. Must not read more than a few indexed rows."""

    def clear(self, db: apsw.Connection, stream: str) -> None:
        """Removes every row of the stream."""


Parameters = Sequence[Any]
