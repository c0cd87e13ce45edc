"""What the page handlers share: the site that is served, who asks, and the frame around each page."""

from functools import lru_cache
from typing import Any

import apsw
from litestar import Request, Response
from litestar.enums import MediaType
from msgspec import Struct

from agentguid.append import read
from agentguid.entropy import new_id, now
from agentguid.http.parts import Parts
from agentguid.http.who import WHO, Who
from agentguid.project import conversations
from agentguid.project.conversations import Conversation
from agentguid.render.environment import Site, ours, site
from agentguid.render.fragments import Fragments
from agentguid.render.pages import LISTED, Rows
from agentguid.render.preferences import reader
from agentguid.render.status import Status, status

HtmlRequest = Request[Any, Any, Any]


class Face(Struct, frozen=True):
    """One site's templates and what was drawn with them."""

    site: Site
    fragments: Fragments
    rows: Rows


@lru_cache(maxsize=8)
def _face(base: str, reload: bool) -> Face:
    made = site(base, reload)
    return Face(made, Fragments(made), Rows(made))


def face(parts: Parts) -> Face:
    return _face(parts.settings.base_url, parts.settings.hot_reload)


def actor(request: HtmlRequest) -> str:
    """Whom events name as their cause."""
    who: Who | None = request.scope.get(WHO)  # type: ignore[assignment]
    return who.actor if who else "user"


def by_htmx(request: HtmlRequest) -> bool:
    """Whether the page's script asks: the stream then brings what changes."""
    return request.headers.get("hx-request") == "true"


def shown_status(parts: Parts, row: Conversation) -> Status:
    """The state of a conversation as of now."""
    known = parts.presence
    return status(row, known.of(row.id), now(), recovering=known.recovering, trouble=known.troubled(row.id))


def frame(
    parts: Parts, db: apsw.Connection, here: str = "", conversation: str | None = None
) -> dict[str, Any]:
    """What every page's template needs. Call it in the read transaction that the page is drawn in."""
    drawn = face(parts)
    rows, cursor = conversations.page(db, limit=LISTED)
    position = read.last(db)
    # Each page asks for a URL of its own: of the same one a browser answers one request after the other.
    given = {"conversation": conversation, "after": position, "log": parts.log.id, "home": here or None}
    stream = drawn.site.url("/stream", **given, page=new_id())
    waiting = conversations.waiting_total(db)
    listed = [(row, shown_status(parts, row)) for row in rows]
    return {
        "here": here,
        "now": now(),
        "needs": ours(drawn.rows.needs(waiting)),
        "needs_bar": ours(drawn.rows.needs(waiting, "needs-bar")),
        "rows": ours("".join(drawn.rows.groups(listed, conversation, reader().folded))),
        "listed": rows,
        "cursor": cursor,
        "stream": stream,
    }


def page(parts: Parts, template: str, status_code: int = 200, **context: Any) -> Response[str]:
    """A whole page as an answer. It is never kept by a cache: it shows a state."""
    return Response(
        face(parts).site.page(template, **context),
        media_type=MediaType.HTML,
        status_code=status_code,
        headers={"Cache-Control": "no-store"},
    )
