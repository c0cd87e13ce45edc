"""The page's stream: what one open page lacks, as messages that bring it up to date.

A message that brings something durable has a log position as its id: a reader that comes back with it gets each element
that was touched since, once, as it is now. Live text has no id; it is replaced by the finished item. Every piece is
addressed by element id and by its number in the transcript, so that receiving it twice, or late, changes nothing.
"""

from collections.abc import Callable, Sequence

import apsw
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from agentguid.agents.base import Option
from agentguid.append import read
from agentguid.entropy import now
from agentguid.project import conversations, transcript
from agentguid.project.conversations import Conversation
from agentguid.project.transcript import Item
from agentguid.protocol.ids import is_output, stream_of
from agentguid.render.fragments import Fragments
from agentguid.render.home import overview
from agentguid.render.pages import LISTED, Rows, Shown, older, parts, shown
from agentguid.render.status import Status, at_hand, status
from agentguid.stream.feed import Feed
from agentguid.stream.live import LiveText
from agentguid.stream.page_inbox import TooMany, changes
from agentguid.stream.page_list import ListSent
from agentguid.stream.page_live import LiveSent
from agentguid.stream.presence import Presence
from agentguid.stream.shared import Shared

LIMIT = 500
"""Touched elements that are sent; a page that lacks more gets the newest window instead."""
WINDOW = 100
"""Items of a window."""
SLICE = 50
"""Items of one message: so much is drawn without a pause of the event loop."""


class Sources(Struct, frozen=True):
    """What a page's stream reads."""

    db: apsw.Connection
    feed: Feed
    live: LiveText
    presence: Presence
    log: str
    """The log's own id."""
    signature: str
    """Of the present read models: tells whether those of a stream are complete."""
    shared: Shared = msgspec.field(default_factory=Shared)
    """Between all pages of the daemon."""
    options: Callable[[str], Sequence[Option]] = lambda _agent: ()
    """What an agent offers beside model and mode."""


class Start(Struct, frozen=True):
    """Where a page stands when it connects."""

    after: int
    """Everything up to this position is on it."""
    log: str = ""
    """The log that the position is of; empty: not said."""
    conversation: str | None = None
    overview: bool = False
    """It shows the home page's lists."""
    inbox: bool = False
    """It shows every decision that waits."""


class Reload(Exception):  # noqa: N818  it is an answer
    """The page cannot be brought up to date: it has to be loaded anew."""


class Delta(Struct):
    """What the pages that stand at one position lack."""

    head: int
    """Position of the log as it was read."""
    reached: int
    """Position that the page is at with this."""
    jumped: bool
    """Items are left out: the newest window is sent instead of each."""
    items: list[Item]
    rows: list[Conversation]
    """Rows of the list that have changed."""
    shown: Shown | None
    needs: str
    html: str | None = None
    """The items as they are sent; None until the first of the pages has drawn them."""


