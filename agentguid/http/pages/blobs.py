"""Big payloads, whole: shown as text that can do nothing, or as one of a few kinds of picture."""

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from agentguid.http.pages.common import HtmlRequest
from agentguid.http.parts import Parts
from agentguid.protocol.errors import NotFound

PICTURES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
PIECE = 256 * 1024
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
}
PICTURE = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox",
}
"""Browsers lay out a picture that is looked at by itself with a style of their own."""


@get("/blobs/{digest:str}", include_in_schema=False)
async def blob(request: HtmlRequest, digest: FromPath[str], parts: NamedDependency[Parts]) -> Stream:
    """A payload by its digest. `?as=` may name a kind of picture; everything else is plain text."""
    try:
        file = await asyncio.to_thread(parts.blobs.open, digest)
    except KeyError:
        raise NotFound("there is no such content; it may have been removed") from None
    kind = request.query_params.get("as", "")
    media = kind if kind in PICTURES else "text/plain"
    return Stream(_pieces(file), media_type=media, headers=PICTURE if kind in PICTURES else HEADERS)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
