"""What belongs to one item, whole and as it is: its text, what a tool was given and answered, and pictures in it."""

import asyncio

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentguid.http.pages.blobs import HEADERS
from agentguid.http.parts import Parts
from agentguid.project import transcript
from agentguid.protocol.errors import NotFound
from agentguid.protocol.events import ItemAdded, ToolFinished, ToolStarted, TurnStarted
from agentguid.protocol.items import Body
from agentguid.render import pictures

AS_IT_IS = {**HEADERS, "Cache-Control": "private, no-cache"}
"""An item's content may change or be removed, so it is asked for again."""


PICTURE = {
    **AS_IT_IS,
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox",
}
"""Browsers lay out a picture that is looked at by itself with a style of their own."""


@get("/conversations/{conversation_id:str}/items/{item_id:str}/{part:str}", include_in_schema=False)
async def item_part(
    conversation_id: FromPath[str], item_id: FromPath[str], part: FromPath[str], parts: NamedDependency[Parts]
) -> Response[bytes]:
    """`text`, `input` or `output`, as plain text."""
    data = await _whole(parts, _body(parts, conversation_id, item_id, part))
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
    data = await _whole(parts, _body(parts, conversation_id, item_id, "output"))
    found = await asyncio.to_thread(_picture, data, number)
    if found is None:
        raise NotFound("there is no such picture")
    return Response(found[1], media_type=found[0], headers=PICTURE)


def _picture(data: bytes, number: int) -> tuple[str, bytes] | None:
    return pictures.content(data.decode("utf-8", "replace"), number)


def _body(parts: Parts, conversation: str, item: str, part: str) -> Body:
    with parts.reader as db:
        row = transcript.get(db, item)
        found = transcript.load(db, [row])[0] if row and row.conversation == conversation else None
    events = (found.opened.event, found.finished.event if found.finished else None) if found else ()
    for event in events:
        match event:
            case ItemAdded(body=body) | TurnStarted(body=body) if part == "text":
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
