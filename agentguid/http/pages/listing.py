"""`BASE/conversations`: all of them, page by page, and those whose title or folder has some words."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from agentguid.http.pages.common import face, frame, page, shown_status
from agentguid.http.parts import Parts
from agentguid.project import conversations
from agentguid.render.names import agent_name
from agentguid.render.pages import LISTED

WORDS = 200
"""Characters of what is looked for."""


@get("/conversations", include_in_schema=False)
async def listing_page(
    parts: NamedDependency[Parts],
    q: FromQuery[str] = "",
    before: FromQuery[str | None] = None,
    archived: FromQuery[bool] = False,
) -> Response[str]:
    """One page of the list, the newest first."""
    words = q[:WORDS].strip()
    with parts.reader as db:
        context = frame(parts, db, "list")
        rows, cursor = (
            conversations.search(db, words, limit=LISTED, before=before, archived=archived)
            if words
            else conversations.page(db, limit=LISTED, before=before, archived=archived)
        )
    again = {"q": words or None, "archived": 1 if archived else None}
    more = face(parts).site.url("/conversations", before=cursor, **again) if cursor else None
    found = [(row, shown_status(parts, row), agent_name(row.agent)) for row in rows]
    return page(
        parts,
        "shell/list.html",
        **context,
        found=found,
        more=more,
        q=words,
        archived=archived,
        further=bool(before),
    )
