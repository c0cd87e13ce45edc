"""`BASE/sync`: the WebSocket, with the message types of AgentGUI."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from msgspec import Struct

from agentguid.entropy import new_id, now
from agentguid.http.api import shapes
from agentguid.http.parts import Parts
from agentguid.http.peers import PEER
from agentguid.http.sync_frames import Frames
from agentguid.project import conversations
from agentguid.stream.sync import SUBSCRIPTIONS, SyncReader

PATIENCE = 20.0
"""Seconds that a socket may take to accept a frame, before it is closed (1013)."""
FRAME = 256 * 1024
"""Bytes after which a frame is sent rather than made longer."""


class Said(Struct):
    """What a client may say; fields that its type does not use are passed over."""

    type: str
    session_id: str | None = msgspec.field(default=None, name="sessionId")
    conversation_id: str | None = msgspec.field(default=None, name="conversationId")
    request_id: str | int | float | None = msgspec.field(default=None, name="requestId")
    after: int | None = None
    live: bool = False


SILENT: frozenset[str] = frozenset(("latency_report", "set_voice"))
"""Taken note of by nobody yet."""
_decoder = msgspec.json.Decoder(Said)


@websocket("/sync")
async def sync(socket: WebSocket[Any, Any, Any], parts: NamedDependency[Parts]) -> None:
    """One socket, until it goes, is too slow, or the daemon stops."""
    await socket.accept()
    reader = SyncReader(parts.reader, parts.feed, parts.live)
    await reader.reply(_stamped("sync_connected", clientId=new_id(), position=reader.position))
    listening = asyncio.create_task(_listen(socket, parts, reader))
    telling = asyncio.create_task(_tell(socket, parts, reader))
    try:
        await asyncio.wait({listening, telling}, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            await _leave(socket, slow=telling.result())
    finally:
        reader.close()
        for task in (listening, telling):
            task.cancel()
        await asyncio.gather(listening, telling, return_exceptions=True)


async def _tell(socket: WebSocket[Any, Any, Any], parts: Parts, reader: SyncReader) -> bool:
    """Sends until the daemon stops; True when the socket did not take a frame in time."""
    frames = Frames(parts)
    async for outputs in reader.outputs():
        for frame in encoded(frames.messages(outputs)):
            try:
                async with asyncio.timeout(PATIENCE):
                    await socket.send_data(frame, "text")
            except TimeoutError:
                return True
    return False


async def _leave(socket: WebSocket[Any, Any, Any], *, slow: bool) -> None:
    """Says why; a slow socket is told past its queue (1013)."""
    if slow:
        socket.scope[PEER].abort()  # type: ignore[literal-required]
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await socket.close(1012, "the daemon stops")


async def _listen(socket: WebSocket[Any, Any, Any], parts: Parts, reader: SyncReader) -> None:
    """What the client says, until it goes."""
    while (message := await socket.receive())["type"] == "websocket.receive":
        if answer := heard(message, parts, reader):
            await reader.reply(answer)


def heard(message: Any, parts: Parts, reader: SyncReader) -> dict[str, Any] | None:
    """Does what a frame says; the answer, if there is one. A frame that says nothing sensible costs an `error`."""
    text = message.get("text")
    if text is None:
        return _stamped("error", error="frames must be JSON text")
    try:
        said = _decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError) as error:
        return _stamped("error", error=f"this frame is not understood: {str(error)[:200]}")
    match said.type:
        case "subscribe":
            return _subscribe(said, parts, reader)
        case "unsubscribe":
            for key in _keys(said):
                reader.unsubscribe(key)
            return None
        case "get_subscriptions":
            return _stamped("subscriptions", subscriptions=list(reader.subscriptions))
        case "ping":
            return _stamped("pong", requestId=said.request_id)
        case kind if kind in SILENT:
            return None
    return _stamped("error", error=f"there is no message type {said.type[:100]!r}")


def encoded(messages: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Frames: an object when it stands alone, an array of several."""
    waiting: list[bytes] = []
    size = 0
    for message in messages:
        data = msgspec.json.encode(message)
        if waiting and size + len(data) > FRAME:
            yield _frame(waiting)
            waiting, size = [], 0
        waiting.append(data)
        size += len(data)
    if waiting:
        yield _frame(waiting)


def _frame(messages: list[bytes]) -> str:
    return (messages[0] if len(messages) == 1 else b"[" + b",".join(messages) + b"]").decode()


def _subscribe(said: Said, parts: Parts, reader: SyncReader) -> dict[str, Any]:
    conversation, turn = said.conversation_id, said.session_id
    if not conversation and not turn:
        return _stamped("error", error="subscribe needs a conversationId or a sessionId")
    if len(reader.subscriptions) >= SUBSCRIPTIONS:
        return _stamped("error", error=f"a socket may have {SUBSCRIPTIONS} subscriptions")
    if said.after is not None and said.after < 0:
        return _stamped("error", error="after must not be negative")
    if conversation:
        row = conversations.get(parts.reader, conversation)
        if row is None or row.deleted:
            return _stamped("error", error=f"there is no conversation {conversation[:100]}")
        reader.subscribe("conv-" + conversation, conversation, None, said.after, said.live)
    if turn:
        reader.subscribe(turn, None, turn, said.after, said.live)
    return _stamped(
        "subscription_confirmed", sessionId=turn, conversationId=conversation, position=reader.position
    )


def _keys(said: Said) -> list[str]:
    conversation = ["conv-" + said.conversation_id] if said.conversation_id else []
    return conversation + ([said.session_id] if said.session_id else [])


def _stamped(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields, "timestamp": shapes.millis(now())}
