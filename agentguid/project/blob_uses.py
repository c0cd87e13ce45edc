"""Which streams name which blobs: what no stream names may be removed."""

import apsw

from agentguid.protocol.events import Recorded
from agentguid.protocol.items import Body
from agentguid.protocol.names import BODIES

NAME = "blob_uses"
VERSION = 2
TABLES: tuple[str, ...] = ("blob_use",)
SCHEMA = """
CREATE TABLE IF NOT EXISTS blob_use (
  digest TEXT NOT NULL,
  stream TEXT NOT NULL,
  UNIQUE (digest, stream)
) STRICT;
CREATE INDEX IF NOT EXISTS blob_use_by_stream ON blob_use (stream);
"""


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    event = recorded.event
    for name in BODIES.get(type(event), ()):
        body: Body | None = getattr(event, name)
        if body is not None and (body.blob is not None or body.attached):
            named = [body.blob] if body.blob is not None else []
            named += [one.blob for one in body.attached]
            db.executemany(
                "INSERT INTO blob_use VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(digest, recorded.stream) for digest in named],
            )


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM blob_use WHERE stream = ?", (stream,))


def used(db: apsw.Connection, digest: str) -> bool:
    """Whether a stream names this blob. Holds only while every stream's read models are complete."""
    return db.execute("SELECT 1 FROM blob_use WHERE digest = ? LIMIT 1", (digest,)).get is not None
