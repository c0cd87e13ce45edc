"""What belongs to one item, whole and as it is: its text, what a tool was given and answered, and pictures in it."""

import asyncio

import apsw
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath

from agentguid.http.pages import blobs
from agentguid.http.pages.blobs import HEADERS
from agentguid.http.pages.common import HtmlRequest, by_htmx, face, frame, page
from agentguid.http.parts import Parts
from agentguid.project import transcript
from agentguid.project.transcript import Item
from agentguid.protocol.errors import NotFound
from agentguid.protocol.events import ItemAdded, MessageSteered, ToolFinished, ToolStarted, TurnStarted
from agentguid.protocol.items import Body
from agentguid.render import pictures
from agentguid.render.calls import whole
from agentguid.render.environment import ours
from agentguid.render.fragments import Fragments

AS_IT_IS = {**HEADERS, "Cache-Control": "private, no-cache"}
"""An item's content may change or be removed, so it is asked for again."""

PICTURE = {**blobs.PICTURE, "Cache-Control": AS_IT_IS["Cache-Control"]}


@get("/conversations/{conversation_id:str}/items/{item_id:str}/{part:str}", include_in_schema=False)
async def item_part(
    conversation_id: FromPath[str], item_id: FromPath[str], part: FromPath[str], parts: NamedDependency[Parts]
) -> Response[bytes]:
    """`text`, `input` or `output`, as plain text."""
    with parts.reader as db:
        item = _item(db, conversation_id, item_id)
    data = await _whole(parts, _body(item, part))
    return Response(data, media_type="text/plain; charset=utf-8", headers=AS_IT_IS)


@get(
    "/conversations/{conversation_id:str}/items/{item_id:str}/pictures/{number:int}", include_in_schema=False
)
async def item_picture(
    conversation_id: FromPath[str],
    item_id: FromPath[str],
    number: FromPath[int],
    parts: NamedDependency[Parts],
) -> Response[bytes]:
    """One of the pictures in a tool's output. Its kind is what its bytes say."""
    with parts.reader as db:
        item = _item(db, conversation_id, item_id)
    data = await _whole(parts, _body(item, "output"))
    found = await asyncio.to_thread(_picture, data, number)
    if found is None:
        raise NotFound("there is no such picture")
    return Response(found[1], media_type=found[0], headers=PICTURE)


@get(
    "/conversations/{conversation_id:str}/items/{item_id:str}/whole",
    include_in_schema=False,
    media_type=MediaType.HTML,
)
async def whole_item(
    request: HtmlRequest,
    conversation_id: FromPath[str],
    item_id: FromPath[str],
    parts: NamedDependency[Parts],
) -> Response[str]:
    """A message that is too long for its event, as the page would show it: takes its place, or is a page."""
    with parts.reader as db:
        item = _item(db, conversation_id, item_id)
        context = frame(parts, db, conversation=conversation_id)
    text = (await _whole(parts, _body(item, "text"))).decode("utf-8", "replace")
    drawn = Fragments(face(parts).site)  # not kept: it is big, and asked for once
    one = whole(item, text)
    await drawn.prepare([one])
    html = drawn.item(one)
    if by_htmx(request):
        return Response(html, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})
    way = face(parts).site.url(f"/conversations/{conversation_id}") + f"#i-{item_id}"
    return page(parts, "conversation/whole.html", **{**context, "stream": ""}, item=ours(html), way=way)


def _picture(data: bytes, number: int) -> tuple[str, bytes] | None:
    return pictures.content(data.decode("utf-8", "replace"), number)


def _item(db: apsw.Connection, conversation: str, item: str) -> Item:
    row = transcript.get(db, item)
    if row is None or row.conversation != conversation:
        raise NotFound("there is no such item; it may have been deleted")
    return transcript.load(db, [row])[0]


def _body(item: Item, part: str) -> Body:
    for event in (item.opened.event, item.finished.event if item.finished else None):
        match event:
            case ItemAdded(body=body) | MessageSteered(body=body) | TurnStarted(body=body) if part == "text":
                return body
            case ToolStarted(input=body) if part == "input":
                return body
            case ToolFinished(output=body) if part == "output":
                return body
    raise NotFound("there is no such content; it may have been removed")


async def _whole(parts: Parts, body: Body) -> bytes:
    try:
        return await asyncio.to_thread(parts.blobs.whole, body)
    except KeyError:
        raise NotFound("this content was removed") from None
