"""The inbox: every decision that waits, of all conversations, and the last ones that were made."""

from collections.abc import Iterable
from typing import get_args

import apsw
from msgspec import Struct

from agentguid.append import read
from agentguid.project import approvals, conversations, credentials
from agentguid.project.approvals import Approval
from agentguid.project.conversations import Conversation
from agentguid.protocol.events import ApprovalRequested, Recorded
from agentguid.protocol.items import Body
from agentguid.render import asks, tools
from agentguid.render.asks import Ask
from agentguid.render.environment import Site
from agentguid.render.names import agent_name

LISTED = 50
"""Requests that are shown; more than a person answers in one go."""
SETTLED = 20
"""Decisions that are shown below."""
CARDS = "inbox/_cards.html"


class Asked(Struct, frozen=True):
    """An open request with what it belongs to."""

    ask: Ask
    view: tools.ToolView
    given: Body
    conversation: Conversation
    agent: str


class Settled(Struct, frozen=True):
    """A request that was decided or withdrawn."""

    ask: Ask
    tool: str
    what: str
    """The command, file or the like; may be empty."""
    spoken: bool
    """It is a sentence."""
    who: str
    conversation: Conversation


def waiting(site: Site, db: apsw.Connection, after: int = 0) -> list[Asked]:
    """The open requests that came after a position, oldest first; one more than `LISTED` when there are more."""
    rows = approvals.pending(db, limit=LISTED + 1, after=after)
    log = read.at(db, [row.position for row in rows])
    found = []
    for row in rows:
        recorded, owner = log[row.position], conversations.get(db, row.conversation)
        ask = asks.ask(site, row.conversation, recorded, None)
        event = recorded.event
        if ask is None or owner is None or owner.deleted or not isinstance(event, ApprovalRequested):
            continue
        view = tools.view(event.tool, event.input)
        found.append(Asked(ask, view, event.input, owner, agent_name(owner.agent)))
    return found


def cards(site: Site, asked: Iterable[Asked]) -> list[str]:
    """An element each."""
    draw = site.macro(CARDS, "asked")
    return [str(draw(one)).strip() for one in asked]


def count(site: Site, total: int) -> str:
    """How many decisions wait, as the page's head says it."""
    return str(site.macro(CARDS, "count")(total)).strip()


def settled(site: Site, db: apsw.Connection) -> str:
    """The last decisions, newest first."""
    rows = approvals.latest(db, SETTLED)
    log = read.at(db, sorted({place for row in rows for place in (row.position, row.decided or 0)}))
    found = [one for row in rows if (one := _settled(site, db, row, log)) is not None]
    return str(site.macro(CARDS, "settled")(found)).strip()


def _settled(site: Site, db: apsw.Connection, row: Approval, log: dict[int, Recorded]) -> Settled | None:
    asked, decision = log.get(row.position), log.get(row.decided or 0)
    owner = conversations.get(db, row.conversation)
    if asked is None or decision is None or owner is None or owner.deleted:
        return None
    ask, event = asks.ask(site, row.conversation, asked, decision), asked.event
    if ask is None or not isinstance(event, ApprovalRequested):
        return None
    view = tools.view(event.tool, event.input)
    spoken = bool(view.arg) and not view.named
    return Settled(ask, event.tool, view.arg, spoken, who(db, decision.actor), owner)


def who(db: apsw.Connection, actor: str) -> str:
    """Whom an event names as its cause, in words."""
    kind, _, name = actor.partition(":")
    for way in get_args(credentials.Kind):
        if way == kind:
            known = credentials.get(db, way, name)
            return known.name if known else f"a {kind} that is gone"
    return {"socket": "the command line", "agent": "the agent", "daemon": "agentguid"}.get(kind, "you")