class Page:
    """One connection: how far its page is. `message` gives what it lacks next."""

    def __init__(self, sources: Sources, fragments: Fragments, rows: Rows, start: Start) -> None:
        self.position = start.after
        """Everything up to here has been sent."""
        self.complete = False
        """Nothing durable was left when the last message was made."""
        self.jumped = False
        """The last message left items out: the page was too far behind for each of them."""
        self._sources = sources
        self._fragments = fragments
        self._rows = rows
        self._start = start
        self._live = LiveSent(fragments.site, start.conversation, sources.live)
        self._first = True
        self._behind = False
        """The read models of the conversation are not complete yet."""
        self._shown: Shown | None = None
        self._drawn: tuple[Shown, Status, Sequence[Option]] | None = None
        self._list = ListSent(rows, self._status, start.conversation)
        self._inbox: list[str] = []
        """What the inbox lacks."""
        self._there: dict[str, str] = {}
        """Elements around the transcript, as they were sent."""
        self._fresh: dict[str, str] = {}
        """Those that were not sent yet."""

    @property
    def kind(self) -> tuple[str | None, bool, bool]:
        """Pages of different kinds show different things."""
        return self._start.conversation, self._start.overview, self._start.inbox

    def like(self, other: "Page") -> bool:
        """Both have been sent all that there is, and the same: from here on they lack the same."""
        return (
            (self.kind, self.position, self._there) == (other.kind, other.position, other._there)
            and self._settled
            and other._settled
            and self._list.like(other._list)
            and self._live.like(other._live)
        )

    @property
    def _settled(self) -> bool:
        return self.complete and not (self._first or self._behind or self._fresh)

    def anew(self, after: int) -> "Page":
        """The same page as it connects again."""
        return Page(self._sources, self._fragments, self._rows, replace(self._start, after=after))

    async def message(self) -> bytes | None:
        """The next message; None when the page has everything. Raises `Reload`."""
        partials: list[str] = []
        before, first = self.position, self._first
        self.jumped = False
        await self._live.prepare()
        vanished = self._live.vanished()
        gone = {item for item in vanished if self._comes(item)}
        if first or self._behind or self._sources.feed.position > self.position or vanished:
            delta = self._read(partials)
            await self._fragments.prepare(delta.items)
            if delta.html is None:
                delta.html = self._put(delta)
            partials[:0] = [delta.html] if delta.html else []
        partials += self._states()
        # What the log has already is not live, even if the daemon has not let go of it or reads it a second time.
        db = self._sources.db
        self._live.finished(item for item in self._live.unseen() if transcript.get(db, item) is not None)
        partials += self._live.partials(first, gone)
        self._first = False
        if not partials:
            return None
        return frame("".join(partials), self.position if self.position > before else None)

    def _comes(self, item: str) -> bool:
        """A live item that the daemon has let go of is in the log, so that it is read next, or nobody will finish it.
        Otherwise it is about to be committed: what the page has of it stays until then. What a command prints never is:
        the call that it ran for is."""
        nobody = self._sources.presence.of(self._start.conversation or "") is None
        return nobody or is_output(item) or transcript.get(self._sources.db, item) is not None

    def _put(self, delta: "Delta") -> str:
        """The items, to be put into the page, or the newest window in place of its log."""
        if not delta.jumped:
            drawn = [self._fragments.item(item) for item in delta.items]
            return partial("#log", "put", *drawn) if drawn else ""
        conversation = self._start.conversation or ""
        way = older(self._fragments.site, conversation, delta.items[0].sequence) if delta.items else ""
        return partial("#log", "newest", way + self._fragments.window(delta.items))

    # -- what is durable ----------------------------------------------------------------------------------------------
    def _read(self, partials: list[str]) -> "Delta":
        """What was touched since, as of one position; moves the position."""
        alone = self._first or self._behind or self._start.overview or self._start.inbox
        if alone:
            delta = self._delta()
        else:
            # Pages that stand at the same place lack the same.
            key = (self._start.conversation, self.position)
            delta = self._sources.shared.get(self._sources.feed.position, key, self._delta)
        if self._start.conversation is not None and delta.shown is None:
            raise Reload("deleted")
        self._shown = delta.shown
        self._renew("needs", delta.needs)
        partials += self._rows_gone(delta.rows)
        partials += self._inbox
        self._live.finished(item.id for item in delta.items)
        self.jumped = delta.jumped
        self.position = max(self.position, delta.reached)
        self.complete = delta.reached == delta.head
        return delta

    def _delta(self) -> "Delta":
        """Read in one transaction."""
        db, conversation = self._sources.db, self._start.conversation
        with db:
            head = read.last(db)
            if self._first:
                self._check(head)
                self._list.begin(conversations.page(db, limit=LISTED)[0])
            self._ready(db)
            found = _items(db, head, conversation, self.position)
            rows = conversations.touched(db, self.position, LIMIT + 1)
            given = None if conversation is None else shown(db, conversation)
            waiting = conversations.waiting_total(db)
            needs = self._rows.needs(waiting) + self._rows.needs(waiting, "needs-bar")
            if self._start.overview:
                self._overview(db)
            if self._start.inbox:
                self._inbox = self._asked(db)
        return Delta(head, *found, rows, given, needs)

    def _check(self, head: int) -> None:
        if self._start.log and self._start.log != self._sources.log:
            raise Reload("another log")
        if self.position > head:
            raise Reload("ahead of the log")

    def _ready(self, db: apsw.Connection) -> None:
        """A page whose read models were incomplete is loaded anew once they are not: old items have come to them."""
        if self._start.conversation is None or not (self._first or self._behind):
            return
        stream = stream_of(self._start.conversation)
        before, self._behind = self._behind, not read.projected(db, stream, self._sources.signature)
        if before or self._behind:
            self._sources.shared.forget()
        if before and not self._behind:
            raise Reload("prepared")

    def _rows_gone(self, rows: list[Conversation]) -> list[str]:
        if len(rows) > LIMIT:
            raise Reload("too far behind")
        gone = self._list.changed(rows, lambda: conversations.page(self._sources.db, limit=LISTED)[0])
        return [partial("#convs", "gone", *(f'<li id="c-{row}"></li>' for row in gone))] if gone else []

    def _asked(self, db: apsw.Connection) -> list[str]:
        try:
            came, gone, renewed = changes(self._fragments.site, db, self.position)
        except TooMany:
            raise Reload("too far behind") from None
        cards = [partial("#asks", "gone", *gone)] * bool(gone) + [partial("#asks", "put", *came)] * bool(came)
        return [*cards, *([partial("#stream", "renew", *renewed)] if renewed else [])]

    def _overview(self, db: apsw.Connection) -> None:
        rows, cursor = conversations.page(db, limit=LISTED)
        listed = [(row, self._status(row)) for row in rows]
        for name, html in overview(self._fragments.site, db, listed, cursor).items():
            self._renew(name, html)

    # -- what follows from facts about processes, and from the clock ---------------------------------------------------
    def _states(self) -> list[str]:
        partials: list[str] = []
        if rows := self._list.fresh():
            partials.append(partial("#convs", "rank", *rows))
        if self._shown is not None:
            self._around(self._shown)
        if self._fresh:
            partials.append(partial("#stream", "renew", *self._fresh.values()))
            self._there |= self._fresh
            self._fresh = {}
        return partials

    def _around(self, given: Shown) -> None:
        current, options = at_hand(self._status(given.row)), self._sources.options(given.row.agent)
        if self._drawn is None or self._drawn[0] is not given or self._drawn[1:] != (current, options):
            self._drawn = (given, current, options)
            for number, html in enumerate(self._parts(given, current, options)):
                self._renew(f"part {number}", html)

    def _parts(self, given: Shown, current: Status, options: Sequence[Option]) -> list[str]:
        """Drawn once for all pages; `given` is the same object for all that looked at the same position."""
        if given.drawn is None or given.drawn[:2] != (current, options):
            given.drawn = (current, options, parts(self._fragments.site, given, current, options))
        return given.drawn[2]

    def _renew(self, name: str, html: str) -> None:
        """An element to be sent, unless this is how the page has it."""
        if self._there.get(name) == html:
            self._fresh.pop(name, None)
        else:
            self._fresh[name] = html

    def _status(self, row: Conversation) -> Status:
        known = self._sources.presence
        return status(
            row, known.of(row.id), now(), recovering=known.recovering, trouble=known.troubled(row.id)
        )


