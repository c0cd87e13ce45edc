"""Which hosts were asked for and have not ended, and which agent sessions can be gone on with."""

from collections.abc import Iterator

import apsw
from msgspec import Struct

from agentguid.protocol.events import HostEnded, HostRequested, Recorded, SessionIdentified, SessionLost
from agentguid.protocol.ids import conversation_of

NAME = "hosts"
VERSION = 3
TABLES: tuple[str, ...] = ("host",)
SCHEMA = """
CREATE TABLE IF NOT EXISTS host (
  id TEXT PRIMARY KEY,
  conversation TEXT NOT NULL,
  agent TEXT NOT NULL,
  position INTEGER NOT NULL,
  ended INTEGER,
  session TEXT,
  model TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS host_living ON host (conversation, position) WHERE ended IS NULL;
CREATE INDEX IF NOT EXISTS host_session ON host (conversation, agent, position) WHERE session IS NOT NULL;
CREATE INDEX IF NOT EXISTS host_by_session ON host (session) WHERE session IS NOT NULL;
CREATE INDEX IF NOT EXISTS host_of_conversation ON host (conversation, position);
"""


class Host(Struct, frozen=True, gc=False):
    id: str
    conversation: str
    agent: str
    position: int
    """Of host.requested, which has what it was to be started with."""
    ended: int | None
    """Position of host.ended."""
    session: str | None
    """The agent's own id of the session that it holds or held."""
    model: str | None
    """As the agent named it; until then as it was asked for."""


def apply(db: apsw.Connection, recorded: Recorded) -> None:
    conversation, position = conversation_of(recorded.stream), recorded.position
    if conversation is None:
        return
    match recorded.event:
        case HostRequested() as event:
            db.execute(
                "INSERT INTO host (id, conversation, agent, position, model) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (event.host, conversation, event.agent, position, event.model or None),
            )
        case HostEnded(host=host):
            db.execute(
                "UPDATE host SET ended = ? WHERE id = ? AND conversation = ? AND ended IS NULL",
                (position, host, conversation),
            )
        case SessionIdentified(host=host, session=session, model=model):
            # The host is unknown, and has ended, where all else that the conversation said was forgotten.
            db.execute(
                "INSERT INTO host (id, conversation, agent, position, ended, session, model) "
                "VALUES (?1, ?2, '', ?3, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE "
                "SET session = ?4, model = coalesce(?5, model) WHERE conversation = ?2",
                (host, conversation, position, session, model),
            )
        case SessionLost(session=session):
            db.execute(
                "UPDATE host SET session = NULL WHERE session = ? AND conversation = ?",
                (session, conversation),
            )


def clear(db: apsw.Connection, stream: str) -> None:
    db.execute("DELETE FROM host WHERE conversation = ?", (conversation_of(stream),))


_SELECT = "SELECT id, conversation, agent, position, ended, session, model FROM host "


def get(db: apsw.Connection, host: str) -> Host | None:
    row = db.execute(_SELECT + "WHERE id = ?", (host,)).fetchone()
    return row and Host(*row)


def living(db: apsw.Connection) -> list[Host]:
    """Those that should live: requested and not ended. Asked at start-up; a conversation has at most one."""
    return [Host(*row) for row in db.execute(_SELECT + "WHERE ended IS NULL")]


def of(db: apsw.Connection, conversation: str) -> Host | None:
    """The host that a conversation has now."""
    query = _SELECT + "WHERE conversation = ? AND ended IS NULL ORDER BY position DESC LIMIT 1"
    row = db.execute(query, (conversation,)).fetchone()
    return row and Host(*row)


def sessions(db: apsw.Connection, conversation: str) -> list[str]:
    """The agents' own ids of every session that a conversation has had."""
    query = "SELECT DISTINCT session FROM host WHERE conversation = ? AND session IS NOT NULL"
    return [name for (name,) in db.execute(query, (conversation,))]


def all_of(db: apsw.Connection, conversation: str) -> list[str]:
    """The ids of every host that a conversation has had."""
    return [name for (name,) in db.execute("SELECT id FROM host WHERE conversation = ?", (conversation,))]


def holder(db: apsw.Connection, session: str) -> str | None:
    """The conversation that holds a session of an agent, by the agent's own id; the newest if there are more."""
    query = "SELECT conversation FROM host WHERE session = ? AND session IS NOT NULL ORDER BY position DESC LIMIT 1"
    found: str | None = db.execute(query, (session,)).get
    return found


def holders(db: apsw.Connection) -> dict[str, str]:
    """All sessions that are known → the newest conversation that holds each. Not for the event loop."""
    query = "SELECT session, conversation FROM host WHERE session IS NOT NULL ORDER BY position"
    return {str(session): str(conversation) for session, conversation in db.execute(query)}


def spans(db: apsw.Connection, conversation: str) -> Iterator[tuple[str, int, int | None]]:
    """The hosts that a conversation has had, newest first: id, and the positions at which it was requested and ended."""
    query = "SELECT id, position, ended FROM host WHERE conversation = ? ORDER BY position DESC"
    yield from db.execute(query, (conversation,))


def session(db: apsw.Connection, conversation: str, agent: str) -> str | None:
    """The newest session of an agent in a conversation, by the agent's own id: what can be resumed."""
    query = "SELECT session FROM host WHERE conversation = ? AND agent = ? AND session IS NOT NULL ORDER BY position DESC"
    found: str | None = db.execute(query + " LIMIT 1", (conversation, agent)).get
    return found
