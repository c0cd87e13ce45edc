"""The log for programs: server-sent events or NDJSON, from a position on. Memory: one batch a reader, however slow."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Literal

import apsw
import msgspec
from msgspec import Struct

from agentguid.append import read
from agentguid.protocol import wire
from agentguid.protocol.events import Recorded
from agentguid.protocol.ids import stream_of
from agentguid.stream.feed import Feed
from agentguid.stream.live import LiveText, OpenItem

BATCH = 100
"""Events that are read at a time."""
BEAT = 15.0
"""Seconds of silence after which a comment shows that the connection lives."""

Format = Literal["sse", "ndjson"]


class Wanted(Struct, frozen=True):
    """What a reader asked for."""

    after: int
    conversation: str | None = None
    types: Sequence[str] = ()
    follow: bool = True
    live: bool = False
    """Live text as well; only of one conversation, and only as server-sent events."""

    @property
    def stream(self) -> str | None:
        return None if self.conversation is None else stream_of(self.conversation)


class Pieces:
    """What of the open items of a conversation one reader has not been sent yet."""

    def __init__(self, live: LiveText, conversation: str) -> None:
        self._live = live
        self._conversation = conversation
        self._sent: dict[str, int] = {}
        """Pieces sent, by open item."""

    def next(self) -> list[tuple[OpenItem, int, str]]:
        """Item, offset in characters and text of each item that has grown; the whole item the first time."""
        found, items = [], self._live.items(self._conversation)
        for item in items:
            done = self._sent.get(item.item, 0)
            if len(item.pieces) > done:
                found.append((item, item.offsets[done], "".join(item.pieces[done:])))
            self._sent[item.item] = len(item.pieces)
        if len(self._sent) > len(items):
            still = {item.item for item in items}
            self._sent = {name: count for name, count in self._sent.items() if name in still}
        return found


async def messages(
    db: apsw.Connection,
    feed: Feed,
    live: LiveText,
    wanted: Wanted,
    form: Format = "sse",
    *,
    beat: float = BEAT,
) -> AsyncIterator[bytes]:
    """Ready bytes. Durable messages have the position as their id, `caught-up` too; live ones have none.

    Who follows is told no more than the feed has said: what is read there has left the live text. Who does not gets
    all that is committed, so that a read model is never ahead of it.
    """
    after, told = wanted.after, False
    pieces = (
        Pieces(live, wanted.conversation) if wanted.live and wanted.conversation and form == "sse" else None
    )
    if form == "sse":
        yield b"retry: 1000\n\n"
    while True:
        grown, upto = feed.grown(wanted.stream), feed.position if wanted.follow else read.last(db)
        while not feed.closing.is_set() and (found := _next(db, wanted, after, upto)):
            after = found[-1].position
            yield b"".join(_event(one, form) for one in found)
            upto = max(upto, feed.position)
            await asyncio.sleep(0)  # others get their turn, also when this reader takes everything at once
        if feed.closing.is_set():
            break
        after = max(after, upto)
        if not told and (form == "sse" or wanted.follow):
            told = True
            yield _caught_up(after, form)
        if pieces and (fresh := pieces.next()):
            yield b"".join(_live(*one) for one in fresh)
        if feed.closing.is_set() or not wanted.follow:
            break
        if not await _grew(grown, beat) and form == "sse":
            yield b": beat\n\n"
    if form == "sse" and wanted.follow:
        yield b"event: bye\ndata: {}\n\n"


def _next(db: apsw.Connection, wanted: Wanted, after: int, upto: int) -> list[Recorded]:
    return read.events(db, after, upto=upto, stream=wanted.stream, types=wanted.types, limit=BATCH)


async def _grew(grown: asyncio.Event, patience: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            return await grown.wait()
    return False


def _event(recorded: Recorded, form: Format) -> bytes:
    data = wire.envelope(recorded)
    if form == "ndjson":
        return data + b"\n"
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (recorded.position, recorded.type.encode(), data)


def _caught_up(position: int, form: Format) -> bytes:
    if form == "ndjson":
        return b'{"type":"caught-up","after":%d}\n' % position
    return b'id: %d\nevent: caught-up\ndata: {"position":%d}\n\n' % (position, position)


def _live(item: OpenItem, offset: int, text: str) -> bytes:
    return b"event: live\ndata: " + msgspec.json.encode(piece(item, offset, text)) + b"\n\n"


def piece(item: OpenItem, offset: int, text: str) -> dict[str, str | int | None]:
    """Live text as the API shows it."""
    return {
        "item": item.item,
        "kind": item.kind,
        "turn": item.turn,
        "parent": item.parent,
        "title": item.title,
        "offset": offset,
        "text": text,
    }
