"""What every answer gets: security headers; and those that come in one piece: ETag and gzip."""

import asyncio
import hashlib
import zlib
from typing import Any

SECURITY = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        b"font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
SMALL = 1024
"""Bytes that are not worth compressing."""
LARGE = 128 * 1024
"""Bytes above which the event loop does not compress by itself."""
TEXT = (
    b"text/html",
    b"application/json",
    b"application/problem+json",
    b"text/plain",
    b"text/css",
    b"text/javascript",
)


class Headers:
    """ASGI middleware, outermost. Streams pass untouched but for their headers."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        if scope["method"] == "HEAD":
            scope, receive = {**scope, "method": "GET"}, answer.leaving(receive)
        await self._app(scope, receive, answer.send)


class _Answer:
    """Holds the start back until the first piece of the body says whether there will be more."""

    def __init__(self, scope: Any, send: Any) -> None:
        self._asked = {name.lower(): value for name, value in scope["headers"]}
        self._get = scope["method"] in ("GET", "HEAD")
        self._head = scope["method"] == "HEAD"
        self._begun = asyncio.Event()
        self._send = send
        self._start: dict[str, Any] | None = None

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._begun.is_set():
            return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        start, self._start = self._start, None
        headers = {name.lower(): value for name, value in start["headers"] if name.lower() != b"set-cookie"}
        cookies = [(name, value) for name, value in start["headers"] if name.lower() == b"set-cookie"]
        body = message.get("body", b"")
        if not message.get("more_body", False):
            start["status"], body = await self._whole(start["status"], headers, body)
        start["headers"] = [*{**SECURITY, **headers}.items(), *cookies]
        await self._send(start)
        if self._head:
            self._begun.set()
            message, body = {"type": "http.response.body"}, b""
        await self._send({**message, "body": body})

    def leaving(self, receive: Any) -> Any:
        """For HEAD: a client that goes away once it has the headers, so that streams end."""
        asked = False

        async def receive_or_leave() -> Any:
            nonlocal asked
            if not asked:
                asked = True
                return await receive()
            await self._begun.wait()
            return {"type": "http.disconnect"}

        return receive_or_leave

    async def _whole(self, status: int, headers: dict[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        kind = headers.get(b"content-type", b"").partition(b";")[0]
        if self._get and status == 200 and kind == b"application/json":
            status, body = self._tagged(headers, body)
        if len(body) < SMALL or kind not in TEXT or b"content-encoding" in headers:
            return status, body
        headers[b"vary"] = b"accept-encoding"
        if b"gzip" not in self._asked.get(b"accept-encoding", b""):
            return status, body
        body = await asyncio.to_thread(compress, body) if len(body) > LARGE else compress(body)
        headers[b"content-encoding"] = b"gzip"
        headers[b"content-length"] = str(len(body)).encode()
        return status, body

    def _tagged(self, headers: dict[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        """Clients that poll are told when nothing is new. The tag is of the content: status and liveness are in it,
        which no position in the log would tell."""
        tag = b'W/"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
        headers[b"etag"] = tag
        headers.setdefault(b"cache-control", b"private, no-cache")
        known = {
            one.strip().removeprefix(b"W/") for one in self._asked.get(b"if-none-match", b"").split(b",")
        }
        if tag.removeprefix(b"W/") not in known:
            return 200, body
        headers.pop(b"content-length", None)
        headers.pop(b"content-type", None)
        return 304, b""


def compress(body: bytes, level: int = 4) -> bytes:
    """gzip."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
