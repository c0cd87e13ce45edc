"""One connection to a host, seen from the host. Stdlib only."""

import socket
from collections.abc import Iterator

from agentguid.hosts.frames import HELLO, LARGEST, SMALL, FrameError, Frames

UNREAD = 64 << 10
"""Bytes of answers that may wait; until they are fewer nothing is read from this client."""


class Client:
    """Buffers both ways are bounded: a client that does not read is not read from."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.fd = sock.fileno()
        self.greeted = False
        self.acknowledged = 0
        self.syncs = 0
        """SYNCs that wait for their answer."""
        self.told = (0, 0)
        """The last poke: end of the tape, state."""
        self._frames = Frames(SMALL)
        self._out = bytearray()

    @property
    def drained(self) -> bool:
        return not self._out

    @property
    def behind(self) -> bool:
        return len(self._out) > UNREAD

    def read(self) -> Iterator[tuple[int, bytes]]:
        """Reads once. Raises EOFError at the end, OSError, FrameError; before HELLO nothing else is heard."""
        try:
            data = self.sock.recv(256 << 10)
        except BlockingIOError:
            return
        if not data:
            raise EOFError
        for kind, payload in self._frames.feed(data):
            if self.greeted == (kind == HELLO):
                raise FrameError("HELLO comes first, and once")
            self.greeted = True
            self._frames.limit = LARGEST
            yield kind, payload

    def send(self, data: bytes = b"") -> None:
        """Writes what the socket takes, keeps the rest. Raises OSError when the client is gone."""
        self._out += data
        try:
            while self._out:
                del self._out[: self.sock.send(self._out)]
        except BlockingIOError:
            return

    def close(self) -> None:
        self.sock.close()
