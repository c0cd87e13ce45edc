"""How a conversation begins: the form with its folder, agent, model and mode; and the tour."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from msgspec import Struct

from agentguid.agents.discovery import Found
from agentguid.entropy import new_id
from agentguid.http.attaching import FORM, uploaded
from agentguid.http.form_answers import Answer, Fields, fields_of, key_of, page_of
from agentguid.http.modes import WORDS, without
from agentguid.http.pages import picker
from agentguid.http.pages.common import HtmlRequest, actor, frame, page
from agentguid.http.pages.picker import Seen, made, recent, seen
from agentguid.http.parts import Parts
from agentguid.project.conversations import Conversation
from agentguid.protocol import commands
from agentguid.protocol.errors import AgentFailed, Invalid, NotFound
from agentguid.protocol.items import Attachment, Body
from agentguid.render.pages import folders
from agentguid.workspace.aside import aside
from agentguid.workspace.folders import typed

Values = dict[str, str]
GLANCE = 1.5
"""Seconds that the page waits for what is to be said about the folder."""
SEARCH = 3.0
"""Seconds that the first page waits for the search of agents."""


class Offered(Struct, frozen=True):
    """An agent that can be chosen, with models that it is known to have or has worked with."""

    id: str
    name: str
    models: list[str]


@get("/new", include_in_schema=False)
async def new(
    parts: NamedDependency[Parts],
    folder: FromQuery[str] = "",
    agent: FromQuery[str] = "",
) -> Response[str]:
    """The form of a new conversation; its fields may be given in the URL."""
    return await new_page(parts, {"folder": folder, "agent": agent})


@post("/new", status_code=200, include_in_schema=False, request_max_body_size=FORM)
async def choose(request: HtmlRequest, parts: NamedDependency[Parts]) -> Response[str]:
    """The form again with what was typed: another folder looked into, taken or made; or agents searched for anew."""
    fields = await fields_of(request)
    values, status = dict(fields), 200
    found: Seen | None = None
    told = ""
    if "rescan" in fields:
        await parts.agents.rescan()
    elif "models" in fields:
        told = await _asked(parts, fields.get("agent", ""))
    elif "create" in fields:
        found, status = await made(fields["create"])
        values["folder"] = found.place.path if found.place else fields["create"]
    else:
        values["folder"] = fields.get("choose") or fields.get("browse") or fields.get("folder", "")
        found = await seen(values["folder"], hidden="hidden" in fields)
    try:
        files, error = await uploaded(parts, request), ""
    except Invalid as wrong:
        files, error = (), str(wrong)
    if status >= 400:
        values["browse"] = ""
    return await new_page(
        parts,
        values,
        error,
        status=status,
        looked=found,
        files=files,
        told=told,
    )


async def _asked(parts: Parts, agent: str) -> str:
    """What came of asking an agent for its models: a sentence. It takes seconds."""
    try:
        await parts.ask_offer(agent)
    except (AgentFailed, NotFound) as failed:
        return str(failed)
    found, count = parts.agents.get(agent), len(parts.agents.models(agent))
    name = found.name if found else agent
    if not count and found and found.entry.protocol == "acp":  # where there is no other way to choose one
        return f"{name} does not let others choose its model."
    if not count:
        return f"{name} named no models. You can still type the name of one."
    return f"{name} names {count} model{'' if count == 1 else 's'}: the field has them."


async def new_page(
    parts: Parts,
    values: Values,
    error: str = "",
    status: int = 200,
    *,
    looked: Seen | None = None,
    told: str = "",
    files: Sequence[Attachment] = (),
) -> Response[str]:
    """The form with what was entered, and what was wrong with it; `told`: by the agent. With the list of folders to browse in."""
    with parts.reader as db:
        context = frame(parts, db, "new")
    kept = {name: value for name, value in values.items() if value}
    given = await begin(parts, context["listed"], kept, looked) | {"told": told}
    opened = bool({"browse", "hidden"} & values.keys()) or (error != "" and given["seen"].place is None)
    return page(
        parts,
        "home/start.html",
        status,
        **{**context, "here": "new"},
        **given,
        heading="New conversation",
        first=False,
        left=[],
        error=error.removeprefix("folder: "),
        opened=opened,
        files=files,
    )


async def begin(
    parts: Parts, listed: list[Conversation], values: Values | None = None, looked: Seen | None = None
) -> dict[str, Any]:
    """What the form of a new conversation needs."""
    await _searched(parts)
    agents = known_agents(parts)
    usable = [one for one in agents if one.installed]
    worked = worked_in(parts, listed)
    given = _preset(parts, listed, worked, usable) | (values or {})
    place, offers = await asyncio.gather(
        _looked(given["folder"], looked), recent(worked, str(parts.settings.startup_cwd))
    )
    return {
        "agents": agents,
        "signed_out": signed_out(parts, agents),
        "offered": [Offered(one.id, one.name, _models(parts, one, listed)) for one in usable],
        "modes": WORDS,
        "without": without(parts, usable),
        "recent": offers,
        "values": given,
        "seen": place,
        "key": new_id(),
        "tour_key": new_id(),
        "told": "",
        "tour": any(one.id == "demo" for one in agents),
    }


def known_agents(parts: Parts) -> list[Found]:
    """Those of the catalogue, installed or not; the demo agent unless it is switched off."""
    return [one for one in parts.agents.all() if parts.settings.demo or one.id != "demo"]


def signed_out(parts: Parts, agents: list[Found]) -> set[str]:
    """The ids of those that are known not to be signed in."""
    return {one.id for one in agents if one.installed and parts.signins.of(one.id).state == "no"}


def worked_in(parts: Parts, listed: list[Conversation]) -> list[str]:
    """Where conversations of late work, newest first; the tour's folder is no place to work in."""
    return [path for path in folders(listed) if path != _tour(parts)]


