"""HTTP over a unix socket."""

import os
import socket
from http.client import HTTPConnection
from pathlib import Path

SHORT = 100
"""Bytes of a socket path that every system takes (sun_path is 104 to 108)."""


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        if len(os.fsencode(self._path)) <= SHORT:
            self.sock.connect(os.fspath(self._path))
        else:
            _connect_from_within(self.sock, self._path)


def _connect_from_within(sock: socket.socket, path: Path) -> None:
    """Connects by the file's bare name from inside its directory: the way to a path that is too long."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)
        sock.connect(path.name)
    finally:
        os.fchdir(here)
        os.close(here)
