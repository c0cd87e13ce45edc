"""Who is at the other end of a connection, told to the application by something that no client can send."""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

GRACE = 10.0
"""Seconds that a slow socket has to read what was sent before it was given up."""
PEER = "agentguid.peer"
"""Key in the ASGI scope."""


class Peer(NamedTuple):
    """The other end, as the kernel knows it."""

    uid: int | None
    """The user at the other end of our unix socket; None on TCP."""
    abort: Callable[[], None]
    """Cuts the connection at once: for a peer that does not read, whom no goodbye can reach."""


def peer_of(transport: asyncio.Transport) -> Peer:
    """Asks the kernel. A unix peer whose user it does not tell is taken for ours: the socket's mode is 0600."""
    own: socket.socket = transport.get_extra_info("socket")
    if own.family != socket.AF_UNIX:
        return Peer(None, transport.abort)
    if not hasattr(socket, "SO_PEERCRED"):
        return Peer(os.getuid(), transport.abort)
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", own.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return Peer(uid, transport.abort)


def _introduced(app: Any, peer: Peer) -> Any:
    async def introduced(scope: Any, receive: Any, send: Any) -> None:
        scope[PEER] = peer
        await app(scope, receive, send)

    return introduced


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's, with the peer in the scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = _introduced(self.app, peer_of(transport))


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, with the peer in the scope. `abort` says 1013 (try again later) first, to whoever reads on."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = peer_of(cast("asyncio.Transport", transport))
        self.app = _introduced(self.app, peer._replace(abort=self._give_up))

    def _give_up(self) -> None:
        if self.close_sent or self.transport.is_closing():
            self.transport.abort()
            return
        self.close_sent = True
        self.conn.send_close(1013, "too slow")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
        self.loop.call_later(GRACE, self.transport.abort)
