"""A client of `BASE/terminal/:id`, over the daemon's unix socket."""

import json
import os
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import unix_connect

from agentguid.hosts import kin
from tests.support.daemon import PATIENCE, Daemon


def runs(daemon: Daemon, id: str) -> kin.Kin:
    """What lives of all that was started in a terminal."""
    return kin.descendants(0, [str(daemon.root / "run" / "terminals" / "tapes" / id)])


class TerminalSocket:
    """What was shown, what was said, and the place to come back to."""

    def __init__(self, daemon: Daemon, id: str, resume: tuple[int, int] | None = None) -> None:
        at, since = resume or (0, 0)
        query = f"?at={at}&skip={since}" if resume else ""
        folder = os.open(daemon.socket.parent, os.O_PATH)
        try:
            self.socket = unix_connect(
                f"/proc/self/fd/{folder}/{daemon.socket.name}",
                f"ws://localhost{daemon.prefix}/terminal/{id}{query}",
                compression=None,
                max_size=1 << 24,
                max_queue=1,  # what is not read here stays with the daemon
                close_timeout=0.5,  # who has not read everything would wait for an answer that is behind that
            ).__enter__()
        finally:
            os.close(folder)
        self.shown = bytearray()
        self.said: list[dict[str, Any]] = []
        self.at, self.since = at, since
        self.code: int | None = None
        """WebSocket close code."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def read(self) -> bool:
        """One frame; False at the end."""
        try:
            frame = self.socket.recv(timeout=PATIENCE)
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else None
            return False
        if isinstance(frame, bytes):
            self.shown += frame
            self.since += len(frame)
            return True
        said = json.loads(frame)
        self.said.append(said)
        if said["type"] == "begin" and said["at"] != self.at:
            self.at, self.since = said["at"], 0
        return True

    @property
    def place(self) -> tuple[int, int]:
        """To come back to."""
        return self.at, self.since

    def until(self, text: bytes) -> bytearray:
        while text not in self.shown:
            assert self.read(), f"{text!r} never came: {self.shown[-2000:]!r} {self.said}"
        return self.shown

    def exit(self) -> Any:
        """What was said of its end."""
        while self.read():
            pass
        return next((said for said in self.said if said["type"] == "exit"), None)

    def type(self, data: bytes) -> None:
        self.socket.send(data)

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))
