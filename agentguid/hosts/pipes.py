"""A host's ends of the child's pipes. Stdlib only."""

import os

from agentguid.hosts.tape import CONTINUES

PIECE = 1 << 20
"""Bytes of an unfinished line that a host keeps; more of it goes on the tape in pieces."""
READ = 256 << 10
UNREAD = 64 << 20
"""Bytes of input that may wait for the child."""


class Outlet:
    """stdout or stderr: cut into records at the ends of lines."""

    def __init__(self, fd: int, direction: int) -> None:
        self.fd = fd
        self.direction = direction
        self.held: tuple[bytes, int] | None = None
        """Payload and flags of a record that is to be written before more is read."""
        self._rest = bytearray()

    def read(self) -> None:
        """Reads once; sets `held` when there is a record, closes itself at the end."""
        try:
            data = os.read(self.fd, READ)
        except BlockingIOError:
            return
        cut = data.rfind(b"\n") + 1
        if not data:
            self.close()
        elif cut:
            self.held = (bytes(self._rest) + data[:cut], 0)
            self._rest = bytearray(data[cut:])
        else:
            self._rest += data
            if len(self._rest) > PIECE:
                self.held = (bytes(self._rest), CONTINUES)
                self._rest = bytearray()

    def close(self) -> None:
        """What has no line end is held as it is."""
        os.close(self.fd)
        self.fd = -1
        if self._rest:
            self.held = (bytes(self._rest), 0)
            self._rest = bytearray()


class Inlet:
    """stdin: a bounded queue of bytes that are on the tape already."""

    def __init__(self, fd: int, limit: int = UNREAD) -> None:
        self.fd = fd
        self.limit = limit
        self.closing = False
        self._queue = bytearray()

    @property
    def waiting(self) -> bool:
        return bool(self._queue)

    def refuses(self, data: bytes) -> str:
        """Why these bytes are not taken, if so."""
        if self.fd < 0 or self.closing:
            return "the agent's input is closed"
        if self._queue and len(self._queue) + len(data) > self.limit:
            return f"the agent has not read the {len(self._queue)} bytes that were sent to it before"
        return ""

    def put(self, data: bytes) -> None:
        self._queue += data
        self.write()

    def write(self) -> None:
        """Writes what the pipe takes; closes when the child closed its end, or all is written and it is to close."""
        try:
            while self._queue and self.fd >= 0:
                del self._queue[: os.write(self.fd, self._queue)]
        except BlockingIOError:
            return
        except OSError:
            self.close()
        if self.closing:
            self.close()

    def close(self) -> None:
        self._queue.clear()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