def _tour(parts: Parts) -> str:
    return str(parts.settings.places.data / "tour")


def _preset(parts: Parts, listed: list[Conversation], worked: list[str], usable: list[Found]) -> Values:
    """As the last conversation was begun; but the mode is asked for each time."""
    names = [one.id for one in usable]
    last = next((row.agent for row in listed if row.agent in names and row.agent != "demo"), None)
    return {
        "folder": typed(worked[0]) if worked else str(parts.settings.startup_cwd),
        "agent": last or (names[0] if names else ""),
        "mode": "ask",
        "model": "",
        "text": "",
    }


async def _looked(folder: str, known: Seen | None) -> Seen:
    return known or await seen(folder, patience=GLANCE)


async def _searched(parts: Parts) -> None:
    """Just after the start the search of agents still runs: the page does not say that there are none."""
    if not parts.agents.searched:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEARCH):
                await parts.agents.rescan()


def _models(parts: Parts, agent: Found, listed: list[Conversation]) -> list[str]:
    used = (row.model for row in listed if row.agent == agent.id and row.model)
    return list(dict.fromkeys([*parts.agents.models(agent.id), *used]))


@post("/tour", include_in_schema=False)
async def tour(request: HtmlRequest, parts: NamedDependency[Parts]) -> Answer:
    """A conversation with the demo agent that shows what a page does, in a folder of its own."""
    fields: Fields = await fields_of(request)
    if not parts.settings.demo:
        raise NotFound("the demo agent is switched off here (setting: demo)")
    key, who = key_of(fields), actor(request)
    cwd = _tour(parts)
    await aside(lambda: os.makedirs(cwd, mode=0o700, exist_ok=True))
    made = commands.CreateConversation(conversation=key, title="A tour of agentguid", agent="demo", cwd=cwd)
    await parts.dispatch(made, actor=who, key=f"new-{key}")
    prompt = commands.SendMessage(conversation=key, message=f"{key}-tour", body=Body("tour"))
    await parts.dispatch(prompt, actor=who, key=f"send-{key}-tour")
    return Redirect(page_of(parts, key), status_code=303)


ROUTES = (new, choose, tour, picker.look, picker.create)
