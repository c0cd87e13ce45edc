"""The chain over the log: what was written can be shown to be what is there, also when some of it was redacted.

    hash  = SHA-256(salt || data)
    chain = SHA-256(chain of the event before || header || hash)      before the first: 32 zero bytes

The header is the JSON array [position, stream, version, type, schema, at, actor, cause, origin] in UTF-8, without
white space, escaping only what must be; `origin` is the JSON text as it lies in the log, or null.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, cast

import apsw
import msgspec

from agentguid.protocol.errors import LogBroken

GENESIS = bytes(32)
SALT = 16
"""Bytes. Without it the hash of a short redacted text could be guessed."""
SLICE = 500
"""Events that `verify` reads at a time."""

Header = tuple[int, str, int, str, int, int, str, str | None, str | None]

_encode = msgspec.json.Encoder().encode


def link(previous: bytes, header: Header, hashed: bytes) -> bytes:
    """The chain value of an event."""
    return sha256(previous + _encode(header) + hashed).digest()


def verify(db: apsw.Connection, after: int = 0) -> Iterator[int]:
    """Checks every event after a position up to the present last one; yields the position reached after each slice.

    Raises `LogBroken` naming the first position that is wrong.
    """
    previous, last = _chain_at(db, after), db.execute("SELECT max(position) FROM event").get or 0
    versions: dict[str, int] = {}
    while after < last:
        rows: list[tuple[Any, ...]] = db.execute(
            "SELECT e.position, e.stream, e.version, e.type, e.schema, e.at, e.actor, e.cause, e.origin, "
            "e.hash, e.chain, d.position, d.data, d.salt "
            "FROM event e LEFT JOIN event_data d ON d.position = e.position "
            "WHERE e.position > ? ORDER BY e.position LIMIT ?",
            (after, SLICE),
        ).fetchall()
        for row in rows:
            header = cast(Header, row[:9])
            hashed, chained, stored, data, salt = row[9:]
            after += 1
            if header[0] != after:
                raise LogBroken(f"event {after} is missing")
            _check_version(db, header[1], header[2], after, versions)
            _check_data(after, stored, data, salt, hashed)
            previous = link(previous, header, hashed)
            if chained != previous:
                raise LogBroken(f"event {after} was changed: the chain does not fit")
        yield after


def _chain_at(db: apsw.Connection, position: int) -> bytes:
    if position <= 0:
        return GENESIS
    found: bytes | None = db.execute("SELECT chain FROM event WHERE position = ?", (position,)).get
    if found is None:
        raise LogBroken(f"event {position} is missing")
    return found


def _check_version(
    db: apsw.Connection, stream: str, version: int, position: int, known: dict[str, int]
) -> None:
    before = known.get(stream)
    if before is None:
        found = db.execute(
            "SELECT version FROM event WHERE stream = ? AND version = ? AND position < ?",
            (stream, version - 1, position),
        ).get
        before = found or 0
    if version != before + 1:
        raise LogBroken(f"event {position} is version {version} of {stream}, but {before + 1} comes next")
    known[stream] = version


def _check_data(
    position: int, stored: int | None, data: str | None, salt: bytes | None, hashed: bytes
) -> None:
    if stored is None:
        raise LogBroken(f"the data of event {position} is missing")
    if data is None and salt is None:
        return  # redacted
    if data is None or salt is None or sha256(salt + data.encode()).digest() != hashed:
        raise LogBroken(f"the data of event {position} was changed: its hash does not fit")
