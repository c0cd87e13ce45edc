"""Forgetting. What an event said goes; that it was, and the chain over it, stay."""

from collections.abc import Sequence

import apsw

SLICE = 200
"""Events of a stream that are forgotten at a time."""
KEPT = ("conversation.deleted", "session.identified")
"""Why the rest was forgotten; and the agent's own names of its sessions, so that an import does not bring them back."""


def redact(db: apsw.Connection, positions: Sequence[int]) -> list[str]:
    """Removes data and salt of events for good, inside the caller's transaction; returns the streams concerned.

    Snapshots of those streams go too, because they may repeat what was said. Read models must be rebuilt.
    """
    streams: dict[str, None] = {}
    for position in positions:
        stream = db.execute("SELECT stream FROM event WHERE position = ?", (position,)).get
        if stream is not None:
            db.execute("UPDATE event_data SET data = NULL, salt = NULL WHERE position = ?", (position,))
            db.execute("DELETE FROM snapshot WHERE stream = ?", (stream,))
            streams[stream] = None
    return list(streams)


def forget(db: apsw.Connection, stream: str, before: int) -> int:
    """Removes what the last events of a stream before a version said; returns the version to go on before, 1 at the end.

    First its receipts go: a key may be made of what was said. Of the events the newest go first: a stream whose first
    event says nothing any more has been forgotten whole.
    """
    receipts = db.execute("SELECT rowid FROM receipt WHERE stream = ? LIMIT ?", (stream, SLICE)).fetchall()
    db.executemany("DELETE FROM receipt WHERE rowid = ?", receipts)
    if len(receipts) == SLICE:
        return before
    first = max(1, before - SLICE)
    db.execute("DELETE FROM snapshot WHERE stream = ?", (stream,))
    db.execute(
        "UPDATE event_data SET data = NULL, salt = NULL WHERE data IS NOT NULL AND position IN "
        "(SELECT position FROM event WHERE stream = ? AND version >= ? AND version < ? AND type NOT IN (?, ?))",
        (stream, first, before, *KEPT),
    )
    return first


def is_forgotten(db: apsw.Connection, stream: str) -> bool:
    """Whether `forget` has come to the end with a stream."""
    query = "SELECT 1 FROM event e JOIN event_data d ON d.position = e.position WHERE e.stream = ? AND e.version = 1 AND d.data IS NULL"
    return db.execute(query, (stream,)).get is not None
