"""Devices that signed in and tokens that were made: who may."""

from typing import Any, Literal

import apsw
from msgspec import Struct

from agentguid.protocol.events import DeviceRevoked, DeviceSignedIn, Recorded, TokenCreated, TokenRevoked
from agentguid.protocol.items import Scope

NAME = "credentials"
VERSION = 1
TABLES: tuple[str, ...] = ("credential",)
SCHEMA = """
CREATE TABLE IF NOT EXISTS credential (
  stream TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  scope TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires INTEGER,
  revoked INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS credential_by_kind ON credential (kind, created_at, id);
"""
Kind = Literal["device", "token"]


class Credential(Struct, frozen=True, gc=False):
    id: str
    kind: Kind
    name: str
    scope: Scope
    """A device has `admin`: it is the user."""
    created_at: int
    """Microseconds since the epoch, as is `expires`."""
    expires: int | None
    revoked: bool

    def valid(self, now: int) -> bool:
        """It opens doors at this moment."""
        return not self.revoked and (self.expires is None or now < self.expires)


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    match recorded.event:
        case DeviceSignedIn(name=name, hash=digest):
            _add(db, recorded, name, digest, "admin", None)
        case TokenCreated(name=name, hash=digest, scope=scope, expires=expires):
            _add(db, recorded, name, digest, scope, expires)
        case DeviceRevoked() | TokenRevoked():
            db.execute("UPDATE credential SET revoked = 1 WHERE stream = ?", (recorded.stream,))


def _add(
    db: apsw.Connection, recorded: Recorded, name: str, digest: str, scope: Scope, expires: int | None
) -> None:
    kind, _, credential = recorded.stream.partition("-")
    db.execute(
        "INSERT INTO credential (stream, id, kind, name, hash, scope, created_at, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        (recorded.stream, credential, kind, name, digest, scope, recorded.at, expires),
    )


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM credential WHERE stream = ?", (stream,))


_SELECT = "SELECT id, kind, name, scope, created_at, expires, revoked FROM credential "


def by_hash(db: apsw.Connection, digest: str) -> Credential | None:
    """The credential with this SHA-256 (hexadecimal). Ask `valid` before believing it."""
    row = db.execute(_SELECT + "WHERE hash = ?", (digest,)).fetchone()
    return row and _row(row)


def get(db: apsw.Connection, kind: Kind, credential: str) -> Credential | None:
    row = db.execute(_SELECT + "WHERE stream = ?", (f"{kind}-{credential}",)).fetchone()
    return row and _row(row)


def list(db: apsw.Connection, kind: Kind, limit: int = 500) -> tuple[Credential, ...]:  # noqa: A001 - `credentials.list`
    """The newest first, revoked ones too."""
    query = _SELECT + "WHERE kind = ? ORDER BY created_at DESC, id DESC LIMIT ?"
    return tuple(_row(row) for row in db.execute(query, (kind, limit)))


def _row(row: tuple[Any, ...]) -> Credential:
    values = [*row]
    values[6] = bool(row[6])
    return Credential(*values)
