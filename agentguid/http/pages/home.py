"""The home page: what needs the user, what runs, what is recent; on a first visit how to begin."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from agentguid.http.pages.common import face, frame, page, shown_status
from agentguid.http.pages.imports import left
from agentguid.http.pages.picker import recent
from agentguid.http.pages.start import begin, known_agents, signed_out, worked_in
from agentguid.http.parts import Parts
from agentguid.project import conversations
from agentguid.render.environment import ours
from agentguid.render.home import listing, overview
from agentguid.render.pages import LISTED


@get("/", include_in_schema=False)
async def home(
    parts: NamedDependency[Parts], before: FromQuery[str | None] = None, archived: FromQuery[bool] = False
) -> Response[str]:
    """What waits, what runs, what is recent. Or a further page of the list; or, when there is nothing yet, the beginning."""
    further = archived or before is not None
    with parts.reader as db:
        context = frame(parts, db, "" if further else "home")
        drawn = _further(parts, before, archived) if further else _overview(parts, context)
        empty = (
            not context["listed"] and not further and conversations.page(db, limit=1, archived=True)[0] == []
        )
    context["here"] = "home"
    if empty:
        begun = await begin(parts, context["listed"])
        return page(
            parts,
            "home/start.html",
            **context,
            **begun,
            heading="Welcome",
            first=True,
            error="",
            opened=False,
            files=(),
            left=await left(parts),
        )
    worked, agents = worked_in(parts, context["listed"]), known_agents(parts)
    return page(
        parts,
        "home/page.html",
        **context,
        agents=agents,
        signed_out=signed_out(parts, agents),
        recent=[] if further else await recent(worked, str(parts.settings.startup_cwd)),
        overview=ours(drawn),
    )


def _overview(parts: Parts, context: dict[str, Any]) -> str:
    rows = [(row, shown_status(parts, row)) for row in context["listed"]]
    return "".join(overview(face(parts).site, parts.reader, rows, context["cursor"]).values())


def _further(parts: Parts, before: str | None, archived: bool) -> str:
    rows, cursor = conversations.page(parts.reader, limit=LISTED, before=before, archived=archived)
    listed = [(row, shown_status(parts, row)) for row in rows]
    return listing(face(parts).site, parts.reader, listed, cursor, archived=archived)
