"""What stands on the pages besides the transcript: gathered from the read models, drawn in parts.

Each part has an element id of its own and is drawn here for the page and for its stream alike.
"""

import apsw
from msgspec import Struct

from agentguid.append import read
from agentguid.project import approvals, conversations, queue
from agentguid.project.approvals import Approval
from agentguid.project.conversations import Conversation
from agentguid.protocol.events import ApprovalRequested, MessageEdited, MessageQueued
from agentguid.render import tools
from agentguid.render.cache import Cache
from agentguid.render.environment import Site
from agentguid.render.names import agent_name
from agentguid.render.status import Status

LISTED = 50
"""Conversations in the list beside the page."""
QUEUED = 50
"""Waiting messages that are shown."""
ASKED = 20
"""Undecided approvals that are shown on the home page."""
HEAD = "conversation/_head.html"
DOCK = "conversation/_composer.html"
ROWS = "shell/_rows.html"


class Waiting(Struct, frozen=True):
    """A message of the queue."""

    message: str
    position: int
    text: str
    editable: bool


class Shown(Struct):
    """One conversation, as its page shows it around the transcript."""

    row: Conversation
    pending: list[Approval]
    waiting: list[Waiting]
    drawn: tuple[Status, list[str]] | None = None
    """Its `parts` as they were drawn last, and for which state."""


class Pending(Struct, frozen=True):
    """An undecided approval in the overview."""

    id: str
    conversation: Conversation
    agent: str
    tool: str
    arg: str
    at: int


def shown(db: apsw.Connection, conversation: str) -> Shown | None:
    """None when there is no such conversation, or it was deleted."""
    row = conversations.get(db, conversation)
    if row is None or row.deleted:
        return None
    pending = approvals.pending(db, conversation, limit=3) if row.waiting else []
    return Shown(row, pending, _waiting(db, conversation) if row.queued else [])


def _waiting(db: apsw.Connection, conversation: str) -> list[Waiting]:
    rows = queue.list(db, conversation)[:QUEUED]
    log = read.at(db, [row.position for row in rows])
    found = []
    for row in rows:
        event = log[row.position].event
        if isinstance(event, MessageQueued | MessageEdited):
            whole = event.body.blob is None
            found.append(Waiting(row.message, row.position, event.body.text, whole))
    return found


def parts(site: Site, given: Shown, status: Status) -> list[str]:
    """The elements of a conversation's page that follow its row: title, facts, status, strip, queue, actions."""
    row = given.row
    agent = agent_name(row.agent)
    drawn = (
        site.macro(HEAD, "title")(row),
        site.macro(HEAD, "facts")(row, agent),
        site.macro(HEAD, "status_line")(status),
        site.macro(DOCK, "strip")(row, status, given.pending),
        site.macro(DOCK, "queue")(row, given.waiting),
        site.macro(DOCK, "actions")(row, status),
    )
    return [str(part) for part in drawn]


def older(site: Site, conversation: str, first: int) -> str:
    """The way to the items before number `first`."""
    return str(site.macro("conversation/_older.html", "older")(conversation, first))


def newer(site: Site, conversation: str, last: int) -> str:
    """The way to the items after number `last`."""
    return str(site.macro("conversation/_older.html", "newer")(conversation, last))


class Rows:
    """The list of conversations, a row drawn once per change."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept: Cache[tuple[str, int, Status, bool], str] = Cache(500)

    def row(self, row: Conversation, status: Status, *, current: bool = False) -> str:
        """A conversation's row; `current` when this is its page."""
        key = (row.id, row.touched, status, current)
        drawn = self._kept.get(key)
        if drawn is None:
            drawn = str(self._site.macro(ROWS, "row")(row, status, agent_name(row.agent), current)).strip()
            self._kept.put(key, drawn)
        return drawn

    def needs(self, count: int) -> str:
        """How many decisions wait, with its place in the frame."""
        return f'<span id="needs">{self._site.macro(ROWS, "needs")(count)}</span>'


def asked(db: apsw.Connection) -> list[Pending]:
    """The undecided approvals of all conversations, oldest first."""
    rows = approvals.pending(db, limit=ASKED)
    log = read.at(db, [row.position for row in rows])
    found = []
    for row in rows:
        event, owner = log[row.position].event, conversations.get(db, row.conversation)
        if owner is None or owner.deleted or not isinstance(event, ApprovalRequested):
            continue
        arg = tools.view(event.tool, event.input).arg
        found.append(Pending(row.id, owner, agent_name(owner.agent), row.tool, arg, log[row.position].at))
    return found


def overview(
    site: Site, asks: list[Pending], rows: list[tuple[Conversation, Status]], cursor: str | None = None
) -> str:
    """The home page's lists: what needs the user, what runs, what is recent; with the way to what comes after."""
    named = [(row, status, agent_name(row.agent)) for row, status in rows]
    running = [one for one in named if one[1].busy and one[1].key != "waiting"]
    recent = [one for one in named if not one[1].busy]
    draw = site.macro("home/_sections.html", "overview")
    more = site.url("/", before=cursor) if cursor else None
    return str(draw(asks, running, recent, "", more)).strip()


def listing(
    site: Site, rows: list[tuple[Conversation, Status]], cursor: str | None, *, archived: bool
) -> str:
    """A further page of conversations, or of the archived ones."""
    named = [(row, status, agent_name(row.agent)) for row, status in rows]
    more = site.url("/", before=cursor, archived=1 if archived else None) if cursor else None
    draw = site.macro("home/_sections.html", "overview")
    return str(draw([], [], named, "Archived" if archived else "Older", more)).strip()


def folders(rows: list[Conversation]) -> list[str]:
    """Where recent conversations work, newest first, each once."""
    return list(dict.fromkeys(row.cwd for row in rows))
