"""Windows of a transcript: each with the way to what stands before it, and to what follows unless it is the newest."""

from typing import Any

import apsw
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, FromQuery
from markupsafe import Markup
from msgspec import Struct

from agentguid.http.pages.common import face
from agentguid.http.parts import Parts
from agentguid.project import conversations, transcript
from agentguid.project.transcript import Item
from agentguid.protocol.errors import NotFound
from agentguid.render.environment import ours
from agentguid.render.pages import newer, older

WINDOW = 100
"""Items of a window."""
BEYOND = 1 << 62
"""No item and no event has such a number."""


class Place(Struct, frozen=True):
    """Which window: one of these, by the numbers of items; none: the newest."""

    before: int | None = None
    after: int | None = None
    around: int | None = None

    def __post_init__(self) -> None:
        if any(abs(number or 0) >= BEYOND for number in (self.before, self.after, self.around)):
            raise NotFound("there is no such place in a conversation")


class Window(Struct, frozen=True):
    """Consecutive items, in order."""

    items: list[Item]
    newest: bool
    """Nothing follows."""
    marked: str | None = None
    """The item that was asked for."""


def window(db: apsw.Connection, conversation: str, place: Place) -> Window:
    """Call it in the read transaction that the page is drawn in."""
    if place.before is not None:
        rows = transcript.before(db, conversation, place.before, WINDOW)
    elif place.after is not None:
        rows = transcript.after(db, conversation, place.after, WINDOW)
    elif place.around is not None:
        rows = transcript.around(db, conversation, place.around, WINDOW)
    else:
        rows = transcript.newest(db, conversation, WINDOW)
    newest = rows[-1].sequence >= transcript.count(db, conversation) if rows else place.before is None
    return Window(transcript.load(db, rows), newest)


def at_position(db: apsw.Connection, conversation: str, position: int) -> Window:
    """The window around the item that an event belongs to; the newest when there is none."""
    row = transcript.at(db, conversation, min(abs(position), BEYOND))
    found = window(db, conversation, Place(around=row.sequence if row else None))
    return Window(found.items, found.newest, row.id if row else None)


def drawn(parts: Parts, conversation: str, given: Window, *, edges: str = "both") -> Markup:
    """HTML of a window; `edges` says on which side it leads further: `older`, `newer` or `both`."""
    here, html = face(parts), ""
    items = given.items
    if items and edges != "newer":
        html = older(here.site, conversation, items[0].sequence)
    html += here.fragments.window(items, marked=given.marked)
    if not given.newest and edges != "older":
        html += newer(here.site, conversation, items[-1].sequence if items else 0)
    return ours(html)


@get("/conversations/{conversation_id:str}/older", include_in_schema=False, media_type=MediaType.HTML)
async def older_items(
    conversation_id: FromPath[str], before: FromQuery[int], parts: NamedDependency[Parts]
) -> Response[str]:
    """What stands before an item, with the way to what stands before that."""
    return await _answer(parts, conversation_id, Place(before=before), edges="older")


@get("/conversations/{conversation_id:str}/newer", include_in_schema=False, media_type=MediaType.HTML)
async def newer_items(
    conversation_id: FromPath[str], after: FromQuery[int], parts: NamedDependency[Parts]
) -> Response[str]:
    """What follows an item, with the way to what follows that."""
    return await _answer(parts, conversation_id, Place(after=after), edges="newer")


@get("/conversations/{conversation_id:str}/window", include_in_schema=False, media_type=MediaType.HTML)
async def window_items(
    conversation_id: FromPath[str], parts: NamedDependency[Parts], around: FromQuery[int | None] = None
) -> Response[str]:
    """The window around an item, or the newest."""
    return await _answer(parts, conversation_id, Place(around=around), edges="both")


async def _answer(parts: Parts, conversation: str, place: Place, **how: Any) -> Response[str]:
    with parts.reader as db:
        row = conversations.get(db, conversation)
        if row is None or row.deleted:
            raise NotFound("there is no such conversation; it may have been deleted")
        given = window(db, conversation, place)
    await face(parts).fragments.prepare(given.items)
    html = drawn(parts, conversation, given, **how)
    return Response(html, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})
