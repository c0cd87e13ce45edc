"""The page of one conversation, drawn at one position of the log."""

from typing import Any

import apsw
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, FromQuery
from markupsafe import Markup
from msgspec import Struct

from agentguid.append import read
from agentguid.entropy import new_id
from agentguid.http.pages.common import face, frame, page, shown_status
from agentguid.http.pages.dock import dock
from agentguid.http.parts import Parts
from agentguid.project import transcript
from agentguid.project.transcript import Item
from agentguid.protocol.errors import NotFound
from agentguid.protocol.ids import stream_of
from agentguid.render import live as drawn_live
from agentguid.render.environment import ours
from agentguid.render.names import agent_name
from agentguid.render.pages import Shown, older, shown
from agentguid.render.status import at_hand

WINDOW = 100
"""Items of a page."""


class Said(Struct, frozen=True):
    """What a form that did not work has to tell on the page, and what was entered in it."""

    error: str = ""
    draft: str = ""
    key: str = ""
    menu_error: str = ""


@get("/conversations/{conversation_id:str}", include_in_schema=False)
async def conversation_page(
    conversation_id: FromPath[str], parts: NamedDependency[Parts], before: FromQuery[int | None] = None
) -> Response[str]:
    """The newest window, or the one before an item (without JavaScript)."""
    return await conversation_answer(parts, conversation_id, before=before)


async def conversation_answer(
    parts: Parts, conversation: str, said: Said | None = None, *, before: int | None = None, status: int = 200
) -> Response[str]:
    """The page; with a form's error when one is given. `NotFound` when there is no such conversation."""
    said = said or Said()
    with parts.reader as db:  # one read transaction: everything on the page is as of one position
        given = _shown(db, conversation)
        context = frame(parts, db, conversation=given.row.id)
        items = _window(db, given.row.id, before)
        behind = not read.projected(db, stream_of(given.row.id), parts.log.signature)
    await face(parts).fragments.prepare(items)
    if before is not None:
        context["stream"] = ""
    return page(
        parts,
        "conversation/page.html",
        status,
        **context,
        **_around(parts, given, said),
        items=_drawn(parts, given.row.id, items),
        live=ours("") if before is not None else _live(parts, given.row.id),
        window=before is not None,
        stale=behind,
    )


def _around(parts: Parts, given: Shown, said: Said) -> dict[str, Any]:
    return {
        "c": given.row,
        "agent": agent_name(given.row.agent),
        "dock": dock(parts, given.row, given.since),
        "status": at_hand(shown_status(parts, given.row)),
        "pending": given.pending,
        "waiting": given.waiting,
        "key": said.key or new_id(),
        "error": said.error,
        "draft": said.draft,
        "menu_error": said.menu_error,
    }


def _shown(db: apsw.Connection, conversation: str) -> Shown:
    given = shown(db, conversation)
    if given is None:
        raise NotFound("there is no such conversation; it may have been deleted")
    return given


def _window(db: apsw.Connection, conversation: str, before: int | None) -> list[Item]:
    rows = (
        transcript.newest(db, conversation, WINDOW)
        if before is None
        else transcript.before(db, conversation, before, WINDOW)
    )
    return transcript.load(db, rows)


def _drawn(parts: Parts, conversation: str, items: list[Item]) -> Markup:
    """A window of the transcript, with the way to what stands before it."""
    drawn = face(parts)
    first = items[0].sequence if items else 1
    way = older(drawn.site, conversation, first) if items else ""
    return ours(way + drawn.fragments.window(items))


def _live(parts: Parts, conversation: str) -> Markup:
    """The unfinished items: those that the log has already are not live, even if the daemon has not let go of them."""
    there = parts.live.items(conversation)
    unfinished = (item for item in there if transcript.get(parts.reader, item.item) is None)
    return ours("".join(drawn_live.opened(face(parts).site, item) for item in unfinished))


@get("/conversations/{conversation_id:str}/older", include_in_schema=False, media_type=MediaType.HTML)
async def older_items(
    conversation_id: FromPath[str], before: FromQuery[int], parts: NamedDependency[Parts]
) -> Response[str]:
    """The window before an item, with the way to the one before that: takes the place of the link."""
    with parts.reader as db:
        given = _shown(db, conversation_id)
        items = _window(db, conversation_id, before)
    await face(parts).fragments.prepare(items)
    html = _drawn(parts, given.row.id, items)
    return Response(html, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})
