"""A client of the `/sync` WebSocket."""

import json
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.http.conftest import Served


class Client:
    """One socket; frames are taken apart into messages."""

    def __init__(self, served: Served, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token or served.token('read')}"}
        url = f"ws://127.0.0.1:{served.port}/gm/sync"
        self.socket: ClientConnection = connect(url, additional_headers=headers).__enter__()
        self.waiting: list[dict[str, Any]] = []
        self._served = served
        self.hello = self.until("sync_connected")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def next(self) -> dict[str, Any]:
        while not self.waiting:
            frame = json.loads(self.socket.recv(timeout=10))
            assert isinstance(frame, dict) or len(frame) > 1
            self.waiting = frame if isinstance(frame, list) else [frame]
        return self.waiting.pop(0)

    def until(self, kind: str) -> dict[str, Any]:
        while (message := self.next())["type"] != kind:
            pass
        return message

    def before(self, kind: str) -> list[dict[str, Any]]:
        """All messages up to one of a kind, that one too."""
        found = [self.next()]
        while found[-1]["type"] != kind:
            found.append(self.next())
        return found

    def all(self) -> list[dict[str, Any]]:
        """All that is told of what has happened so far: up to another conversation, that is made for this. (An answer
        may overtake what is told.)"""
        last, found = self._served.conversation(), [self.next()]
        while found[-1].get("conversation", {}).get("id") != last:
            found.append(self.next())
        return found[:-1]


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"] for message in messages]
