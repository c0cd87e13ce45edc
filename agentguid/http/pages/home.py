"""The pages without a conversation: what needs the user, and how a new conversation begins."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from agentguid.entropy import new_id
from agentguid.http.pages.common import face, frame, page, shown_status
from agentguid.http.parts import Parts
from agentguid.project import conversations
from agentguid.render.environment import ours
from agentguid.render.pages import LISTED, asked, folders, listing, overview


@get("/", include_in_schema=False)
async def home(
    parts: NamedDependency[Parts], before: FromQuery[str | None] = None, archived: FromQuery[bool] = False
) -> Response[str]:
    """What waits, what runs, what is recent; on a first visit how to begin. Or a further page of the list."""
    further = archived or before is not None
    with parts.reader as db:
        context = frame(parts, db, "" if further else "home")
        drawn = _further(parts, before, archived) if further else _overview(parts, context)
    first = not context["listed"] and not further
    return page(
        parts,
        "home/page.html",
        **{**context, "here": "home"},
        **begin(parts, context),
        heading="Welcome" if first else "Home",
        first=first,
        overview=ours(drawn),
    )


def _overview(parts: Parts, context: dict[str, Any]) -> str:
    rows = [(row, shown_status(parts, row)) for row in context["listed"]]
    return overview(face(parts).site, asked(parts.reader), rows, context["cursor"])


def _further(parts: Parts, before: str | None, archived: bool) -> str:
    rows, cursor = conversations.page(parts.reader, limit=LISTED, before=before, archived=archived)
    listed = [(row, shown_status(parts, row)) for row in rows]
    return listing(face(parts).site, listed, cursor, archived=archived)


@get("/new", include_in_schema=False)
async def new(
    parts: NamedDependency[Parts],
    folder: FromQuery[str] = "",
    agent: FromQuery[str] = "",
) -> Response[str]:
    """The form of a new conversation; its fields may be given in the URL."""
    return new_page(parts, {"folder": folder, "agent": agent})


def new_page(parts: Parts, values: dict[str, str], error: str = "", status: int = 200) -> Response[str]:
    """The form with what was entered, and what was wrong with it."""
    with parts.reader as db:
        context = frame(parts, db, "new")
    given = begin(parts, context, {name: value for name, value in values.items() if value}, error)
    return page(parts, "home/page.html", status, **context, **given, heading="New conversation", first=False)


def begin(
    parts: Parts, context: dict[str, Any], values: dict[str, str] | None = None, error: str = ""
) -> dict[str, Any]:
    """What the form of a new conversation needs."""
    agents = parts.agents.all()
    usable = [agent for agent in agents if agent.installed]
    recent = folders(context["listed"])
    preset = {
        "folder": recent[0] if recent else str(parts.settings.startup_cwd),
        "agent": usable[0].id if usable else "",
        "mode": "ask",
        "model": "",
        "text": "",
    }
    return {
        "agents": agents,
        "usable": usable,
        "folders": recent,
        "values": preset | (values or {}),
        "key": new_id(),
        "error": error,
    }
