"""A dispatcher on a real log in a directory."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from agentguid import dispatch
from agentguid.append import read
from agentguid.append.api import Append, Receipt
from agentguid.append.blobs import Blobs
from agentguid.append.log import Log
from agentguid.dispatch import Dispatcher
from agentguid.project.all import INLINE
from agentguid.protocol import commands as c
from agentguid.protocol import events as e

STREAM = "conversation-c1"
CREATE = c.CreateConversation(
    conversation="c1", title="Work", agent="claude", cwd="/tmp/w", model="big", mode="plan"
)
PATIENCE = 30


class Bench:
    """A log in a directory, and a dispatcher on it; `restart` makes both anew."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.blobs = Blobs(directory / "blobs")
        self.start()

    def start(self, kind: type[Log] = Log) -> None:
        self.log = kind(self.directory / "agentguid.db", INLINE)
        self.log.open()
        self.db = self.log.reader()
        self.dispatch = Dispatcher(self.log, self.db, self.blobs)

    def stop(self) -> None:
        self.db.close()
        self.log.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    async def __call__(self, command: c.Command, **rest: Any) -> Receipt:
        return await asyncio.wait_for(self.dispatch(command, actor="user", **rest), PATIENCE)

    def events(self) -> list[e.Event]:
        return [recorded.event for recorded in read.events(self.db, 0, limit=10_000)]

    def append(self, *events: e.Event, expected: int) -> None:
        """Past the dispatcher, as another part of the program might."""
        self.log.submit(Append(STREAM, expected, events, 1, "import")).result(PATIENCE)


def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(work())


def lane(bench: Bench) -> dispatch.Lane:
    return bench.dispatch._lanes[STREAM]


async def flying(bench: Bench, count: int) -> None:
    """Returns when so many appends of the stream are on their way."""
    async with asyncio.timeout(PATIENCE):
        while STREAM not in bench.dispatch._lanes or lane(bench).flying < count:
            await asyncio.sleep(0.001)
