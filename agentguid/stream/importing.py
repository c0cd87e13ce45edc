"""What the daemon knows of the histories of agents on this machine, and how far it is with taking them in. Memory only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct

Standing = Literal["new", "more", "here", "deleted"]
"""Not here yet; more has been done since; all of it is here; the user has deleted it here."""


class Found(Struct, frozen=True):
    """One session of an agent. Times are microseconds since the epoch."""

    source: str
    id: str
    path: str
    folder: str
    title: str
    size: int
    began: int
    changed: int
    standing: Standing
    conversation: str | None
    """Where it is, or will be."""
    name: str = ""
    """What its agent calls it, where the title is that."""
    unsure: bool = False
    """Most likely all of it is ours and here; whether it is shows when it is read."""
    again: int = 0
    """When there is more to tell of it although it has not changed: of a turn without an end."""

    @property
    def wanted(self) -> bool:
        """There is something to be taken in."""
        return self.standing in ("new", "more")

    @property
    def due(self) -> bool:
        """It is to be read by the next import."""
        return self.wanted or self.unsure


class Progress(Struct):
    running: bool = False
    request: str = ""
    """Empty: nobody asked, it is the watch for new sessions."""
    total: int = 0
    done: int = 0
    """Sessions, of `total`."""
    taken: int = 0
    """Sessions that had something new."""
    items: int = 0
    failed: int = 0
    waiting: int = 0
    """Sessions of conversations whose agent is at work: they are for later."""
    title: str = ""
    """Of the session at hand."""
    problems: list[str] = []
    """The first few sentences about what failed."""


async def _nothing() -> list[Found]:
    return []


async def _none() -> dict[str, int]:
    return {}


class Importing:
    """The importer tells here what it does; pages and the API read it."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.asked = asyncio.Event()
        """Something was asked for (`commands.RequestImport`)."""
        self.look: Callable[[], Awaitable[list[Found]]] = _nothing
        """Looks for sessions. Hundreds of files a second."""
        self.count: Callable[[], Awaitable[dict[str, int]]] = _none
        """How many sessions each agent has left here, without a look into them. A few milliseconds."""

    def begin(self, request: str) -> None:
        """This one is next. A running import goes on, and it follows that."""
        if not self.progress.running:
            self.progress = Progress(running=True, request=request)

    def wake(self) -> None:
        """The importer looks what was asked for."""
        self.asked.set()
