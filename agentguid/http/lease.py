"""Ends what a credential has open when it stops to hold: streams and sockets do not outlive a revocation."""

import asyncio
import contextlib
from types import TracebackType
from typing import Any, Self

from agentguid.entropy import now
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.project import credentials

GOODBYE = 0.2
"""Seconds for a last message to a reader that may not read."""


class Lease:
    """Stands between one request and the server. When the credential ends, the application is told that the client
    has gone, and the client that the answer has ended (WebSocket: close 4401)."""

    def __init__(self, who: Who, parts: Parts, scope: Any, receive: Any, send: Any) -> None:
        self._who = who
        self._parts = parts
        self._socket = scope["type"] == "websocket"
        self._receive = receive
        self._send = send
        self._read = False
        """The request is here whole: what the application waits for now is the end."""
        self._open = False
        """The answer has begun and is not finished."""
        self._over: asyncio.Task[None] | None = None
        self._message: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        over, self._over = self._over, None
        ended = over is not None and over.done() and not over.cancelled()
        for task in (over, self._message):
            if task and not task.done():
                task.cancel()
        if ended and self._open and kind is None:
            with contextlib.suppress(TimeoutError, OSError, RuntimeError):
                async with asyncio.timeout(GOODBYE):
                    await self._send(self._last())

    async def receive(self) -> Any:
        """The next message of the client, or its going away when the credential has ended."""
        if not (self._socket or self._read):
            message = await self._receive()
            self._read = not message.get("more_body", False)
            return message
        self._over = self._over or asyncio.create_task(self._ended())
        self._message = self._message or asyncio.create_task(self._receive())
        await asyncio.wait({self._over, self._message}, return_when=asyncio.FIRST_COMPLETED)
        if self._message.done():
            message, self._message = self._message.result(), None
            return message
        return {"type": "websocket.disconnect", "code": 4401} if self._socket else {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Passes a message on, and remembers whether the answer is finished."""
        kind = message["type"]
        if kind in ("http.response.start", "websocket.accept"):
            self._open = True
        elif kind == "websocket.close" or (
            kind == "http.response.body" and not message.get("more_body", False)
        ):
            self._open = False
        await self._send(message)

    def _last(self) -> dict[str, Any]:
        if self._socket:
            return {"type": "websocket.close", "code": 4401, "reason": "signed out"}
        return {"type": "http.response.body", "body": b"", "more_body": False}

    async def _ended(self) -> None:
        """Returns when the credential is revoked or has expired."""
        stream, expires = self._who.stream, self._who.expires
        while True:
            grown = self._parts.feed.grown(stream)
            if self._revoked():
                return
            left = None if expires is None else (expires - now()) / 1e6
            if left is not None and left <= 0:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await grown.wait()

    def _revoked(self) -> bool:
        if self._who.kind == "socket":
            return False
        row = credentials.get(self._parts.reader, self._who.kind, self._who.id)
        return row is None or row.revoked
