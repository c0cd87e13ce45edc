"""Turns, one row each: what the API calls sessions."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import apsw
import msgspec
from msgspec import Struct

from agentguid.protocol.events import Recorded, TurnEnded, TurnStarted
from agentguid.protocol.ids import conversation_of
from agentguid.protocol.items import Usage

NAME = "turns"
VERSION = 2
TABLES: tuple[str, ...] = ("turn",)
SCHEMA = """
CREATE TABLE IF NOT EXISTS turn (
  id TEXT PRIMARY KEY,
  conversation TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  message TEXT NOT NULL,
  agent TEXT NOT NULL,
  model TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  status TEXT NOT NULL,
  error TEXT,
  usage TEXT,
  cost REAL,
  duration INTEGER,
  position INTEGER NOT NULL,
  end_position INTEGER,
  imported INTEGER NOT NULL DEFAULT 0,
  UNIQUE (conversation, sequence)
) STRICT;
CREATE INDEX IF NOT EXISTS turn_open ON turn (conversation) WHERE end_position IS NULL;
"""
LONG_AGO = 500
"""Turns of a conversation."""
Status = Literal["active", "complete", "error", "interrupted"]


class Turn(Struct, frozen=True, gc=False):
    """One prompt and what came of it. Times are microseconds since the epoch."""

    id: str
    conversation: str
    sequence: int
    """The how manyeth of its conversation, from 1."""
    message: str
    agent: str
    model: str | None
    started_at: int
    ended_at: int | None
    status: Status
    """`active` says that no end is recorded; whether an agent works on it, `Presence` knows."""
    error: str | None
    usage: Usage | None
    cost: float | None
    """US dollars."""
    duration: int | None
    """Milliseconds, as the agent counted."""
    position: int
    """Of turn.started."""
    end_position: int | None
    """Of turn.ended."""


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    conversation = conversation_of(recorded.stream)
    match recorded.event:
        case TurnStarted() as event if conversation:
            db.execute(
                "INSERT INTO turn (id, conversation, sequence, message, agent, model, started_at, status, position, "
                "end_position, imported) SELECT ?1, ?2, coalesce(max(sequence), 0) + 1, ?3, ?4, ?5, ?6, "
                "iif(?8, 'interrupted', 'active'), ?7, iif(?8, ?7, NULL), ?8 FROM turn "
                "WHERE conversation = ?2 ON CONFLICT DO NOTHING",
                (
                    event.turn,
                    conversation,
                    event.message,
                    event.agent,
                    event.model or None,
                    recorded.at,
                    recorded.position,
                    int(event.imported),
                ),
            )
        case TurnEnded() as event:
            usage = None if event.usage is None else msgspec.json.encode(event.usage).decode()
            ended = (
                recorded.at,
                event.outcome,
                event.error,
                usage,
                event.cost,
                event.duration,
                recorded.position,
            )
            db.execute(
                "UPDATE turn SET ended_at = ?, status = ?, error = ?, usage = ?, cost = ?, duration = ?, end_position = ? "
                "WHERE id = ? AND conversation = ? AND (status = 'active' OR end_position = position)",
                (*ended, event.turn, conversation),
            )


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM turn WHERE conversation = ?", (conversation_of(stream),))


_SELECT = (
    "SELECT id, conversation, sequence, message, agent, model, started_at, ended_at, status, error, usage, cost, "
    "duration, position, end_position FROM turn "
)


def get(db: apsw.Connection, turn: str) -> Turn | None:
    row = db.execute(_SELECT + "WHERE id = ?", (turn,)).fetchone()
    return row and _row(row)


def latest(db: apsw.Connection, conversation: str) -> Turn | None:
    """The open turn, else the last one."""
    row = db.execute(
        _SELECT + "WHERE conversation = ? ORDER BY sequence DESC LIMIT 1", (conversation,)
    ).fetchone()
    return row and _row(row)


def latest_here(db: apsw.Connection, conversation: str) -> Turn | None:
    """As `latest`, of those that were run here: what is imported cannot be run again."""
    query = _SELECT + "WHERE conversation = ? AND imported = 0 ORDER BY sequence DESC LIMIT 1"
    row = db.execute(query, (conversation,)).fetchone()
    return row and _row(row)


def active(db: apsw.Connection) -> list[str]:
    """The conversations that have an open turn. Asked at start-up."""
    return [row[0] for row in db.execute("SELECT conversation FROM turn WHERE end_position IS NULL")]


def page(db: apsw.Connection, conversation: str, before: int | None = None, limit: int = 50) -> list[Turn]:
    """The newest turns whose sequence is below `before`, newest first."""
    query = _SELECT + "WHERE conversation = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?"
    upper = (1 << 62) if before is None else before
    return [_row(row) for row in db.execute(query, (conversation, upper, limit))]


def earlier(db: apsw.Connection, turn: str, limit: int) -> list[Turn]:
    """The turns before one that its conversation had with the same agent, newest first; not of long ago."""
    query = (
        _SELECT
        + "WHERE conversation = ? AND agent = ? AND sequence BETWEEN ? AND ? ORDER BY sequence DESC LIMIT ?"
    )
    if (row := get(db, turn)) is None:
        return []
    upto = row.sequence - 1
    return [
        _row(found)
        for found in db.execute(query, (row.conversation, row.agent, upto - LONG_AGO, upto, limit))
    ]


def ours(db: apsw.Connection, conversation: str) -> Iterator[tuple[int, int | None]]:
    """When each turn that was run here began and ended, newest first."""
    query = (
        "SELECT started_at, ended_at FROM turn WHERE conversation = ? AND imported = 0 ORDER BY sequence DESC"
    )
    yield from db.execute(query, (conversation,))


def _row(row: Sequence[Any]) -> Turn:
    values = [*row]
    if row[10] is not None:
        values[10] = msgspec.json.decode(row[10], type=Usage)
    return Turn(*values)
