"""Permission requests of agents, and what became of them."""

from typing import Any

import apsw
from msgspec import Struct

from agentguid.protocol.events import ApprovalDecided, ApprovalRequested, ApprovalWithdrawn, Recorded
from agentguid.protocol.ids import conversation_of
from agentguid.protocol.items import Decision

NAME = "approvals"
VERSION = 2
TABLES: tuple[str, ...] = ("approval",)
SCHEMA = """
CREATE TABLE IF NOT EXISTS approval (
  id TEXT PRIMARY KEY,
  conversation TEXT NOT NULL,
  turn TEXT,
  item TEXT,
  tool TEXT NOT NULL,
  position INTEGER NOT NULL,
  decided INTEGER,
  decision TEXT,
  withdrawn INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS approval_of_conversation ON approval (conversation, decided);
CREATE INDEX IF NOT EXISTS approval_pending ON approval (position) WHERE decided IS NULL;
CREATE INDEX IF NOT EXISTS approval_settled ON approval (decided) WHERE decided IS NOT NULL;
CREATE INDEX IF NOT EXISTS approval_pending_of ON approval (conversation, position) WHERE decided IS NULL;
"""
PAGE = 100
"""Approvals that are read at a time."""


class Approval(Struct, frozen=True, gc=False):
    id: str
    conversation: str
    turn: str | None
    item: str | None
    """The tool call that waits, when the agent named one."""
    tool: str
    position: int
    """Of approval.requested, which has the arguments and options."""
    decided: int | None
    """Position of the decision or withdrawal; None while it is open."""
    decision: Decision | None
    withdrawn: bool


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    conversation, position = conversation_of(recorded.stream), recorded.position
    if conversation is None:
        return
    match recorded.event:
        case ApprovalRequested() as event:
            db.execute(
                "INSERT INTO approval (id, conversation, turn, item, tool, position) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (event.approval, conversation, event.turn, event.item, event.tool, position),
            )
        case ApprovalDecided(approval=approval, decision=decision):
            _settle(db, conversation, approval, position, decision)
        case ApprovalWithdrawn(approval=approval):
            _settle(db, conversation, approval, position, None)


def _settle(
    db: apsw.Connection, conversation: str, approval: str, position: int, decision: Decision | None
) -> None:
    db.execute(
        "UPDATE approval SET decided = ?, decision = ?, withdrawn = ? "
        "WHERE id = ? AND conversation = ? AND decided IS NULL",
        (position, decision, int(decision is None), approval, conversation),
    )


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM approval WHERE conversation = ?", (conversation_of(stream),))


_SELECT = "SELECT id, conversation, turn, item, tool, position, decided, decision, withdrawn FROM approval "


def get(db: apsw.Connection, approval: str) -> Approval | None:
    row = db.execute(_SELECT + "WHERE id = ?", (approval,)).fetchone()
    return row and _row(row)


def pending(
    db: apsw.Connection, conversation: str | None = None, limit: int = 100, after: int = 0
) -> list[Approval]:
    """The undecided ones that were asked for after a position, oldest first."""
    where = "WHERE decided IS NULL AND position > ? "
    values: tuple[Any, ...] = (after, limit)
    if conversation is not None:
        where, values = where + "AND conversation = ? ", (after, conversation, limit)
    return [_row(row) for row in db.execute(_SELECT + where + "ORDER BY position LIMIT ?", values)]


def settled(db: apsw.Connection, after: int, limit: int = 100) -> list[Approval]:
    """Those that were decided or withdrawn after a position, in that order."""
    where = "WHERE decided IS NOT NULL AND decided > ? ORDER BY decided LIMIT ?"
    return [_row(row) for row in db.execute(_SELECT + where, (after, limit))]


def latest(db: apsw.Connection, limit: int = 20) -> list[Approval]:
    """The last ones that were decided or withdrawn, newest first."""
    where = "WHERE decided IS NOT NULL AND decided > 0 ORDER BY decided DESC LIMIT ?"
    return [_row(row) for row in db.execute(_SELECT + where, (limit,))]


def decided(
    db: apsw.Connection, conversation: str, turn: str | None, after: int = 0, limit: int = PAGE
) -> list[Approval]:
    """Those of a turn, or of none, that were decided after a position, in that order. Withdrawn ones are not."""
    where = (
        "WHERE conversation = ? AND decision IS NOT NULL AND decided > ? AND (turn IS NULL OR turn = ?) "
        "ORDER BY decided LIMIT ?"
    )
    return [_row(row) for row in db.execute(_SELECT + where, (conversation, after, turn, limit))]


def _row(row: tuple[Any, ...]) -> Approval:
    values = [*row]
    values[8] = bool(row[8])
    return Approval(*values)
