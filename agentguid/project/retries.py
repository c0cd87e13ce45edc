"""What is to be tried again by itself: one row for each conversation whose last turn broke off at a limit."""

from collections.abc import Sequence
from typing import Any

import apsw
from msgspec import Struct

from agentguid.agents import limits
from agentguid.append import read
from agentguid.project import conversations, hosts, transcript, turns
from agentguid.protocol.events import (
    ConversationDeleted,
    ItemAdded,
    Recorded,
    RetryCancelled,
    RetryScheduled,
    TurnEnded,
    TurnStarted,
)
from agentguid.protocol.ids import conversation_of
from agentguid.protocol.items import Body, LimitKind

NAME = "retries"
VERSION = 2
TABLES: tuple[str, ...] = ("retry",)
SCHEMA = """
CREATE TABLE IF NOT EXISTS retry (
  conversation TEXT PRIMARY KEY,
  turn TEXT NOT NULL,
  at INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS retry_by_time ON retry (at);
"""
GO_ON = "Go on where you were interrupted: the limit that cut you short has been lifted."
"""What an agent is told that had begun with its work when a limit was reached."""
GO_ON_ANYHOW = "Go on where you were interrupted."
"""What it is told when it was something else."""
BACK = 100
"""Tries of one prompt that are gone back over."""
WORK = ("message", "thought", "plan", "tool", "approval")
"""Kinds of items that an agent makes by working."""


class Retry(Struct, frozen=True, gc=False):
    conversation: str
    turn: str
    """The one that failed."""
    at: int
    """When it is tried again, microseconds since the epoch."""
    attempt: int
    """From 1."""
    of: int
    """So many at most."""
    reason: LimitKind


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    conversation = conversation_of(recorded.stream)
    if conversation is None:
        return
    match recorded.event:
        case RetryScheduled() as e:
            db.execute(
                "INSERT OR REPLACE INTO retry VALUES (?, ?, ?, ?, ?, ?)",
                (conversation, e.turn, e.at, e.attempt, e.of, e.reason),
            )
        case RetryCancelled() | TurnStarted(imported=False) | ConversationDeleted():
            db.execute("DELETE FROM retry WHERE conversation = ?", (conversation,))


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM retry WHERE conversation = ?", (conversation_of(stream),))


_SELECT = "SELECT conversation, turn, at, attempt, tries, reason FROM retry "


def get(db: apsw.Connection, conversation: str) -> Retry | None:
    row = db.execute(_SELECT + "WHERE conversation = ?", (conversation,)).fetchone()
    return row and _row(row)


def soonest(db: apsw.Connection, limit: int = 20) -> list[Retry]:
    """The next ones, in the order of their times."""
    return [_row(row) for row in db.execute(_SELECT + "ORDER BY at LIMIT ?", (limit,))]


def total(db: apsw.Connection) -> int:
    count: int = db.execute("SELECT count(*) FROM retry").get
    return count


def prompt(db: apsw.Connection, turn: str) -> Body | None:
    """What is sent to try a turn again: its prompt, or, when the agent has worked on that already, a word to go on.

    The prompt also to an agent that knows nothing of it: another one, or one whose session is gone. None when it is
    gone from the log. Reads a few rows.
    """
    row = turns.get(db, turn)
    event = _started(db, row)
    if row is None or event is None:
        return None
    if not _knows(db, row):
        return _first(db, event)
    if not _worked(db, turn):
        return event.body
    ended = row.end_position and read.at(db, [row.end_position])[row.end_position].event
    return Body(GO_ON if isinstance(ended, TurnEnded) and ended.limit else GO_ON_ANYHOW)


def _started(db: apsw.Connection, row: turns.Turn | None) -> TurnStarted | None:
    event = row and read.at(db, [row.position])[row.position].event
    return event if isinstance(event, TurnStarted) else None


def _knows(db: apsw.Connection, row: turns.Turn) -> bool:
    """Whoever gets the next turn was there when this one was worked on, and remembers."""
    now = conversations.get(db, row.conversation)
    return (
        now is not None
        and now.agent == row.agent
        and hosts.session(db, row.conversation, row.agent) is not None
    )


def _first(db: apsw.Connection, event: TurnStarted) -> Body | None:
    """What the user wrote, before it was tried again."""
    for _ in range(BACK):
        if event.retries is None:
            return event.body
        row = turns.get(db, event.retries)
        before = _started(db, row)
        if before is None:
            return None
        event = before
    return None


def _worked(db: apsw.Connection, turn: str) -> bool:
    """Some agents say as a message that a limit is reached: that is no work."""
    rows = [row for row in transcript.by_turn(db, turn, limit=20) if row.kind in WORK]
    for item in transcript.load(db, rows):
        event = item.opened.event
        if not isinstance(event, ItemAdded) or limits.read(event.body.text, item.at) is None:
            return True
    return False


def _row(row: Sequence[Any]) -> Retry:
    return Retry(*row)
