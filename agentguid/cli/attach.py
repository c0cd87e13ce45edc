"""A terminal of the daemon, on the user's own: bytes both ways, its size, until the program ends or the user leaves."""

import json
import re
import sys
import time
from typing import Any, Literal, NamedTuple

from agentguid.cli.client import PATIENCE, Client, part
from agentguid.cli.errors import USAGE, CliError, Unreachable
from agentguid.cli.raw import LEAVE, Raw
from agentguid.cli.websocket import WebSocket

AGAIN = 0.3
"""Seconds between two tries to come back."""
STEERS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
KEPT = 64 << 10
"""Bytes of the last words that are looked through for what a sign-in prints."""
UNSENT = 64 << 10
"""Bytes that wait for the daemon; until they are fewer nothing is read from the keyboard."""


class Outcome(NamedTuple):
    """How it went."""

    how: Literal["ended", "left", "lost"]
    """left: by Ctrl+]. lost: the terminal is not there any longer."""
    code: int | None = None
    """Minus the signal; None when nobody knows."""
    note: str = ""
    words: bytes = b""
    """The last that was shown."""
    columns: int = 80


def terminal() -> bool:
    """Whether somebody sits here who can type."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def needed(what: str) -> None:
    """Raises CliError without a terminal."""
    if not terminal():
        raise CliError(f"{what} asks its questions on a terminal: run this in one (over ssh: ssh -t)", USAGE)


class Attached:
    """One terminal of the daemon, found again when the daemon is restarted."""

    def __init__(self, client: Client, id: str, raw: Raw) -> None:  # noqa: A002
        self._client, self._id, self._raw = client, id, raw
        self._at: int | None = None
        self._since = 0
        self._told: tuple[int, int] = (0, 0)
        self._exit: dict[str, Any] | None = None
        self._words = bytearray()

    def run(self) -> Outcome:
        socket: WebSocket | None = self._open()
        while True:
            if socket is None and (socket := self._again()) is None:
                return self._outcome("left")
            how = self._serve(socket)
            socket.close()
            if how == "cut":
                socket = None
                continue
            return self._outcome(how)

    def _outcome(self, how: Literal["ended", "left", "lost"]) -> Outcome:
        code, note = (self._exit or {}).get("code"), (self._exit or {}).get("note", "")
        return Outcome(how, code, note, bytes(self._words), self._told[1] or 80)

    def _open(self) -> WebSocket:
        place = "" if self._at is None else f"?at={self._at}&skip={self._since}"
        self._told = (0, 0)
        return WebSocket(self._client, f"/terminal/{part(self._id)}{place}")

    def _again(self) -> WebSocket | None:
        """Comes back. None: the user has had enough. Raises Unreachable in the end."""
        self._raw.note("the daemon does not answer; trying again")
        deadline = time.monotonic() + PATIENCE
        while True:
            if self._raw.wait(AGAIN, [self._raw.keys], []) and _leaves(typed := self._raw.typed()) | (
                not typed
            ):
                return None
            try:
                socket = self._open()
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
            else:
                self._raw.note("it answers again")
                return socket

    def _serve(self, socket: WebSocket) -> Literal["ended", "left", "lost", "cut"]:
        for message in socket.early():
            self._hear(message)
        while not socket.closed:
            self._resize(socket)
            readers = [socket.fileno(), *([self._raw.keys] if socket.unsent < UNSENT else [])]
            ready = self._raw.wait(None, readers, [socket.fileno()] if socket.unsent else [])
            if self._raw.keys in ready and not self._type(socket):
                return "left"
            if socket.fileno() in ready:
                socket.flush()
                for message in socket.read():
                    self._hear(message)
        if self._exit:
            return "ended"
        if socket.closed == 4404:
            return "lost"
        if socket.closed in (4401, 4403):
            raise CliError("this terminal is not for you to see: it needs an admin token", 77)
        return "cut"

    def _type(self, socket: WebSocket) -> bool:
        """False: the user leaves."""
        typed = self._raw.typed()
        if not typed or _leaves(typed):
            return False
        socket.send(typed)
        return True

    def _resize(self, socket: WebSocket) -> None:
        if (size := self._raw.size()) != self._told:
            self._told = size
            socket.send(json.dumps({"type": "resize", "rows": size[0], "columns": size[1]}))

    def _hear(self, message: bytes | str) -> None:
        if isinstance(message, bytes):
            self._since += len(message)
            self._words = (self._words + message)[-KEPT:]
            self._raw.show(message)
            return
        said = json.loads(message)
        if said["type"] == "begin":
            if self._at is not None and not said["whole"]:
                self._raw.clear()
            if said["at"] != self._at:  # else it goes on where it was cut
                self._at, self._since = said["at"], 0
        elif said["type"] == "exit":
            self._exit = said
        elif said["type"] == "error":
            self._raw.note(str(said.get("error")))


def _leaves(typed: bytes) -> bool:
    return any(key in typed for key in LEAVE)


def attach(client: Client, id: str) -> Outcome:  # noqa: A002
    """Lends the user's terminal until the program has ended or the user leaves. `needed` first."""
    client.close()  # it may take long, and the daemon be another one after it
    with Raw() as raw:
        return Attached(client.another(), id, raw).run()


def watch(client: Client, id: str) -> Outcome:  # noqa: A002
    """The same for who has no terminal: shows, and types nothing."""
    client.close()
    socket = WebSocket(client.another(), f"/terminal/{part(id)}")
    words, exit_ = bytearray(), {}
    messages = socket.early()
    while True:
        for message in messages:
            if isinstance(message, bytes):
                words = (words + message)[-KEPT:]
                sys.stderr.buffer.write(message if sys.stderr.isatty() else plain(message))
                sys.stderr.buffer.flush()
            elif (said := json.loads(message))["type"] == "exit":
                exit_ = said
        if socket.closed:
            break
        _readable(socket)
        messages = socket.read()
    socket.close()
    if not exit_:
        raise Unreachable("the daemon went away; what was begun goes on")
    return Outcome("ended", exit_.get("code"), exit_.get("note", ""), bytes(words))


def plain(data: bytes) -> bytes:
    """Without what steers a terminal."""
    return STEERS.sub(b"", data).replace(b"\r\n", b"\n")


def _readable(socket: WebSocket) -> None:
    import select

    select.select([socket.fileno()], [], [])