def _items(
    db: apsw.Connection, head: int, conversation: str | None, after: int
) -> tuple[int, bool, list[Item]]:
    """How far it goes, whether items are left out, and the items: what was touched since, or the newest window."""
    if conversation is None:
        return head, False, []
    rows = transcript.touched(db, conversation, after, LIMIT + 1)
    if len(rows) > LIMIT:
        return head, True, transcript.load(db, transcript.newest(db, conversation, WINDOW))
    reached = head if len(rows) <= SLICE else rows[SLICE - 1].touched
    taken = sorted((row for row in rows if row.touched <= reached), key=lambda row: row.sequence)
    return reached, False, transcript.load(db, taken)


def partial(target: str, swap: str, *elements: str) -> str:
    """Elements for one place of the page (htmx: `hx-partial`; the swaps are those of `swap.js`)."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{"".join(elements)}</hx-partial>'


def frame(html: str, position: int | None) -> bytes:
    """A message: one data line, LF only, its id the position that it brings the page to."""
    # A line end within would end the line: written as a reference it is the same character to the page.
    line = html.replace("\n", "&#10;").replace("\r", "&#13;")
    head = f"id: {position}\n" if position is not None else ""
    return f"{head}data: {line}\n\n".encode("utf-8", "replace")


def event(name: str, data: str, position: int | None = None) -> bytes:
    """A message that changes nothing by itself: the page's script hears it."""
    head = f"id: {position}\n" if position is not None else ""
    return f"{head}event: {name}\ndata: {data}\n\n".encode()
