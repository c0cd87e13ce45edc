"""Which session of an agent's own history is in which conversation, what was asked to be imported, what comes by itself."""

import apsw
import msgspec
from msgspec import Struct

from agentguid.protocol.events import (
    ConversationImported,
    ImportFinished,
    ImportRequested,
    ImportWatchChosen,
    Recorded,
)
from agentguid.protocol.ids import IMPORT, conversation_of

NAME = "imports"
VERSION = 2
TABLES: tuple[str, ...] = ("imported", "import_request", "import_watch")
SCHEMA = """
CREATE TABLE IF NOT EXISTS imported (
  source TEXT NOT NULL,
  session TEXT NOT NULL,
  conversation TEXT NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (source, session, conversation)
) STRICT;
CREATE INDEX IF NOT EXISTS imported_by_conversation ON imported (conversation);
CREATE TABLE IF NOT EXISTS import_request (
  id TEXT PRIMARY KEY,
  sources TEXT NOT NULL,       -- JSON
  sessions TEXT NOT NULL,      -- JSON
  position INTEGER NOT NULL,
  at INTEGER NOT NULL,
  finished INTEGER,            -- when
  taken INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS import_open ON import_request (position) WHERE finished IS NULL;
CREATE TABLE IF NOT EXISTS import_watch (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  watch TEXT NOT NULL
) STRICT;
"""


class Request(Struct, frozen=True, gc=False):
    """Something that was asked to be imported. Times are microseconds since the epoch."""

    id: str
    sources: list[str]
    """None: all."""
    sessions: list[str]
    """`SOURCE:SESSION`; none: all of the sources."""
    at: int
    finished: int | None
    taken: int
    """Sessions that had something new."""
    failed: int
    """Sessions that could not be read."""


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    conversation = conversation_of(recorded.stream)
    match recorded.event:
        case ConversationImported(source=source, session=session) if conversation:
            db.execute(
                "INSERT INTO imported VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (source, session, conversation, recorded.position),
            )
        case ImportRequested() as event if recorded.stream == IMPORT:
            wanted = [msgspec.json.encode(names).decode() for names in (event.sources, event.sessions)]
            db.execute(
                "INSERT INTO import_request (id, sources, sessions, position, at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (event.request, *wanted, recorded.position, recorded.at),
            )
        case ImportFinished() as event if recorded.stream == IMPORT:
            db.execute(
                "UPDATE import_request SET finished = ?, taken = ?, failed = ? WHERE id = ?",
                (recorded.at, event.sessions, event.failed, event.request),
            )
        case ImportWatchChosen(watch=watch) if recorded.stream == IMPORT:
            db.execute("INSERT OR REPLACE INTO import_watch VALUES (1, ?)", (watch,))


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM imported WHERE conversation = ?", (conversation_of(stream),))
    if stream == IMPORT:
        db.execute("DELETE FROM import_request")
        db.execute("DELETE FROM import_watch")


_REQUEST = "SELECT id, sources, sessions, at, finished, taken, failed FROM import_request "


def conversation(db: apsw.Connection, source: str, session: str) -> str | None:
    """Where a session was imported to; the first conversation, should there be more."""
    query = "SELECT conversation FROM imported WHERE source = ? AND session = ? ORDER BY position LIMIT 1"
    found: str | None = db.execute(query, (source, session)).get
    return found


def everything(db: apsw.Connection) -> dict[tuple[str, str], str]:
    """All sessions (source, id) that were imported → conversation. Not for the event loop."""
    query = "SELECT source, session, conversation FROM imported ORDER BY position DESC"
    return {(source, session): conversation for source, session, conversation in db.execute(query)}


def sessions(db: apsw.Connection, conversation: str) -> list[tuple[str, str]]:
    """The sessions (source, id) that were imported into a conversation."""
    query = "SELECT source, session FROM imported WHERE conversation = ?"
    return [(source, session) for source, session in db.execute(query, (conversation,))]


def unfinished(db: apsw.Connection) -> list[Request]:
    """What was asked for and is not done, oldest first."""
    return [_row(row) for row in db.execute(_REQUEST + "WHERE finished IS NULL ORDER BY position LIMIT 100")]


def latest(db: apsw.Connection) -> Request | None:
    """The newest request."""
    row = db.execute(_REQUEST + "ORDER BY position DESC LIMIT 1").fetchone()
    return row and _row(row)


def watch(db: apsw.Connection) -> str | None:
    """What comes by itself (`all`, `ours` or `off`), as the user has chosen; None: the settings say it."""
    found: str | None = db.execute("SELECT watch FROM import_watch").get
    return found


def _row(row: tuple[str, str, str, int, int | None, int, int]) -> Request:
    sources, named = (msgspec.json.decode(text, type=list[str]) for text in row[1:3])
    return Request(row[0], sources, named, row[3], row[4], row[5], row[6])
