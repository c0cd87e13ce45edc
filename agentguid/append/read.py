"""Reading the log, on a reader connection. Every query goes through an index and is bounded by its limit."""

from array import array
from collections.abc import Sequence
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from agentguid.append.api import Receipt, TapeMark
from agentguid.protocol import wire
from agentguid.protocol.events import Recorded

_SELECT = (
    "SELECT e.position, e.stream, e.version, e.type, e.schema, e.at, e.actor, e.cause, e.origin, d.data "
    "FROM event e LEFT JOIN event_data d ON d.position = e.position "
)
_NO_END = (1 << 63) - 1


class Stale(Struct, frozen=True):
    """A read model that raised on a stream, and has been left out for it since."""

    projection: str
    error: str


def events(
    db: apsw.Connection,
    after: int,
    *,
    upto: int | None = None,
    stream: str | None = None,
    types: Sequence[str] = (),
    limit: int = 500,
) -> list[Recorded]:
    """The first `limit` events after a position, in order; with `stream` or `types` only those."""
    end = _NO_END if upto is None else upto
    if types:
        return _of_types(db, after, end, stream, types, limit)
    if stream is not None:
        rows = _stream_rows(db, stream, _version_at(db, stream, after), limit)
        return [_recorded(row) for row in rows if row[0] <= end]
    query = _SELECT + "WHERE e.position > ? AND e.position <= ? ORDER BY e.position LIMIT ?"
    return [_recorded(row) for row in db.execute(query, (after, end, limit))]


def at(db: apsw.Connection, positions: Sequence[int]) -> dict[int, Recorded]:
    """The events at these positions, in one query. Those that do not exist are not in the answer."""
    if not positions:
        return {}
    wanted = apsw.carray(array("q", positions))
    query = _SELECT + "WHERE e.position IN (SELECT value FROM carray(?))"  # noqa: S608
    return {row[0]: _recorded(row) for row in db.execute(query, (wanted,))}


def stream(db: apsw.Connection, name: str, after_version: int, limit: int = 500) -> list[Recorded]:
    """The next events of one stream."""
    return [_recorded(row) for row in _stream_rows(db, name, after_version, limit)]


def head(db: apsw.Connection, stream: str) -> int:
    """The version of a stream; 0 when there is none of this name."""
    return db.execute("SELECT version FROM stream_state WHERE stream = ?", (stream,)).get or 0


def last(db: apsw.Connection) -> int:
    """The last committed position; 0 when the log is empty."""
    return db.execute("SELECT max(position) FROM event").get or 0


def log_id(db: apsw.Connection) -> str:
    """What tells this log from every other."""
    found: str = db.execute("SELECT value FROM log_meta WHERE name = 'id'").get
    return found


def receipt(db: apsw.Connection, key: str) -> Receipt | None:
    """What the command of this key came to, when it was carried out before."""
    row = db.execute("SELECT stream, first, last, version FROM receipt WHERE key = ?", (key,)).fetchone()
    return Receipt(row[0], row[1], row[2], row[3], repeated=True) if row else None


def snapshot(db: apsw.Connection, stream: str) -> tuple[int, bytes] | None:
    """The version and the decider's state at it."""
    return db.execute("SELECT version, state FROM snapshot WHERE stream = ?", (stream,)).fetchone()


def mark(db: apsw.Connection, tape: str) -> TapeMark | None:
    """How far a tape has been translated."""
    row = db.execute('SELECT tape, "offset", anchor, carry FROM tape WHERE tape = ?', (tape,)).fetchone()
    return row and TapeMark(*row)


def marks(db: apsw.Connection, prefix: str) -> list[TapeMark]:
    """All marks whose names begin so."""
    query = 'SELECT tape, "offset", anchor, carry FROM tape WHERE tape >= ? AND tape < ?'
    return [TapeMark(*row) for row in db.execute(query, (prefix, prefix + chr(0x10FFFF)))]


