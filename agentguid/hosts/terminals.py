"""The terminals that the daemon has opened: each under a host, found again after a restart, and gone soon after its end.

A terminal is not in the log. What it shows lies on a short tape in the runtime directory, and is deleted with it.
"""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from agentguid.entropy import new_id, now
from agentguid.hosts import orphans
from agentguid.hosts.link import Link, Spec, held
from agentguid.hosts.opened import Kind, Opened, Terminal, sides
from agentguid.paths import Places
from agentguid.protocol.errors import AgentFailed, NotFound, Refused

log = logging.getLogger(__name__)

LIMIT = 16
"""Terminals that run at the same time; as many ended ones are remembered."""
AHEAD = 4 << 20
"""Bytes that a program may show while there is no daemon; then it waits."""
SIZE = (24, 80)
"""Rows and columns where nobody says any."""
_ABOUT = "terminal.json"


class Terminals:
    """All of them. `find` once, when the daemon starts; what else is asked waits for that."""

    def __init__(self, places: Places, on_end: Callable[[Opened], None] = lambda _: None) -> None:
        self.on_end = on_end
        """Called in the loop when one has ended."""
        self._places = places.terminals
        self._terminals: dict[str, Terminal] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._opening = 0
        self._found = asyncio.Event()

    async def all(self) -> list[Terminal]:
        """Those that run and those that ended a short while ago, newest first."""
        await self._found.wait()
        return sorted(self._terminals.values(), key=lambda one: -one.opened.at)

    async def get(self, id: str) -> Terminal:  # noqa: A002 - as it is called everywhere
        """Raises NotFound."""
        await self._found.wait()
        if terminal := self._terminals.get(id):
            return terminal
        raise NotFound("there is no such terminal, or no longer")

    async def of(self, kind: Kind, about: str) -> Terminal | None:
        """The one that runs for this."""
        living = (one for one in await self.all() if not one.exit)
        return next((one for one in living if (one.opened.kind, one.opened.about) == (kind, about)), None)

    async def open(
        self,
        opened: Opened,
        environ: Mapping[str, str],
        size: tuple[int, int] = SIZE,
    ) -> Terminal:
        """Starts a program on a terminal of its own. `size`: rows, columns. Raises Refused when there are too many,
        AgentFailed when no host can be started. A program that cannot be run is an `Exit` with a note."""
        await self._found.wait()
        alive = sum(not one.exit for one in self._terminals.values()) + self._opening
        if alive >= LIMIT:
            raise Refused(f"{alive} terminals are open; end one of them first")
        self._opening += 1
        try:
            terminal = await self._open(opened, environ, size)
        finally:
            self._opening -= 1
        self._keep(terminal)
        what = f"{opened.kind} {opened.about}".strip()
        log.info("opened a terminal: %s", what, extra={"terminal": opened.id})
        return terminal

    async def _open(self, opened: Opened, environ: Mapping[str, str], size: tuple[int, int]) -> Terminal:
        folder = self._places.tapes / opened.id
        environ = {**environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        spec = Spec(opened.id, opened.argv, opened.cwd, environ, AHEAD, sides(*size))
        await asyncio.to_thread(_write, folder, opened)
        try:
            link = await Link.spawn(self._places, spec)
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            raise
        return Terminal(opened, folder, link)

    async def end_all(self) -> int:
        """Ends all that run; how many there were."""
        living = [one for one in await self.all() if not one.exit]
        await asyncio.gather(*(one.close() for one in living), return_exceptions=True)
        return len(living)

    async def run(self) -> None:
        """Takes up what an earlier daemon has opened; on cancellation leaves all to the next one."""
        try:
            await self._find()
            await asyncio.Event().wait()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await asyncio.gather(*(one.let_go() for one in self._terminals.values()))

    async def _find(self) -> None:
        try:
            for folder in await asyncio.to_thread(_folders, self._places.tapes):
                opened = await asyncio.to_thread(_read, folder)
                if opened is None and not held(self._places, folder.name):
                    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                elif opened is not None:
                    self._keep(Terminal(opened, folder, await self._connect(folder.name)))
        finally:
            self._found.set()

    async def _connect(self, host: str) -> Link | None:
        """None: it does not live, and nothing is left of it."""
        try:
            link = await Link.connect(self._places, host)
        except AgentFailed as error:
            log.warning("a terminal is ended: %s", error, extra={"terminal": host})
            with contextlib.suppress(OSError):  # it belongs to somebody else by now
                await orphans.kill(self._places, host)
            return None
        if link is None:
            await orphans.reap(self._places, host)
        return link

    def _keep(self, terminal: Terminal) -> None:
        self._terminals[terminal.id] = terminal
        self._tasks[terminal.id] = asyncio.create_task(self._watch(terminal), name=f"terminal {terminal.id}")

    async def _watch(self, terminal: Terminal) -> None:
        """From its beginning until nothing is left of it."""
        while terminal.link and not await terminal.run():
            await terminal.let_go()
            terminal.link = await self._connect(terminal.id)
        ended = await terminal.end()
        log.info("a terminal ended with %s", ended.code, extra={"terminal": terminal.id})
        self.on_end(terminal.opened)
        self._drop_old()
        await terminal.wanted()
        await terminal.forget()
        del self._terminals[terminal.id], self._tasks[terminal.id]

    def _drop_old(self) -> None:
        ended = sorted((one for one in self._terminals.values() if one.exit), key=lambda one: -one.opened.at)
        for one in ended[LIMIT:]:
            one.drop()


def opened(kind: Kind, argv: list[str], cwd: str, about: str = "") -> Opened:
    """One that is about to be opened."""
    return Opened(new_id(), kind, argv, cwd, about, now())


def _folders(root: Path) -> list[Path]:
    return [folder for folder in root.iterdir() if folder.is_dir()] if root.is_dir() else []


def _write(folder: Path, opened: Opened) -> None:
    folder.mkdir(mode=0o700, parents=True)
    (folder / _ABOUT).write_bytes(msgspec.json.encode(opened))


def _read(folder: Path) -> Opened | None:
    try:
        return msgspec.json.decode((folder / _ABOUT).read_bytes(), type=Opened)
    except (OSError, msgspec.MsgspecError):
        return None
