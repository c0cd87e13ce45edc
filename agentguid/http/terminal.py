"""`BASE/terminal/:id`: a terminal over a WebSocket. Binary frames are what is shown and what is typed; text frames are JSON.

In: `{"type":"resize","rows":R,"columns":C}`, `{"type":"close"}`. Out: `begin`, `exit`, `error`.
"""

import asyncio
import contextlib
from typing import Any

import msgspec
from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from agentguid.hosts.opened import Output, Terminal
from agentguid.hosts.shown import Begin, Exit
from agentguid.http.parts import Parts
from agentguid.http.peers import PEER
from agentguid.http.who import WHO, Who
from agentguid.protocol.errors import AgentFailed, NotFound

PATIENCE = 20.0
"""Seconds that a socket may take to accept a frame, before it is closed (1013)."""
Socket = WebSocket[Any, Any, Any]


class Said(Struct):
    """A text frame of a client."""

    type: str
    rows: int = 0
    columns: int = 0


_decoder = msgspec.json.Decoder(Said)


@websocket("/terminal/{terminal_id:str}")
async def terminal(socket: Socket, parts: NamedDependency[Parts], terminal_id: FromPath[str]) -> None:
    """One socket, until it goes, is too slow, the program ends or the daemon stops.

    `?at=&skip=` of a client that comes back: the `at` of the last `begin`, and the bytes that it had since.
    """
    await socket.accept()
    try:
        found = await parts.terminals.get(terminal_id)
    except NotFound as error:
        return await socket.close(4404, str(error))
    who: Who = socket.scope[WHO]  # type: ignore[literal-required]
    if not may(who, found):
        return await socket.close(
            4403, "a sign-in or an update is for the user only: it needs an admin token"
        )
    telling = asyncio.create_task(_tell(socket, found))
    listening = asyncio.create_task(_listen(socket, found))
    stopping = asyncio.create_task(parts.feed.closing.wait())
    tasks = (telling, listening, stopping)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if telling.done() and not telling.exception():
            await _leave(socket, "it has ended", slow=not telling.result())
        elif stopping.done():
            await _leave(socket, "the daemon stops", 1012)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None


def may(who: Who, terminal: Terminal) -> bool:
    """A terminal of the user's own is for whoever may set agents to work. What signs agents in, or changes programs, is not."""
    return who.may("write" if terminal.opened.kind == "shell" else "admin")


async def _leave(socket: Socket, why: str, code: int = 1000, *, slow: bool = False) -> None:
    """A slow socket is told past its queue (1013)."""
    if slow:
        socket.scope[PEER].abort()  # type: ignore[literal-required]
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await socket.close(code, why)


async def _tell(socket: Socket, terminal: Terminal) -> bool:
    """Sends until it has ended; False when the socket did not take a frame in time."""
    at, skip = (_number(socket, name) for name in ("at", "skip"))
    async with contextlib.aclosing(terminal.follow(at, skip or 0)) as outputs:
        async for output in outputs:
            try:
                async with asyncio.timeout(PATIENCE):
                    await _send(socket, output)
            except TimeoutError:
                return False
    return True


async def _send(socket: Socket, output: Output) -> None:
    match output:
        case bytes():
            await socket.send_data(output, "binary")
        case Begin(at=at, whole=whole):
            await _say(socket, "begin", at=at, whole=whole)
        case Exit(code=code, note=note):
            await _say(socket, "exit", code=code, note=note)


async def _say(socket: Socket, kind: str, **fields: Any) -> None:
    await socket.send_data(msgspec.json.encode({"type": kind, **fields}).decode(), "text")


async def _listen(socket: Socket, terminal: Terminal) -> None:
    """What the client types and says, until it goes."""
    while (message := await socket.receive())["type"] == "websocket.receive":
        try:
            error = await _heard(message, terminal)
        except AgentFailed as failed:
            error = "" if terminal.exit else str(failed)
        if error:
            await _say(socket, "error", error=error)


async def _heard(message: Any, terminal: Terminal) -> str:
    """Does what a frame says; why not, if so. Raises AgentFailed."""
    if typed := message.get("bytes"):
        taken = await terminal.write(typed)
        return "" if taken else "the program does not read what is typed; the rest was dropped"
    try:
        said = _decoder.decode(message.get("text") or "{}")
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError) as error:
        return f"this frame is not understood: {str(error)[:200]}"
    match said:
        case Said(type="resize", rows=rows, columns=columns) if rows > 0 and columns > 0:
            await terminal.resize(rows, columns)
        case Said(type="resize"):
            return "resize needs rows and columns, each 1 or more"
        case Said(type="close"):
            await terminal.close()
        case _:
            return f"there is no message type {said.type[:100]!r}"
    return ""


def _number(socket: Socket, name: str) -> int | None:
    text = socket.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
