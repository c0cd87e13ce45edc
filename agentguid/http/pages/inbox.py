"""The inbox: what waits for a decision, in all conversations."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from agentguid.http.pages.common import face, frame, page
from agentguid.http.parts import Parts
from agentguid.project import conversations
from agentguid.render import inbox as drawn
from agentguid.render.environment import ours


@get("/inbox", include_in_schema=False)
async def inbox(parts: NamedDependency[Parts]) -> Response[str]:
    """Each open request whole, oldest first; below, the last decisions."""
    return inbox_page(parts)


def inbox_page(parts: Parts, error: str = "", status: int = 200) -> Response[str]:
    """With what was wrong with an answer, when it was given without the page's script."""
    site = face(parts).site
    with parts.reader as db:
        context: dict[str, Any] = frame(parts, db, "inbox")
        asked = drawn.waiting(site, db)
        total = conversations.waiting_total(db)
        settled = drawn.settled(site, db)
    return page(
        parts,
        "inbox/page.html",
        status,
        **context,
        cards=ours("".join(drawn.cards(site, asked[: drawn.LISTED]))),
        count=ours(drawn.count(site, total)),
        more=max(0, total - drawn.LISTED),
        settled=ours(settled),
        error=error,
    )
