"""The daemon's end of one terminal: what it shows, to as many readers as there are; what is typed; its size; its end."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from agentguid.hosts import shown
from agentguid.hosts.link import Link
from agentguid.hosts.shown import Begin, Exit, Shown
from agentguid.hosts.terminal import LARGEST_SIDE, SEGMENT
from agentguid.protocol.errors import AgentFailed

GRACE = 2.0
"""Seconds between SIGHUP and SIGKILL."""
KEPT, KEPT_SECRET = 900.0, 60.0
"""Seconds for which the last words of an ended terminal can be read. Those of a secret one only until somebody has."""
WAITING = 10.0
"""Seconds for which input waits for a program that does not read."""
PIECE = 64 << 10
"""Bytes that are typed at once, and after which a reader is told his place."""

Kind = Literal["shell", "login", "update"]
Output = bytes | Begin | Exit


class Opened(Struct, frozen=True):
    """What a terminal was opened for. Lies beside its tape."""

    id: str
    kind: Kind
    argv: list[str]
    cwd: str
    about: str = ""
    """The agent, or whatever else it is for."""
    at: int = 0
    """Microseconds since the epoch."""

    @property
    def secret(self) -> bool:
        """What it shows may be a credential."""
        return self.kind == "login"


class Terminal:
    """Alive while `exit` is None."""

    def __init__(self, opened: Opened, folder: Path, link: Link | None) -> None:
        self.opened = opened
        self.exit: Exit | None = None
        self.link = link
        self._folder = folder
        self._readers: set[Shown] = set()
        self._grown = asyncio.Event()
        self._unwanted = asyncio.Event()

    @property
    def id(self) -> str:
        return self.opened.id

    @property
    def pid(self) -> int | None:
        return self.link.child_pid if self.link else None

    async def follow(self, at: int | None = None, skip: int = 0) -> AsyncGenerator[Output, None]:
        """Where it begins, then what is shown, then the exit.

        `at` and `skip`: a `Begin.at` and the bytes had since, of a reader who comes back. The program goes as fast as the
        fastest reader; one who falls behind what is kept gets another `Begin`, that is not `whole`.
        """
        begin = await asyncio.to_thread(shown.resumed, self._folder, at) if at is not None else None
        while True:
            if begin is None:
                begin, skip = await asyncio.to_thread(shown.last_words, self._folder), 0
            yield begin
            reader = Shown(self._folder, begin, skip)
            self._readers.add(reader)
            finished = False
            try:
                async for output in self._steps(reader):
                    yield output
                    finished = isinstance(output, Exit)
            finally:
                self._leave(reader, finished)
            if finished:
                return
            begin = None

    async def _steps(self, reader: Shown) -> AsyncGenerator[Output, None]:
        """Ends after an Exit, or when what comes next is no longer there."""
        marked = reader.offset
        while True:
            grown, ended = self._grown, self.exit
            if data := reader.take():
                yield data
                if reader.offset - marked >= PIECE:
                    marked = reader.offset
                    yield Begin(marked)
                self._acknowledge()
            elif not reader.exit and reader.lost() and not (ended and reader.gone()):
                return
            elif end := reader.exit or ended:
                yield end
                return
            else:
                await grown.wait()

    def _leave(self, reader: Shown, finished: bool) -> None:
        self._readers.discard(reader)
        self._acknowledge()
        if finished and self.opened.secret and not self._readers:
            self._unwanted.set()

    async def last_words(self) -> bytes:
        """What was shown last, as far as it is kept."""
        return await asyncio.to_thread(shown.words, self._folder)

    async def write(self, data: bytes) -> bool:
        """Types. Waits a while for a program that does not read; False: not all was taken. Raises AgentFailed."""
        for place in range(0, len(data), PIECE):
            begun = time.monotonic()
            while await self._living().send("typed", data[place : place + PIECE]) == "refused":
                if self.exit or time.monotonic() - begun > WAITING:
                    return False
                await asyncio.sleep(0.05)
        return True

    async def resize(self, rows: int, columns: int) -> None:
        """Raises AgentFailed."""
        await self._living().resize(*sides(rows, columns))

    async def close(self) -> None:
        """Ends the program and all that it started. Raises AgentFailed."""
        if self.link and not self.exit:
            await self.link.end(GRACE)

    def _living(self) -> Link:
        if self.link is None or self.exit:
            raise AgentFailed("This terminal has ended.")
        return self.link

    # -- below: for `Terminals` ----------------------------------------------------------------------------------------
    async def run(self) -> bool:
        """Until it has ended (True), or its host cannot be heard any longer."""
        trimmed = 0
        while self.link and self.link.alive and not self.link.exited:
            link = self.link
            link.grown.clear()
            self._acknowledge()
            self._wake()
            if link.tape_end - trimmed > SEGMENT:
                trimmed = link.tape_end
                await asyncio.to_thread(shown.trim, self._folder)
            await link.grown.wait()
        return self.link is not None and self.link.exited

    async def end(self) -> Exit:
        """It has ended: says so to its readers, and the host may go."""
        self.exit = await asyncio.to_thread(shown.exited, self._folder) or Exit(None, "its host is gone")
        if self.link and self.link.alive:
            self.link.acknowledge(self.link.tape_end)
        self._wake()
        return self.exit

    async def wanted(self) -> None:
        """Until its last words need not be kept any longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KEPT_SECRET if self.opened.secret else KEPT):
                await self._unwanted.wait()

    def drop(self) -> None:
        """Its last words are not wanted: there are newer ones."""
        self._unwanted.set()

    async def forget(self) -> None:
        """Deletes its tape."""
        await self.let_go()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def let_go(self) -> None:
        """Leaves it to itself."""
        if self.link:
            await self.link.close()

    def _wake(self) -> None:
        before, self._grown = self._grown, asyncio.Event()
        before.set()

    def _acknowledge(self) -> None:
        if self.link and self.link.alive:
            read = max((reader.offset for reader in self._readers), default=self.link.tape_end)
            self.link.acknowledge(read)


def sides(rows: int, columns: int) -> tuple[int, int]:
    """A size that a terminal can have."""
    return max(1, min(rows, LARGEST_SIDE)), max(1, min(columns, LARGEST_SIDE))
