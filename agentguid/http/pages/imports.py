"""The page of import: what agents have left on this machine, and taking it in."""

import asyncio
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.response import Redirect

from agentguid.agents.histories.places import APPENDED, SOURCES
from agentguid.http.api import imports as api
from agentguid.http.form_answers import Answer
from agentguid.http.pages.common import HtmlRequest, actor, face, frame, page
from agentguid.http.parts import Parts

GLANCE = 1.0
"""Seconds that the first page waits for a count."""


@get("/import", include_in_schema=False)
async def import_page(parts: NamedDependency[Parts]) -> Response[str]:
    """What was found, by agent and folder, with a button; while an import runs, how far it is."""
    found = await parts.importing.look()
    with parts.reader as db:
        context = frame(parts, db, "import")
    sources = api.sources(parts, found)
    return page(
        parts,
        "import/page.html",
        **context,
        sources=sources,
        others=_listed([one.name for one in sources if one.id not in APPENDED]),
        progress=api.progress(parts),
        names=_listed([agent.name for name in SOURCES if (agent := parts.agents.get(name))]),
        watch=api.watched(parts),
    )


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


async def left(parts: Parts) -> list[tuple[str, int]]:
    """What agents have left on this machine, for the first page: the name of each and how many sessions."""
    try:
        async with asyncio.timeout(GLANCE):
            counts = await parts.importing.count()
    except TimeoutError:
        return []
    named = [(agent.name, count) for name, count in counts.items() if (agent := parts.agents.get(name))]
    return sorted(named, key=lambda one: -one[1])


@get("/import/progress", include_in_schema=False, sync_to_thread=False)
def import_progress(parts: NamedDependency[Parts]) -> Response[str]:
    """The element that says how far it is; it asks again while it runs."""
    drawn: Any = face(parts).site.macro("import/_progress.html", "progress")
    now = api.progress(parts)
    headers = {"Cache-Control": "no-store"}
    if not now.running:
        headers["HX-Refresh"] = "true"  # what is here has changed: the whole page says it
    return Response(str(drawn(now)), media_type=MediaType.HTML, headers=headers)


@post("/import", include_in_schema=False)
async def import_these(request: HtmlRequest, parts: NamedDependency[Parts]) -> Answer:
    """Takes in the ticked agents."""
    form = await request.form()
    names = [value for value in form.getall("source", []) if isinstance(value, str)]
    if names:
        await api.ask(parts, actor(request), names, [])
    return Redirect(face(parts).site.url("/import"), status_code=303)


@post("/import/watch", include_in_schema=False)
async def watch_these(request: HtmlRequest, parts: NamedDependency[Parts]) -> Answer:
    """Chooses what comes by itself."""
    form = await request.form()
    await api.choose(parts, actor(request), str(form.get("watch", ""))[:10])
    return Redirect(face(parts).site.url("/import") + "#by-itself", status_code=303)
