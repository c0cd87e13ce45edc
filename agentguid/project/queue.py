"""The messages that wait for the open turn to end, in the order in which they will be sent."""

from collections.abc import Sequence
from typing import Any

import apsw
from msgspec import Struct

from agentguid.protocol.events import (
    ConversationDeleted,
    MessageEdited,
    MessageQueued,
    MessageRemoved,
    MessageSteered,
    MessageSteerRequested,
    QueueReordered,
    Recorded,
    TurnEnded,
    TurnStarted,
)
from agentguid.protocol.ids import conversation_of

NAME = "queue"
VERSION = 2
TABLES: tuple[str, ...] = ("waiting",)
SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
  message TEXT PRIMARY KEY,
  conversation TEXT NOT NULL,
  place INTEGER NOT NULL,
  position INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  steering INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS waiting_by_place ON waiting (conversation, place);
"""


class Waiting(Struct, frozen=True, gc=False):
    message: str
    conversation: str
    place: int
    """Grows along the queue; places are not dense."""
    position: int
    """Of the event that has the message's present body."""
    queued_at: int
    """Microseconds since the epoch."""
    steering: bool
    """The turn that runs is to take it in."""


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    conversation, position = conversation_of(recorded.stream), recorded.position
    if conversation is None:
        return
    match recorded.event:
        case MessageQueued(message=message):
            db.execute(
                "INSERT INTO waiting SELECT ?1, ?2, coalesce(max(place), 0) + 1, ?3, ?4, 0 FROM waiting "
                "WHERE conversation = ?2 ON CONFLICT DO NOTHING",
                (message, conversation, position, recorded.at),
            )
        case MessageEdited(message=message):
            db.execute(
                "UPDATE waiting SET position = ? WHERE message = ? AND conversation = ?",
                (position, message, conversation),
            )
        case MessageRemoved(message=message) | MessageSteered(message=message) | TurnStarted(message=message):
            db.execute("DELETE FROM waiting WHERE message = ? AND conversation = ?", (message, conversation))
        case MessageSteerRequested(message=message):
            db.execute(
                "UPDATE waiting SET steering = 1 WHERE message = ? AND conversation = ?",
                (message, conversation),
            )
        case TurnEnded():
            db.execute("UPDATE waiting SET steering = 0 WHERE conversation = ? AND steering", (conversation,))
        case QueueReordered(order=order):
            _reorder(db, conversation, order)
        case ConversationDeleted():
            db.execute("DELETE FROM waiting WHERE conversation = ?", (conversation,))


def _reorder(db: apsw.Connection, conversation: str, order: Sequence[str]) -> None:
    rest = [row.message for row in list(db, conversation) if row.message not in order]
    db.executemany(
        "UPDATE waiting SET place = ? WHERE message = ? AND conversation = ?",
        [(place, message, conversation) for place, message in enumerate([*order, *rest], start=1)],
    )


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM waiting WHERE conversation = ?", (conversation_of(stream),))


_SELECT = "SELECT message, conversation, place, position, queued_at, steering FROM waiting "


def get(db: apsw.Connection, message: str) -> Waiting | None:
    row = db.execute(_SELECT + "WHERE message = ?", (message,)).fetchone()
    return row and _row(row)


def list(db: apsw.Connection, conversation: str) -> tuple[Waiting, ...]:  # noqa: A001 - reads `queue.list(...)`
    """All of a conversation's, next one first; the rules keep them below 500."""
    query = _SELECT + "WHERE conversation = ? ORDER BY place"
    return tuple(map(_row, db.execute(query, (conversation,))))


def _row(row: Sequence[Any]) -> Waiting:
    message, conversation, place, position, queued_at, steering = row
    return Waiting(message, conversation, place, position, queued_at, bool(steering))
