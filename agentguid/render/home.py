"""The home page's lists: what needs the user, what runs, what is recent. Each is an element that is renewed by itself."""

import re
from collections.abc import Hashable

import apsw
import msgspec

from agentguid.project import conversations, transcript
from agentguid.project.conversations import Conversation, cursor
from agentguid.protocol.events import Event, ItemAdded, MessageSteered, ToolStarted, TurnStarted
from agentguid.protocol.items import Body
from agentguid.render.cache import Cache
from agentguid.render.environment import Site
from agentguid.render.names import agent_name
from agentguid.render.pages import Pending, asked
from agentguid.render.status import Status
from agentguid.render.text import folder, one_line

SECTIONS = "home/_sections.html"
RECENT = 20
"""Conversations that are listed as recent; the rest is a click away."""
LATEST = 4
"""Items of a conversation that are looked at for a word about it."""
SPEAKING = (
    "command",
    "file_path",
    "notebook_path",
    "path",
    "pattern",
    "url",
    "query",
    "description",
    "prompt",
)
"""Arguments of a tool that say what it is about, the most telling first."""
WANTS = {
    "Bash": "wants to run",
    "Write": "wants to write",
    "Edit": "wants to edit",
    "MultiEdit": "wants to edit",
    "WebFetch": "wants to fetch",
    "ExitPlanMode": "has a plan and wants to begin",
    "AskUserQuestion": "asks you a question",
    "question": "asks you a question",
}
MARKS = re.compile(
    r"^[ \t]*(?:[|].*|`{3}.*)$|^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-+*][ \t]+(?:\[[ x]\] )?)"
    r"|\*\*|~~|`+|(?<!\w)\*|\*(?!\w)|\[([^\][]{0,200})\]\([^()]{0,500}\)",
    re.MULTILINE,
)
"""What Markdown has beside the words: marks, tables, fences; of a link its text stays."""
Line = tuple[Conversation, Status, str, str]
"""A conversation, its state, its agent's name, and what it said or does last."""

_said: Cache[tuple[str, int], str] = Cache(500)
_drawn: Cache[Hashable, str] = Cache(64)


def overview(
    site: Site, db: apsw.Connection, rows: list[tuple[Conversation, Status]], older: str | None = None
) -> dict[str, str]:
    """The sections by element id. `older`: the list goes on after these rows."""
    lines = [(row, status, agent_name(row.agent), said(db, row)) for row, status in rows]
    failed = [one for one in lines if one[1].key == "error" and one[0].unread]
    running = [one for one in lines if one[1].busy and one[1].key != "waiting"]
    resting = [one for one in lines if not one[1].busy and one not in failed]
    recent = resting[:RECENT]
    more = (
        site.url("/", before=cursor(recent[-1][0])) if recent and (older or len(resting) > RECENT) else None
    )
    asks, total = [(ask, wants(ask)) for ask in asked(db)], conversations.waiting_total(db)
    return {
        "home-needs": _draw(site, "needs", tuple(asks), total, tuple(failed)),
        "home-running": _draw(site, "running", tuple(running)),
        "home-recent": _draw(site, "recent", tuple(recent), "", more),
    }


def listing(
    site: Site,
    db: apsw.Connection,
    rows: list[tuple[Conversation, Status]],
    older: str | None,
    *,
    archived: bool,
) -> str:
    """A further page of conversations, or of the archived ones."""
    lines = [(row, status, agent_name(row.agent), said(db, row)) for row, status in rows]
    more = site.url("/", before=older, archived=1 if archived else None) if older else None
    return _draw(site, "recent", tuple(lines), "Archived" if archived else "Older", more)


def wants(ask: Pending) -> str:
    """What an agent asks for, as a sentence that its argument ends."""
    return WANTS.get(ask.tool, f"wants to use {ask.tool}")


def said(db: apsw.Connection, row: Conversation) -> str:
    """One line about the newest thing in a conversation; empty when there is nothing to be said. Read once per change."""
    key = (row.id, row.item_position)
    found = _said.get(key)
    if found is None:
        found = ""
        latest = transcript.load(db, transcript.newest(db, row.id, LATEST))
        for item in reversed(latest):
            if found := glance(item.opened.event):
                break
        _said.put(key, found)
    return found


def glance(event: Event) -> str:
    """What an item is about, in a line of plain text."""
    match event:
        case ItemAdded(kind="message"):
            return one_line(MARKS.sub(lambda mark: mark[1] or "", event.body.text[:1000]))
        case ItemAdded(kind="thought"):
            return "thinking"
        case TurnStarted() | MessageSteered():
            files = ", ".join(one.name for one in event.body.attached)
            return f"You: {one_line(event.body.text) or one_line(files)}"
        case ToolStarted():
            return one_line(f"{event.name} {_argument(event.input)}")
    return ""


def _argument(given: Body) -> str:
    try:
        found = msgspec.json.decode(given.text) if given.blob is None else {}
    except msgspec.DecodeError:
        return ""
    if not isinstance(found, dict):
        return ""
    first = next((found[name] for name in SPEAKING if isinstance(found.get(name), str)), "")
    return folder(first)


def _draw(site: Site, name: str, *given: Hashable) -> str:
    """A section; drawn once for all pages that show the same."""
    key = (site, name, given)
    drawn = _drawn.get(key)
    if drawn is None:
        drawn = str(site.macro(SECTIONS, name)(*given)).strip()
        _drawn.put(key, drawn)
    return drawn
