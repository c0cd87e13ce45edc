"""The list of conversations, as the sidebar, the API and `agentguictl ls` show it.

What other read models know already (how many messages wait, how many approvals are undecided) is counted there when
it is asked for, through an index, and not stored a second time.
"""

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from agentguid.protocol import events
from agentguid.protocol.errors import Invalid
from agentguid.protocol.events import Recorded
from agentguid.protocol.ids import conversation_of
from agentguid.protocol.items import Mode, Outcome

NAME = "conversations"
VERSION = 6
TABLES: tuple[str, ...] = ("conversation",)
SCHEMA = """
CREATE TABLE IF NOT EXISTS conversation (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  agent TEXT NOT NULL,
  model TEXT,
  mode TEXT NOT NULL,
  options TEXT NOT NULL DEFAULT '{}',
  cwd TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0,
  pinned INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0,
  turn TEXT,
  turn_mode TEXT,
  stopping INTEGER NOT NULL DEFAULT 0,
  last_outcome TEXT,
  last_error TEXT,
  held INTEGER NOT NULL DEFAULT 0,
  cost REAL,
  context_used INTEGER,
  context_window INTEGER,
  read_position INTEGER NOT NULL DEFAULT 0,
  item_position INTEGER NOT NULL DEFAULT 0,
  touched INTEGER NOT NULL,
  created_position INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS conversation_by_update ON conversation (archived, pinned, updated_at, id) WHERE deleted = 0;
CREATE INDEX IF NOT EXISTS conversation_by_touch ON conversation (touched);
"""
LOOKED = 1000
"""Conversations that one search looks at: a few milliseconds."""
TITLE = 80
"""Characters of a title that is taken from the first prompt."""


class Conversation(Struct, frozen=True, gc=False):
    """A row of the list. Times are microseconds since the epoch."""

    id: str
    title: str
    """As given; until then the first line of the first prompt; before that empty."""
    agent: str
    model: str | None
    """None: the agent's own default."""
    mode: Mode
    cwd: str
    created_at: int
    updated_at: int
    """Of the last message, approval request or end of a turn. Items do not count, so that the list keeps its order."""
    archived: bool
    pinned: bool
    deleted: bool
    turn: str | None
    """The open turn."""
    stopping: bool
    """The open turn has been asked to stop."""
    last_outcome: Outcome | None
    """Of the last turn that ended."""
    last_error: str | None
    held: bool
    """A failed turn holds back what waits (`queued`)."""
    cost: float | None
    """US dollars of all turns, as far as agents reckon them."""
    context_used: int | None
    """Tokens in the model's context at the end of the last turn that said so, of `context_window`."""
    context_window: int | None
    read_position: int
    """The user has seen everything up to here."""
    item_position: int
    """Of the event that opened the newest item, or asked for the newest approval."""
    touched: int
    """Of the latest event that changed the row. An item that is added does; one that is finished does not."""
    created_position: int
    messages: int
    """User messages and the agent's own, without those of sub-agents: as many as `transcript.messages` has."""
    queued: int
    """Messages that wait for the open turn to end."""
    waiting: int
    """Undecided approvals."""
    options: tuple[tuple[str, str], ...] = ()
    """Further settings of the agent that are not its own choice: its names for them, and values."""
    retry_at: int | None = None
    """When the last turn, which broke off at a limit, is tried again by itself."""
    turn_mode: Mode | None = None
    """That the open turn began in. Some agents take another on at once, some keep this one till the turn ends."""

    @property
    def unread(self) -> bool:
        """There is something that the user has not seen. Only then is `MarkRead` worth while."""
        return self.item_position > self.read_position


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    conversation, event = conversation_of(recorded.stream), recorded.event
    if conversation is None:
        return
    if isinstance(event, _ITEMS):  # nearly all of a log: no need to look at their fields
        db.execute(_SHOWN, (recorded.position, conversation))
    elif statement := _STATEMENTS.get(type(event)):
        values: dict[str, Any] = {
            name: getattr(event, name) for name in event.__struct_fields__ if name in _BOUND
        }
        if isinstance(event, events.TurnStarted):
            files = ", ".join(one.name for one in event.body.attached)
            values["line"] = first_line(event.body.text) or first_line(files)
        if isinstance(event, events.ConversationConfigured):
            values["options"] = None if event.options is None else msgspec.json.encode(event.options).decode()
        if isinstance(event, events.TurnEnded):
            values["used"] = event.usage and event.usage.context_used
            values["window"] = event.usage and event.usage.context_window
        db.execute(
            statement, {**values, "id": conversation, "at": recorded.at, "position": recorded.position}
        )


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM conversation WHERE id = ?", (conversation_of(stream),))


