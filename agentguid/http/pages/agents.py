"""`BASE/agents`: all agents, what to run to sign in to them, and their updates with what these say."""

import asyncio

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Redirect
from msgspec import Struct

from agentguid.agents.abilities import told
from agentguid.agents.discovery import Found
from agentguid.agents.programs import Plan
from agentguid.agents.signin import SignIn
from agentguid.hosts.opened import Terminal
from agentguid.http import programs
from agentguid.http.api.terminals import admin
from agentguid.http.form_answers import fields_of
from agentguid.http.pages.common import HtmlRequest, face, frame, page
from agentguid.http.pages.start import known_agents
from agentguid.http.parts import Parts
from agentguid.http.who import Who

SHOWN = 16 << 10
"""Bytes of what an update says that the page shows: the last of them."""
SIZE = (40, 100)
"""Rows and columns of the terminal that an update begun here has."""
SEARCH = 15.0
"""Seconds that it waits for the version that an update has brought."""
PATIENCE = 2.0
"""Seconds that the page waits for what agents say of their sign-in."""


class Update(Struct, frozen=True):
    """One that runs, or ended a short while ago."""

    terminal: Terminal
    words: str

    @property
    def line(self) -> str:
        return Plan(tuple(self.terminal.opened.argv)).line


class Row(Struct, frozen=True):
    """One agent as the page shows it."""

    found: Found
    signin: SignIn
    plan: Plan
    """To update it, or to install it."""
    update: Update | None
    can: str
    """What it can do, in words."""


@get("/agents", include_in_schema=False)
async def agents_page(parts: NamedDependency[Parts], who: NamedDependency[Who]) -> Response[str]:
    """What is here, what is not, and what to do about it."""
    await programs.looked_again(PATIENCE)
    found = known_agents(parts)
    await parts.signins.fresh([one.id for one in found], PATIENCE)
    rows = await asyncio.gather(*(_row(parts, one) for one in known_agents(parts)))
    with parts.reader as db:
        context = frame(parts, db, "settings")
    return page(
        parts,
        "agents/page.html",
        **context,
        here_now=[row for row in rows if row.found.installed],
        missing=[row for row in rows if not row.found.installed],
        may=who.may("admin"),
    )


async def _row(parts: Parts, found: Found) -> Row:
    plan = await programs.plan(found, "update" if found.installed else "install")
    can = told(parts.agents, found)
    return Row(found, parts.signins.of(found.id), plan, await _update(parts, found.id), can)


async def _update(parts: Parts, id: str) -> Update | None:  # noqa: A002
    for terminal in await parts.terminals.all():
        if (terminal.opened.kind, terminal.opened.about) == ("update", id):
            words = (await terminal.last_words())[-SHOWN:]
            return Update(terminal, words.decode("utf-8", "replace").strip())
    return None


@post("/agents/rescan", include_in_schema=False)
async def search(parts: NamedDependency[Parts]) -> Redirect:
    """Looks for agents again."""
    await parts.agents.rescan()
    return Redirect(face(parts).site.url("/agents"), status_code=303)


@post("/agents/{agent_id:str}/update", include_in_schema=False)
async def update(
    request: HtmlRequest,
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    agent_id: FromPath[str],
) -> Redirect:
    """Runs what the page has shown."""
    admin(who)
    fields = await fields_of(request)
    found = await programs.agent(parts, agent_id)
    deed: programs.Deed = "install" if "install" in fields else "update"
    await programs.begin(parts, found, deed, SIZE, actor=who.actor)
    return Redirect(face(parts).site.url("/agents") + f"#a-{found.id}", status_code=303)


@get("/agents/{agent_id:str}/output", include_in_schema=False)
async def output(
    parts: NamedDependency[Parts], who: NamedDependency[Who], agent_id: FromPath[str]
) -> Response[str]:
    """The element that says how far an update is; it asks again while it runs."""
    admin(who)
    found = await programs.agent(parts, agent_id)
    now = await _update(parts, found.id)
    headers = {"Cache-Control": "no-store"}
    if now is None or now.terminal.exit:
        await programs.looked_again(SEARCH)
        headers["HX-Refresh"] = "true"  # there is another version: the whole page says it
    drawn = face(parts).site.macro("agents/_row.html", "said")
    return Response(str(drawn(found.id, now)), media_type=MediaType.HTML, headers=headers)


ROUTES = (agents_page, search, update, output)
