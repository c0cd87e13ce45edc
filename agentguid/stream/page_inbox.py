"""What one page that shows the inbox lacks of it."""

import apsw

from agentguid.project import approvals, conversations
from agentguid.render import inbox
from agentguid.render.environment import Site


class TooMany(Exception):  # noqa: N818  it is an answer
    """More than the page can show: it is loaded anew."""


def changes(site: Site, db: apsw.Connection, after: int) -> tuple[list[str], list[str], list[str]]:
    """Since a position: the cards that came, the elements of those that were decided, and what is to be renewed."""
    came = inbox.waiting(site, db, after)
    gone = approvals.settled(db, after, inbox.LISTED + 1)
    if not came and not gone:
        return [], [], []
    total = conversations.waiting_total(db)
    if len(came) > inbox.LISTED or len(gone) > inbox.LISTED or (gone and total >= inbox.LISTED):
        raise TooMany
    removed = [f'<li id="w-{row.id}"></li>' for row in gone]
    return inbox.cards(site, came), removed, [inbox.count(site, total), inbox.settled(site, db)]