def first_line(text: str) -> str:
    """What a conversation without a title is called by."""
    line = " ".join(text.lstrip()[: 4 * TITLE].partition("\n")[0].split())
    return line if len(line) <= TITLE else line[: TITLE - 1].rstrip() + "…"


def _change(*assignments: str) -> str:
    return f"UPDATE conversation SET {', '.join((*assignments, 'touched = :position'))} WHERE id = :id"  # noqa: S608


_BOUND = frozenset(
    {"title", "agent", "model", "mode", "cwd", "upto", "turn", "outcome", "error", "cost", "imported"}
)
_UPDATED = "updated_at = max(updated_at, :at)"
_ITEM = "item_position = :position"
_STATEMENTS = {
    events.ConversationCreated: (
        "INSERT INTO conversation "
        "(id, title, agent, model, mode, cwd, created_at, updated_at, touched, created_position) VALUES "
        "(:id, :title, :agent, nullif(:model, ''), :mode, :cwd, :at, :at, :position, :position) ON CONFLICT DO NOTHING"
    ),
    events.ConversationRenamed: _change("title = :title"),
    events.ConversationConfigured: _change(
        "agent = coalesce(:agent, agent)",
        "model = nullif(coalesce(:model, model), '')",
        "mode = coalesce(:mode, mode)",
        "options = coalesce(:options, options)",
    ),
    events.ConversationArchived: _change("archived = 1"),
    events.ConversationUnarchived: _change("archived = 0"),
    events.ConversationPinned: _change("pinned = 1"),
    events.ConversationUnpinned: _change("pinned = 0"),
    events.ConversationRead: _change("read_position = max(read_position, :upto)"),
    events.ConversationDeleted: _change("deleted = 1"),
    events.MessageQueued: _change(_UPDATED),
    events.MessageEdited: _change(),
    events.MessageRemoved: _change(),
    events.QueueReordered: _change(),
    events.MessageSteerRequested: _change(),
    events.MessageSteered: _change(_UPDATED, _ITEM),
    events.QueueHeld: _change("held = 1"),
    events.QueueReleased: _change("held = 0"),
    events.TurnStarted: _change(
        "title = CASE title WHEN '' THEN :line ELSE title END",
        "turn = iif(:imported, turn, :turn)",
        "turn_mode = iif(:imported, turn_mode, :mode)",
        "stopping = 0",
        "held = iif(:imported, held, 0)",
        _UPDATED,
        _ITEM,
    ),
    events.RetryScheduled: _change(),
    events.RetryCancelled: _change(),
    events.TurnStopRequested: _change("stopping = (stopping OR turn IS :turn)"),
    events.TurnEnded: _change(
        "stopping = (stopping AND turn IS NOT :turn)",
        "turn = nullif(turn, :turn)",
        "turn_mode = iif(turn IS :turn, NULL, turn_mode)",
        # What failed elsewhere (it is imported) is history: nothing here is to be tried again.
        "last_outcome = iif(turn IS :turn OR :outcome = 'complete', :outcome, last_outcome)",
        "last_error = :error",
        "cost = CASE WHEN :cost IS NULL THEN cost ELSE coalesce(cost, 0) + :cost END",
        "context_used = coalesce(:used, context_used)",
        "context_window = coalesce(:window, context_window)",
        _UPDATED,
        _ITEM,
    ),
    events.ApprovalRequested: _change(_UPDATED, _ITEM),
    # What was done elsewhere the user has seen there.
    events.ConversationImported: _change("read_position = item_position"),
    events.ApprovalDecided: _change(),
    events.ApprovalWithdrawn: _change(),
}

_ITEMS = (events.ItemAdded, events.ToolStarted)
_SHOWN = "UPDATE conversation SET item_position = ?1, touched = ?1 WHERE id = ?2"

_SELECT = (
    "SELECT id, title, agent, model, mode, cwd, created_at, updated_at, archived, pinned, deleted, turn, stopping, "
    "last_outcome, last_error, held, cost, context_used, context_window, read_position, item_position, touched, created_position, "
    "(SELECT coalesce(max(ordinal), 0) FROM item WHERE conversation = c.id AND ordinal IS NOT NULL), "
    "(SELECT count(*) FROM waiting WHERE conversation = c.id), "
    "(SELECT count(*) FROM approval WHERE conversation = c.id AND decided IS NULL), "
    "options, (SELECT at FROM retry WHERE conversation = c.id), turn_mode FROM conversation c "
)


