"""`/conversations/:id/full` and `/chunks`, `/sessions/…`: windows of the transcript, never more than a bounded part at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

import apsw
import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from agentguid.append import read
from agentguid.entropy import now
from agentguid.http.api import blocks, shapes
from agentguid.http.api.shapes import Chunk, Shape
from agentguid.http.parts import Parts
from agentguid.project import transcript, turns
from agentguid.project.conversations import Conversation
from agentguid.protocol import wire
from agentguid.protocol.errors import NotFound
from agentguid.protocol.ids import stream_of

SLICE = 200
"""Items that are read at a time."""
MOST = 1000
"""Chunks in one answer; `full` may have more, it is written as it is read."""


FAR = 1 << 53
"""As large a number as JSON takes everywhere."""


class RateLimit(Shape, frozen=True):
    """A limit that the conversation waits for, as the reference tells of it; `conversation.retry` says more."""

    retry_at: int
    cooldown_ms: int
    """From now on."""
    retry_count: int


class Full(Shape, frozen=True):
    conversation: shapes.Conversation
    is_actively_streaming: bool
    latest_session: shapes.Session | None
    chunks: list[Chunk]
    total_chunks: int
    messages: list[shapes.Message]
    """The newest."""
    rate_limit_info: RateLimit | None
    position: int
    """Of the log, as of this answer: follow from here."""


class Chunks(Shape, frozen=True):
    ok: bool
    chunks: list[Chunk]
    position: int
    """Of the log, as of this answer."""
    has_more: bool = False


class Latest(Shape, frozen=True):
    session: shapes.Session | None


class OneSession(Shape, frozen=True):
    session: shapes.Session
    events: list[msgspec.Raw]
    """The first events of the turn, as the log has them."""


class Execution(Shape, frozen=True):
    session_id: str
    status: str
    events: list[Chunk]
    total: int
    limit: int
    offset: int
    has_more: bool


def chunks_of(db: apsw.Connection, rows: list[transcript.Row]) -> list[Chunk]:
    return [blocks.chunk(item) for item in transcript.load(db, rows)]


@get(
    "/conversations/{conversation_id:str}/full",
    responses={200: ResponseSpec(Full, description="The newest window, or everything with allChunks=1.")},
)
async def full(
    parts: NamedDependency[Parts],
    conversation: NamedDependency[Conversation],
    chunk_limit: Annotated[int, QueryParameter(name="chunkLimit")] = 500,
    all_chunks: Annotated[bool, QueryParameter(name="allChunks")] = False,
) -> Stream:
    """A conversation whole: itself, its latest turn, its newest items and messages."""
    count = transcript.count(parts.reader, conversation.id)
    limit = count if all_chunks else max(1, min(chunk_limit, 5000))
    return Stream(_full(parts, conversation, max(0, count - limit), count), media_type="application/json")


def _limit(parts: Parts, conversation: Conversation) -> RateLimit | None:
    retry = shapes.retry(parts, conversation)
    if retry is None:
        return None
    return RateLimit(retry.at, max(0, retry.at - shapes.millis(now())), retry.attempt)


async def _full(parts: Parts, conversation: Conversation, after: int, count: int) -> AsyncIterator[bytes]:
    """The same bytes as encoding `Full` at once, in slices."""
    db, latest = parts.reader, turns.latest(parts.reader, conversation.id)
    recent = transcript.messages(db, conversation.id, 100, max(0, conversation.messages - 100))
    head = {
        "conversation": shapes.conversation(parts, conversation),
        "isActivelyStreaming": conversation.turn is not None,
        "latestSession": shapes.session(parts, latest) if latest else None,
        "totalChunks": count,
        "messages": [blocks.message(item) for item in transcript.load(db, recent)],
        "rateLimitInfo": _limit(parts, conversation),
        "position": parts.feed.position,
    }
    yield msgspec.json.encode(head)[:-1] + b',"chunks":['
    comma = b""
    while after < count and (rows := transcript.after(db, conversation.id, after, min(SLICE, count - after))):
        yield comma + b",".join(msgspec.json.encode(one) for one in chunks_of(db, rows))
        after, comma = rows[-1].sequence, b","
        await asyncio.sleep(0)
    yield b"]}"


@get("/conversations/{conversation_id:str}/chunks", sync_to_thread=False)
def list_chunks(
    parts: NamedDependency[Parts],
    conversation: NamedDependency[Conversation],
    since: FromQuery[int | None] = None,
    after: FromQuery[int | None] = None,
    before: FromQuery[int | None] = None,
    limit: FromQuery[int] = 100,
) -> Chunks:
    """Items: what changed after a log position (`after`), what was added after a time in ms (`since`), what stands
    before a sequence number (`before`), or the newest."""
    db, limit, position = parts.reader, max(1, min(limit, MOST)), parts.feed.position
    if after is not None:
        rows = transcript.touched(db, conversation.id, after, limit + 1)
    elif since is not None:
        rows = transcript.after(db, conversation.id, _sequence_at(db, conversation.id, since), limit + 1)
    elif before is not None:
        rows = transcript.before(db, conversation.id, before, limit + 1)[::-1]
    else:
        rows = transcript.newest(db, conversation.id, limit + 1)[::-1]
    shown = sorted(rows[:limit], key=lambda row: row.touched if after is not None else row.sequence)
    return Chunks(True, chunks_of(db, shown), position, len(rows) > limit)


@get("/conversations/{conversation_id:str}/sessions/latest", sync_to_thread=False)
def latest_session(parts: NamedDependency[Parts], conversation: NamedDependency[Conversation]) -> Latest:
    """The turn that runs, else the last one."""
    row = turns.latest(parts.reader, conversation.id)
    return Latest(shapes.session(parts, row) if row else None)


@get("/sessions/{session_id:str}", sync_to_thread=False)
def get_session(parts: NamedDependency[Parts], session_id: FromPath[str]) -> OneSession:
    """One turn."""
    row = _turn(parts, session_id)
    found = read.events(
        parts.reader, row.position - 1, upto=row.end_position, stream=stream_of(row.conversation), limit=SLICE
    )
    return OneSession(shapes.session(parts, row), [msgspec.Raw(wire.envelope(one)) for one in found])


@get("/sessions/{session_id:str}/chunks", sync_to_thread=False)
def session_chunks(
    parts: NamedDependency[Parts],
    session_id: FromPath[str],
    since_seq: Annotated[int, QueryParameter(name="sinceSeq")] = -1,
    since: FromQuery[int | None] = None,
    limit: FromQuery[int] = 500,
) -> Chunks:
    """The items of a turn that follow a sequence number, or a time in ms."""
    row, limit, position = _turn(parts, session_id), max(1, min(limit, MOST)), parts.feed.position
    start = (
        since_seq if since_seq >= 0 or since is None else _sequence_at(parts.reader, row.conversation, since)
    )
    rows = transcript.by_turn(parts.reader, row.id, start, limit + 1)
    return Chunks(True, chunks_of(parts.reader, rows[:limit]), position, len(rows) > limit)


@get("/sessions/{session_id:str}/execution")
async def execution(
    parts: NamedDependency[Parts],
    session_id: FromPath[str],
    limit: FromQuery[int] = 100,
    offset: FromQuery[int] = 0,
    filter_type: Annotated[str | None, QueryParameter(name="filterType")] = None,
) -> Execution:
    """What happened in a turn, by page; `filterType` is a kind of item (tool, message, thought, …)."""
    row, limit, offset = _turn(parts, session_id), max(1, min(limit, MOST)), max(0, min(offset, FAR))
    status = shapes.session(parts, row).status
    total, shown = await asyncio.to_thread(_page, parts, row.id, filter_type, offset, limit)
    return Execution(row.id, status, shown, total, limit, offset, offset + len(shown) < total)


def _page(parts: Parts, turn: str, kind: str | None, offset: int, limit: int) -> tuple[int, list[Chunk]]:
    with contextlib.closing(parts.log.reader()) as db:
        total, rows = transcript.page_of_turn(db, turn, kind, offset, limit)
        return total, chunks_of(db, rows)


def _turn(parts: Parts, session: str) -> turns.Turn:
    row = turns.get(parts.reader, session)
    if row is None:
        raise NotFound(f"there is no session {session}")
    return row


def _sequence_at(db: apsw.Connection, conversation: str, since: int) -> int:
    """The number of the last item that was there at a time (ms): found by halves, since numbers grow with time."""
    low, high = 0, transcript.count(db, conversation)
    while low < high:
        middle = (low + high + 1) // 2
        rows: list[Any] = transcript.after(db, conversation, middle - 1, 1)
        if not rows or transcript.load(db, rows)[0].at > since * 1000:
            high = middle - 1
        else:
            low = middle
    return low
