"""What stands on the pages besides the transcript: gathered from the read models, drawn in parts.

Each part has an element id of its own and is drawn here for the page and for its stream alike.
"""

from collections.abc import Collection, Iterable, Sequence

import apsw
from msgspec import Struct

from agentguid.agents.base import Option
from agentguid.append import read
from agentguid.project import approvals, conversations, queue, retries, turns
from agentguid.project.approvals import Approval
from agentguid.project.conversations import Conversation
from agentguid.project.retries import Retry
from agentguid.protocol.events import ApprovalRequested, MessageEdited, MessageQueued
from agentguid.protocol.items import Attachment
from agentguid.render import text, tools
from agentguid.render.cache import Cache
from agentguid.render.environment import Site, ours
from agentguid.render.groups import grouped
from agentguid.render.names import agent_name, steers
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


_about: Cache[tuple[str, int], tuple[str, bool, int]] = Cache(200)
"""What a request is about and since when it waits, by its id and position: read from the log once."""


class Waiting(Struct, frozen=True):
    """A message of the queue."""

    message: str
    position: int
    text: str
    editable: bool
    steering: bool = False
    """The turn that runs is to take it in."""
    attached: Sequence[Attachment] = ()


class Shown(Struct):
    """One conversation, as its page shows it around the transcript."""

    row: Conversation
    pending: list[Approval]
    waiting: list[Waiting]
    since: int | None = None
    """When the open turn began, microseconds since the epoch."""
    retry: Retry | None = None
    """What is tried again by itself."""
    drawn: tuple[Status, Sequence[Option], list[str]] | None = None
    """Its `parts` as they were drawn last, and of which state and options."""


class Pending(Struct, frozen=True):
    """An undecided approval in the overview."""

    id: str
    conversation: Conversation
    agent: str
    tool: str
    arg: str
    spoken: bool
    """What it is about is a sentence, not a name or a command."""
    at: int
    position: int
    """Of the request."""


def shown(db: apsw.Connection, conversation: str) -> Shown | None:
    """None when there is no such conversation, or it was deleted."""
    row = conversations.get(db, conversation)
    if row is None or row.deleted:
        return None
    pending = approvals.pending(db, conversation, limit=3) if row.waiting else []
    turn = turns.get(db, row.turn) if row.turn else None
    waiting = _waiting(db, conversation) if row.queued else []
    retry = retries.get(db, conversation) if row.retry_at else None
    return Shown(row, pending, waiting, turn.started_at if turn else None, retry)


def _waiting(db: apsw.Connection, conversation: str) -> list[Waiting]:
    rows = queue.list(db, conversation)[:QUEUED]
    log = read.at(db, [row.position for row in rows])
    found = []
    for row in rows:
        event = log[row.position].event
        if isinstance(event, MessageQueued | MessageEdited):
            whole = event.body.blob is None and not row.steering
            body = event.body
            found.append(Waiting(row.message, row.position, body.text, whole, row.steering, body.attached))
    return found


def parts(site: Site, given: Shown, status: Status, options: Sequence[Option] = ()) -> list[str]:
    """The elements of a conversation's page that follow its row: title, facts, status, gauges, strip, queue, actions, options."""
    row = given.row
    agent = agent_name(row.agent)
    drawn = (
        site.macro(HEAD, "title")(row),
        site.macro(HEAD, "facts")(row, agent),
        site.macro(HEAD, "status_line")(status),
        site.macro(HEAD, "gauges")(row),
        site.macro(DOCK, "strip")(row, status, given.pending, given.since, given.retry),
        site.macro(DOCK, "queue")(row, given.waiting, status.busy and steers(row.agent)),
        site.macro(DOCK, "actions")(row, status),
        site.macro(DOCK, "others")(row, options),
    )
    return [str(part).strip() for part in drawn]


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

    def groups(
        self,
        rows: Iterable[tuple[Conversation, Status]],
        current: str | None = None,
        folded: Collection[str] = (),
    ) -> list[str]:
        """The groups that these rows belong to, each with those of them that are its own. All rows make the list; some
        make what the page's script puts into the list that it has. `folded`: groups that are drawn closed."""
        draw = self._site.macro(ROWS, "group")
        return [
            str(
                draw(
                    group,
                    ours("".join(self.row(row, status, current=row.id == current) for row, status in own)),
                    len(own),
                    group.id not in folded,
                )
            ).strip()
            for group, own in grouped(rows).items()
        ]

    def needs(self, count: int, place: str = "needs") -> str:
        """How many decisions wait, in one of its places: `needs` beside the list, `needs-bar` at the foot of a phone."""
        return f'<span id="{place}">{self._site.macro(ROWS, "needs")(count)}</span>'


def asked(db: apsw.Connection) -> list[Pending]:
    """The undecided approvals of all conversations, oldest first."""
    rows = approvals.pending(db, limit=ASKED)
    unread = [row.position for row in rows if _about.get((row.id, row.position)) is None]
    for recorded in read.at(db, unread).values() if unread else ():
        if isinstance(event := recorded.event, ApprovalRequested):
            view = tools.view(event.tool, event.input)
            form = (event.questions and event.reason) or ""  # what all of it is about, not its first field
            about = (text.one_line(form) or view.arg, bool(form) or not view.named, recorded.at)
            _about.put((event.approval, recorded.position), about)
    found = []
    for row in rows:
        known, owner = _about.get((row.id, row.position)), conversations.get(db, row.conversation)
        if known and owner and not owner.deleted:
            found.append(Pending(row.id, owner, agent_name(owner.agent), row.tool, *known, row.position))
    return found


def folders(rows: list[Conversation]) -> list[str]:
    """Where recent conversations work, newest first, each once."""
    return list(dict.fromkeys(row.cwd for row in rows))
