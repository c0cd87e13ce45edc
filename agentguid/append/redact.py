"""Forgetting. What an event said goes; that it was, and the chain over it, stay."""

from collections.abc import Sequence

import apsw


def redact(db: apsw.Connection, positions: Sequence[int]) -> list[str]:
    """Removes data and salt of events for good, inside the caller's transaction; returns the streams concerned.

    Snapshots of those streams go too, because they may repeat what was said. Read models must be rebuilt.
    """
    streams: dict[str, None] = {}
    db.pragma("secure_delete", True)  # overwritten with zeros, not only unlinked
    try:
        for position in positions:
            stream = db.execute("SELECT stream FROM event WHERE position = ?", (position,)).get
            if stream is not None:
                db.execute("UPDATE event_data SET data = NULL, salt = NULL WHERE position = ?", (position,))
                db.execute("DELETE FROM snapshot WHERE stream = ?", (stream,))
                streams[stream] = None
    finally:
        db.pragma("secure_delete", False)
    return list(streams)