def get(db: apsw.Connection, conversation: str) -> Conversation | None:
    """Also one that was deleted: look at `deleted`."""
    row = db.execute(_SELECT + "WHERE id = ?", (conversation,)).fetchone()
    return row and _row(row)


def brief(db: apsw.Connection, conversation: str) -> tuple[bool, int] | None:
    """Whether it was deleted, and when it was updated: a tenth of the cost of `get`."""
    row = db.execute("SELECT deleted, updated_at FROM conversation WHERE id = ?", (conversation,)).fetchone()
    return row and (bool(row[0]), row[1])


def page(
    db: apsw.Connection, *, limit: int = 50, before: str | None = None, archived: bool = False
) -> tuple[list[Conversation], str | None]:
    """Pinned ones first, then the newest updated; and the cursor (`before`) of the next page, None at the end.

    `Invalid` when `before` is no cursor of ours.
    """
    query = (
        _SELECT + "WHERE deleted = 0 AND archived = ? AND (pinned, updated_at, id) < (?, ?, ?) "
        "ORDER BY pinned DESC, updated_at DESC, id DESC LIMIT ?"
    )
    upper = (2, 0, "") if before is None else _cursor(before)
    rows = [_row(row) for row in db.execute(query, (int(archived), *upper, limit + 1))]
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor(rows[limit - 1])


def cursor(row: Conversation) -> str:
    """Of the page that begins after this row."""
    return f"{int(row.pinned)}.{row.updated_at}.{row.id}"


def search(
    db: apsw.Connection, text: str, *, limit: int = 50, before: str | None = None, archived: bool = False
) -> tuple[list[Conversation], str | None]:
    """Those whose title or folder has all the words of `text`, in any case; in the order of `page`, with such a cursor.

    No more than `LOOKED` are looked at: a page may be empty and yet have a next one.
    """
    query = (
        "SELECT id, title, cwd, pinned, updated_at FROM conversation WHERE deleted = 0 AND archived = ? "
        "AND (pinned, updated_at, id) < (?, ?, ?) ORDER BY pinned DESC, updated_at DESC, id DESC LIMIT ?"
    )
    words = text.casefold().split()
    upper = (2, 0, "") if before is None else _cursor(before)
    seen = db.execute(query, (int(archived), *upper, LOOKED)).fetchall()
    fits = [one for one in seen if all(word in f"{one[1]}\n{one[2]}".casefold() for word in words)]
    rows = (get(db, str(one[0])) for one in fits[:limit])
    last = fits[limit - 1] if len(fits) > limit else seen[-1] if len(seen) == LOOKED else None
    return [row for row in rows if row], f"{last[3]}.{last[4]}.{last[0]}" if last else None


def touched(db: apsw.Connection, after: int, limit: int = 501) -> list[Conversation]:
    """Those that changed after a position, in the order of their changes; deleted ones too."""
    return [
        _row(row)
        for row in db.execute(_SELECT + "WHERE touched > ? ORDER BY touched LIMIT ?", (after, limit))
    ]


def find(db: apsw.Connection, prefix: str, limit: int = 10) -> list[str]:
    """The ids that begin so, without those of deleted conversations."""
    query = "SELECT id FROM conversation WHERE id >= ? AND id < ? AND deleted = 0 ORDER BY id LIMIT ?"
    return [found for (found,) in db.execute(query, (prefix, prefix + "\U0010ffff", limit))]


def waiting_total(db: apsw.Connection) -> int:
    """Undecided approvals of all conversations."""
    total: int = db.execute("SELECT count(*) FROM approval WHERE decided IS NULL AND position > 0").get
    return total


def counts(db: apsw.Connection) -> tuple[int, int, int]:
    """Conversations in all, with an open turn, and waiting for the user; without deleted ones."""
    every: int = db.execute("SELECT count(*) FROM conversation WHERE deleted = 0 AND archived >= 0").get
    running: int = db.execute("SELECT count(*) FROM turn WHERE end_position IS NULL").get
    waiting: int = db.execute(
        "SELECT count(DISTINCT conversation) FROM approval WHERE decided IS NULL AND position > 0"
    ).get
    return every, running, waiting


def _cursor(text: str) -> tuple[int, int, str]:
    try:
        pinned, updated, conversation = text.split(".", 2)
        return int(pinned), int(updated), conversation
    except ValueError:
        raise Invalid("cursor", "is not one that a page of conversations ended with") from None


def _row(row: Sequence[Any]) -> Conversation:
    values = [*row]
    for flag in (8, 9, 10, 12, 15):
        values[flag] = bool(row[flag])
    values[-3] = () if row[-3] == "{}" else tuple(msgspec.json.decode(row[-3]).items())
    return Conversation(*values)
