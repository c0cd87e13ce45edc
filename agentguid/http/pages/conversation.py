"""The page of one conversation, drawn at one position of the log."""

from collections.abc import Mapping, Sequence
from typing import Any

import apsw
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from markupsafe import Markup
from msgspec import Struct

from agentguid.agents.base import SlashCommand
from agentguid.append import read
from agentguid.entropy import new_id
from agentguid.http.pages.common import face, frame, page, shown_status
from agentguid.http.pages.dock import dock
from agentguid.http.pages.windows import Place, at_position, drawn, window
from agentguid.http.parts import Parts
from agentguid.project import transcript
from agentguid.protocol.errors import NotFound
from agentguid.protocol.ids import stream_of
from agentguid.protocol.items import Attachment
from agentguid.render import live as drawn_live
from agentguid.render.environment import ours
from agentguid.render.names import agent_name
from agentguid.render.pages import Shown, shown
from agentguid.render.status import at_hand

NEWEST = Place()
PICKED = ("agent", "model", "mode")
DRAFT = 4000
"""Characters of a message that a link may bring."""


class Said(Struct, frozen=True):
    """What a form that did not work has to tell on the page, and what was entered in it."""

    error: str = ""
    draft: str = ""
    key: str = ""
    picked: Mapping[str, str] = {}
    """Agent, model and mode as they were chosen; what is not there is as the conversation has it."""
    files: Sequence[Attachment] = ()
    """What goes with the draft."""
    commands: Sequence[SlashCommand] | None = None
    """The agent's slash commands, when they are asked for."""
    menu_error: str = ""


@get("/conversations/{conversation_id:str}", include_in_schema=False)
async def conversation_page(
    conversation_id: FromPath[str],
    parts: NamedDependency[Parts],
    before: FromQuery[int | None] = None,
    after: FromQuery[int | None] = None,
    at: FromQuery[int | None] = None,
    text: FromQuery[str] = "",
) -> Response[str]:
    """The newest window, the one around an event of the log (`at` its position), or the one before or after an item.

    `text` stands in the composer, unsent.
    """
    place = Place(before=before, after=after)
    return await conversation_answer(parts, conversation_id, Said(draft=text[:DRAFT]), place=place, at=at)


async def conversation_answer(
    parts: Parts,
    conversation: str,
    said: Said | None = None,
    *,
    place: Place = NEWEST,
    at: int | None = None,
    status: int = 200,
) -> Response[str]:
    """The page; with a form's error when one is given. `NotFound` when there is no such conversation."""
    said = said or Said()
    with parts.reader as db:  # one read transaction: everything on the page is as of one position
        given = _shown(db, conversation)
        context = frame(parts, db, conversation=given.row.id)
        seen = window(db, given.row.id, place) if at is None else at_position(db, given.row.id, at)
        behind = not read.projected(db, stream_of(given.row.id), parts.log.signature)
    await face(parts).fragments.prepare(seen.items)
    return page(
        parts,
        "conversation/page.html",
        status,
        **context,
        **_around(parts, given, said),
        items=drawn(parts, given.row.id, seen),
        live=_live(parts, given.row.id) if seen.newest else ours(""),
        newest=seen.newest,
        stale=behind,
    )


def _around(parts: Parts, given: Shown, said: Said) -> dict[str, Any]:
    return {
        "c": given.row,
        "agent": agent_name(given.row.agent),
        "dock": dock(parts, given.row, given.since, given.retry),
        "status": at_hand(shown_status(parts, given.row)),
        "pending": given.pending,
        "waiting": given.waiting,
        "key": said.key or new_id(),
        "error": said.error,
        "draft": said.draft,
        "picked": {name: said.picked.get(name, getattr(given.row, name) or "") for name in PICKED},
        "files": said.files,
        "offered": said.commands,
        "menu_error": said.menu_error,
    }


def _shown(db: apsw.Connection, conversation: str) -> Shown:
    given = shown(db, conversation)
    if given is None:
        raise NotFound("there is no such conversation; it may have been deleted")
    return given


def _live(parts: Parts, conversation: str) -> Markup:
    """The unfinished items: those that the log has already are not live, even if the daemon has not let go of them."""
    there = parts.live.items(conversation)
    unfinished = (item for item in there if transcript.get(parts.reader, item.item) is None)
    return ours("".join(drawn_live.opened(face(parts).site, item) for item in unfinished))
