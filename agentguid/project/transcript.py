"""The transcript: one row per item, pointing at the events that made it. What they say stays in the log.

The rows of a conversation are numbered without gaps from 1, so that a window is a range of numbers.
"""

from collections.abc import Sequence
from typing import Any, Literal

import apsw
from msgspec import Struct

from agentguid.append import read
from agentguid.protocol import events
from agentguid.protocol.events import Recorded
from agentguid.protocol.ids import conversation_of
from agentguid.protocol.items import ItemKind

NAME = "transcript"
VERSION = 2
TABLES: tuple[str, ...] = ("item", "item_count")
SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
  id TEXT PRIMARY KEY,
  conversation TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  turn TEXT,
  kind TEXT NOT NULL,
  parent TEXT,
  position INTEGER NOT NULL,  -- the event that opened it
  finish INTEGER,             -- tool.finished
  approval INTEGER,           -- approval.requested
  decision INTEGER,           -- approval.decided or approval.withdrawn
  touched INTEGER NOT NULL,   -- the latest of these
  request TEXT,               -- id of the approval
  ordinal INTEGER,            -- number among the messages, from 1
  UNIQUE (conversation, sequence)
) STRICT;
CREATE TABLE IF NOT EXISTS item_count (
  conversation TEXT PRIMARY KEY,
  items INTEGER NOT NULL,
  messages INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS item_by_touch ON item (conversation, touched);
CREATE INDEX IF NOT EXISTS item_by_turn ON item (turn, sequence) WHERE turn IS NOT NULL;
CREATE INDEX IF NOT EXISTS item_by_request ON item (request) WHERE request IS NOT NULL;
CREATE INDEX IF NOT EXISTS item_message ON item (conversation, ordinal) WHERE ordinal IS NOT NULL;
"""
UNREADABLE = {
    "turn.started": "user",
    "item.added": "unknown",
    "tool.started": "tool",
    "turn.ended": "result",
    "message.steered": "user",
}
"""What stands in the place of an item whose data is gone."""
Kind = ItemKind | Literal["user", "tool", "approval", "result"]


class Row(Struct, frozen=True, gc=False):
    """An item as the read model has it: places in the log, see the columns of `SCHEMA`."""

    id: str
    conversation: str
    sequence: int
    turn: str | None
    kind: Kind
    parent: str | None
    position: int
    finish: int | None
    approval: int | None
    decision: int | None
    touched: int
    request: str | None
    ordinal: int | None


class Item(Struct, frozen=True):
    """An item with the events that made it. Any of them may be `Unreadable`."""

    id: str
    conversation: str
    sequence: int
    turn: str | None
    kind: Kind
    parent: str | None
    """The tool call (item) of the sub-agent that it belongs to."""
    position: int
    touched: int
    """Position of the latest event that changed it: with the id, a key for what was rendered of it."""
    opened: Recorded
    """turn.started or message.steered (user), item.added, tool.started, approval.requested (approval) or turn.ended (result)."""
    finished: Recorded | None
    """tool.finished"""
    approval: Recorded | None
    """approval.requested, of a tool call or of an item of kind approval."""
    decision: Recorded | None
    """approval.decided or approval.withdrawn"""
    at: int
    """When it was opened, microseconds since the epoch."""


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    conversation, position = conversation_of(recorded.stream), recorded.position
    if conversation is None:
        return
    match recorded.event:
        case events.ItemAdded() as e:
            message = e.kind == "message" and e.parent is None
            _open(db, recorded, e.item, e.kind, e.turn, e.parent, message=message)
        case events.ToolStarted() as e:
            _open(db, recorded, e.item, "tool", e.turn, e.parent)
        case events.ToolFinished() as e:
            db.execute(
                "UPDATE item SET finish = ?1, touched = ?1 WHERE id = ?2 AND conversation = ?3",
                (position, e.item, conversation),
            )
        case events.TurnStarted() as e:
            _open(db, recorded, e.message, "user", e.turn, message=True)
        case events.MessageSteered() as e:
            _open(db, recorded, e.message, "user", e.turn, message=True)
        case events.TurnEnded() as e:
            _open(db, recorded, f"{e.turn}-end", "result", e.turn)
        case events.ApprovalRequested() as e:
            _ask(db, recorded, e)
        case events.ApprovalDecided(approval=approval) | events.ApprovalWithdrawn(approval=approval):
            db.execute(
                "UPDATE item SET decision = ?1, touched = ?1 WHERE request = ?2 AND conversation = ?3 AND decision IS NULL",
                (position, approval, conversation),
            )
        case events.Unreadable() if kind := UNREADABLE.get(recorded.type):
            _open(db, recorded, f"unreadable-{position}", kind, None)


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM item WHERE conversation = ?", (conversation_of(stream),))
    db.execute("DELETE FROM item_count WHERE conversation = ?", (conversation_of(stream),))


def _open(
    db: apsw.Connection,
    recorded: Recorded,
    item: str,
    kind: str,
    turn: str | None,
    parent: str | None = None,
    *,
    message: bool = False,
) -> None:
    """Adds the next item, once. Its numbers come from a row of counts: a third of the cost of asking for the highest."""
    if db.execute("SELECT 1 FROM item WHERE id = ?", (item,)).get:
        return
    conversation = conversation_of(recorded.stream)
    sequence, messages = db.execute(
        "INSERT INTO item_count VALUES (?1, 1, ?2) ON CONFLICT DO UPDATE SET "
        "items = items + 1, messages = messages + ?2 RETURNING items, messages",
        (conversation, int(message)),
    ).get
    db.execute(
        "INSERT INTO item (id, conversation, sequence, turn, kind, parent, position, touched, ordinal) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
        (item, conversation, sequence, turn, kind, parent, recorded.position, messages if message else None),
    )


def _ask(db: apsw.Connection, recorded: Recorded, event: events.ApprovalRequested) -> None:
    """A request stands at the tool call that it names; without one, or when another stands there, by itself."""
    if event.item is not None:
        db.execute(
            "UPDATE item SET approval = ?1, request = ?2, touched = ?1 WHERE id = ?3 AND conversation = ?4 "
            "AND kind = 'tool' AND approval IS NULL",
            (recorded.position, event.approval, event.item, conversation_of(recorded.stream)),
        )
        if db.changes():
            return
    _open(db, recorded, event.approval, "approval", event.turn)
    db.execute(
        "UPDATE item SET approval = ?1, request = ?2 WHERE id = ?2 AND position = ?1",
        (recorded.position, event.approval),
    )


_SELECT = (
    "SELECT id, conversation, sequence, turn, kind, parent, position, finish, approval, decision, touched, request, ordinal "
    "FROM item "
)


def get(db: apsw.Connection, item: str) -> Row | None:
    found = _rows(db, "WHERE id = ?", (item,))
    return found[0] if found else None


def at(db: apsw.Connection, conversation: str, position: int) -> Row | None:
    """The item that an event belongs to; of an event without one, the item that was touched last before it."""
    recorded = read.at(db, [position]).get(position)
    if recorded is not None and conversation_of(recorded.stream) == conversation:
        for item in _named(recorded):
            if (row := get(db, item)) and row.conversation == conversation:
                return row
    where = "WHERE conversation = ? AND touched <= ? ORDER BY touched DESC LIMIT 1"
    found = _rows(db, where, (conversation, position))
    return found[0] if found else None


def _named(recorded: Recorded) -> list[str]:
    """Ids of items that an event may belong to."""
    match recorded.event:
        case events.ItemAdded(item=item) | events.ToolStarted(item=item) | events.ToolFinished(item=item):
            return [item]
        case events.TurnStarted(message=message) | events.MessageSteered(message=message):
            return [message]
        case events.TurnEnded(turn=turn):
            return [f"{turn}-end"]
        case events.ApprovalRequested(item=item, approval=approval):
            return [item, approval] if item else [approval]
        case events.Unreadable():
            return [f"unreadable-{recorded.position}"]
        case _:
            return []


def newest(db: apsw.Connection, conversation: str, limit: int = 100) -> list[Row]:
    """The last `limit` items, in order. All windows come in the order of the transcript."""
    return _rows(db, "WHERE conversation = ? ORDER BY sequence DESC LIMIT ?", (conversation, limit))[::-1]


def before(db: apsw.Connection, conversation: str, sequence: int, limit: int = 100) -> list[Row]:
    """The `limit` items that stand before one."""
    where = "WHERE conversation = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?"
    return _rows(db, where, (conversation, sequence, limit))[::-1]


def after(db: apsw.Connection, conversation: str, sequence: int, limit: int = 100) -> list[Row]:
    """The `limit` items that follow one; from the start with 0."""
    return _rows(
        db,
        "WHERE conversation = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        (conversation, sequence, limit),
    )


def around(db: apsw.Connection, conversation: str, sequence: int, limit: int = 100) -> list[Row]:
    """An item, up to `limit // 2` before it and the rest after it."""
    earlier = before(db, conversation, sequence, limit // 2)
    return earlier + after(db, conversation, sequence - 1, limit - len(earlier))


def touched(db: apsw.Connection, conversation: str, position: int, limit: int = 501) -> list[Row]:
    """The items that changed after a position, each once, in the order of their latest changes."""
    return _rows(
        db, "WHERE conversation = ? AND touched > ? ORDER BY touched LIMIT ?", (conversation, position, limit)
    )


def count(db: apsw.Connection, conversation: str) -> int:
    """How many items there are: the number of the last one."""
    found: int | None = db.execute(
        "SELECT max(sequence) FROM item WHERE conversation = ?", (conversation,)
    ).get
    return found or 0


def messages(db: apsw.Connection, conversation: str, limit: int = 100, offset: int = 0) -> list[Row]:
    """User messages and the agent's own, without those of sub-agents. Any offset costs the same."""
    where = "WHERE conversation = ? AND ordinal > ? AND ordinal IS NOT NULL ORDER BY ordinal LIMIT ?"
    return _rows(db, where, (conversation, offset, limit))


def by_turn(db: apsw.Connection, turn: str, sequence: int = 0, limit: int = 100) -> list[Row]:
    """The items of a turn that follow a number."""
    return _rows(db, "WHERE turn = ? AND sequence > ? ORDER BY sequence LIMIT ?", (turn, sequence, limit))


def page_of_turn(
    db: apsw.Connection, turn: str, kind: str | None, offset: int, limit: int
) -> tuple[int, list[Row]]:
    """How many items of a kind, or of any, a turn has, and some of them. Reads all of a turn: not for the event loop."""
    where, values = ("", ()) if kind is None else (" AND kind = ?", (kind,))
    total: int = db.execute(f"SELECT count(*) FROM item WHERE turn = ?{where}", (turn, *values)).get  # noqa: S608
    query = f"WHERE turn = ?{where} ORDER BY sequence LIMIT ? OFFSET ?"
    return total, _rows(db, query, (turn, *values, limit, offset))


def load(db: apsw.Connection, rows: Sequence[Row]) -> list[Item]:
    """Joins the events to the rows, in one query."""
    wanted = {
        place for row in rows for place in (row.position, row.finish, row.approval, row.decision) if place
    }
    log = read.at(db, sorted(wanted))
    return [
        Item(
            *(
                row.id,
                row.conversation,
                row.sequence,
                row.turn,
                row.kind,
                row.parent,
                row.position,
                row.touched,
            ),
            opened=log[row.position],
            finished=log[row.finish] if row.finish else None,
            approval=log[row.approval] if row.approval else None,
            decision=log[row.decision] if row.decision else None,
            at=log[row.position].at,
        )
        for row in rows
    ]


def _rows(db: apsw.Connection, where: str, values: tuple[Any, ...]) -> list[Row]:
    return [Row(*row) for row in db.execute(_SELECT + where, values)]
