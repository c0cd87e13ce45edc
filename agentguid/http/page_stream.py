"""`GET BASE/stream`: one connection per page for everything on it."""

import contextlib
from collections.abc import AsyncGenerator

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Stream

from agentguid.http.pages.common import HtmlRequest, face
from agentguid.http.parts import Parts
from agentguid.http.renewal import until_renewed
from agentguid.http.who import WHO, Who
from agentguid.stream.follow import follow
from agentguid.stream.page import Page, Sources, Start

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@get("/stream", include_in_schema=False)
async def stream(
    request: HtmlRequest,
    parts: NamedDependency[Parts],
    after: FromQuery[int] = 0,
    log: FromQuery[str] = "",
) -> Stream:
    """What changed on the page since a position, and what changes from now on. `Last-Event-ID` beats `after`."""
    last = request.headers.get("last-event-id", "")
    if last.isascii() and last.isdigit():
        after = int(last)
    asked = request.query_params
    conversation = asked.get("conversation")
    drawn = face(parts)
    log_id, signature = parts.log.id, parts.log.signature
    sources = Sources(
        parts.reader,
        parts.feed,
        parts.live,
        parts.presence,
        log_id,
        signature,
        parts.shared,
        parts.agents.options,
    )
    shows = asked.get("home")
    start = Start(
        after=after, log=log, conversation=conversation, overview=shows == "home", inbox=shows == "inbox"
    )
    page = Page(sources, drawn.fragments, drawn.rows, start)
    pieces = _on_a_line(parts, request, page, conversation, again=bool(last))
    if parts.settings.hot_reload:
        pieces = until_renewed(pieces, parts.renewal)
    return Stream(pieces, media_type="text/event-stream", headers=HEADERS)


async def _on_a_line(
    parts: Parts, request: HtmlRequest, page: Page, conversation: str | None, *, again: bool
) -> AsyncGenerator[bytes, None]:
    """The stream, as one of those that its browser may keep open."""
    who: Who | None = request.scope.get(WHO)  # type: ignore[assignment]
    browser = who.id if who and who.kind == "device" else None
    line = parts.lines.open(browser, again=again)
    try:
        stream = follow(page, parts.feed, conversation, company=parts.company, line=line)
        async with contextlib.aclosing(stream) as pieces:
            async for piece in pieces:
                yield piece
    finally:
        parts.lines.close(browser, line)