def projected(db: apsw.Connection, stream: str, signature: str) -> bool:
    """Whether the read models hold all of a stream. When not: `Log.want(stream)`, and look again once it was touched."""
    found = db.execute("SELECT projected FROM stream_state WHERE stream = ?", (stream,)).get
    return found is None or found == signature


def all_projected(db: apsw.Connection, signature: str) -> bool:
    """Whether the read models hold all of every stream. Two looks at an index."""
    query = "SELECT 1 FROM stream_state WHERE projected {} ? LIMIT 1"
    return not any(db.execute(query.format(side), (signature,)).get for side in "<>")


def behind(db: apsw.Connection, prefix: str, signature: str, limit: int = 500) -> list[str]:
    """Streams of a kind (`device-`) that are not `projected`. Looks at every stream of that kind."""
    query = "SELECT stream FROM stream_state WHERE stream >= ? AND stream < ? AND projected <> ? LIMIT ?"
    return [name for (name,) in db.execute(query, (prefix, prefix + chr(0x10FFFF), signature, limit))]


def incomplete(db: apsw.Connection, signature: str) -> bool:
    """Whether the read models lack anything of any stream."""
    query = (
        "SELECT EXISTS (SELECT 1 FROM stream_state WHERE projected < ?1) "
        "OR EXISTS (SELECT 1 FROM stream_state WHERE projected > ?1) OR EXISTS (SELECT 1 FROM stale)"
    )
    return bool(db.execute(query, (signature,)).get)


def stale(db: apsw.Connection, stream: str) -> list[Stale]:
    """The read models that are not complete for a stream because they raised."""
    return [
        Stale(*row) for row in db.execute("SELECT projection, error FROM stale WHERE stream = ?", (stream,))
    ]


def _stream_rows(db: apsw.Connection, name: str, after_version: int, limit: int) -> list[tuple[Any, ...]]:
    query = _SELECT + "WHERE e.stream = ? AND e.version > ? ORDER BY e.version LIMIT ?"
    return db.execute(query, (name, after_version, limit)).fetchall()


def _version_at(db: apsw.Connection, stream: str, position: int) -> int:
    """The stream's version when the log stood at a position.

    Versions grow with positions, so a search by halves over the index (stream, version) finds it; it starts at the
    end, where readers that follow the log are.
    """
    top = head(db, stream)
    if position <= 0 or top == 0:
        return 0
    step, low = 1, top
    while low > 0 and _position_of(db, stream, low) > position:
        low, top = max(0, low - step), low - 1
        step *= 2
    while low < top:
        middle = (low + top + 1) // 2
        if _position_of(db, stream, middle) > position:
            top = middle - 1
        else:
            low = middle
    return low


def _position_of(db: apsw.Connection, stream: str, version: int) -> int:
    found: int = db.execute(
        "SELECT position FROM event WHERE stream = ? AND version = ?", (stream, version)
    ).get
    return found


def _of_types(
    db: apsw.Connection, after: int, end: int, stream: str | None, types: Sequence[str], limit: int
) -> list[Recorded]:
    """Each type's positions come from a covering index; the earliest of them all are then loaded."""
    where = "type = ?" if stream is None else "stream = ? AND type = ?"
    query = f"SELECT position FROM event WHERE {where} AND position > ? AND position <= ? ORDER BY position LIMIT ?"  # noqa: S608
    positions: list[int] = []
    for name in dict.fromkeys(types):
        of = (name,) if stream is None else (stream, name)
        positions += [position for (position,) in db.execute(query, (*of, after, end, limit))]
    found = at(db, sorted(positions)[:limit])
    return [found[position] for position in sorted(found)]


def _recorded(row: tuple[Any, ...]) -> Recorded:
    position, stream, version, name, schema, moment, actor, cause, origin, data = row
    return Recorded(
        position,
        stream,
        version,
        name,
        moment,
        actor,
        cause,
        origin and msgspec.json.decode(origin),
        wire.decode(name, schema, data),
    )
