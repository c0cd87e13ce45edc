"""One command that an agent had us run: a host of its own, and what its tape says.

Found again by its name after a restart, as agents are; never started twice.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from agentguid.agents.commands import Ran, Run
from agentguid.failpoints import failpoint
from agentguid.hosts import tape
from agentguid.hosts.link import Link, Spec, held, reap
from agentguid.hosts.orphans import kill
from agentguid.hosts.tape import Record
from agentguid.paths import Places
from agentguid.protocol.errors import AgentFailed

KEPT = 1024 * 1024
"""Bytes of output that are kept of a command, the last ones."""
LARGEST = 256 * 1024 * 1024
"""Bytes of output at which a command is ended: one that never stops must not fill the disk."""
STEP = 1024 * 1024
"""Bytes that are taken off a tape at a time."""
PACE = 0.05
"""Seconds between two looks at a tape that grows."""
GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL."""
PATIENCE = 6.0
"""Seconds that the end of a command is waited for."""


class Output:
    """What a tape says a command printed, both outlets in the order in which they came."""

    def __init__(self, directory: Path) -> None:
        self.kept = bytearray()
        self.dropped = 0
        """Bytes before those that are kept."""
        self.ended = False
        self.code: int | None = None
        """Once `ended`: its exit status; negative: the signal; None: nobody saw it."""
        self._reader = tape.Reader(directory)

    @property
    def size(self) -> int:
        return self.dropped + len(self.kept)

    @property
    def read(self) -> int:
        """Up to where the tape has been read."""
        return self._reader.offset

    def more(self) -> bool:
        """`take` and `add` in one, for who is not in the event loop."""
        return self.add(*self.take())

    def take(self) -> tuple[list[Record], bool]:
        """The next of the tape; False: there is no more for now. Reads a file: not for the event loop."""
        taken, size = list[Record](), 0
        for record in self._reader.records():
            taken.append(record)
            size += len(record.payload)
            if size >= STEP:
                return taken, True
        return taken, False

    def add(self, taken: Iterable[Record], more: bool) -> bool:
        """What was taken; where others read as well: in their thread."""
        for record in taken:
            if record.direction in (tape.OUT, tape.ERR):
                self._add(record.payload)
            elif record.direction == tape.EXIT:
                said = tape.fields(record.payload)
                self._add(said.get("note", "").encode())
                self.ended, code = True, said.get("code", "")
                self.code = int(code) if code.lstrip("-").isdigit() else None
        return more and not self.ended

    def _add(self, data: bytes) -> None:
        self.kept += data
        if (over := len(self.kept) - KEPT) > 0:
            del self.kept[:over]
            self.dropped += over

    def last(self, limit: int | None) -> tuple[str, bool]:
        """The last bytes of it as text, from the beginning of a character on; and whether something is missing."""
        most = KEPT if limit is None else min(limit, KEPT)
        data = bytes(self.kept[max(0, len(self.kept) - most) :])
        cut = self.size > len(data)
        begin = 0
        while cut and begin < min(3, len(data)) and data[begin] & 0xC0 == 0x80:
            begin += 1
        return data[begin:].decode("utf-8", "replace"), cut


class Terminal:
    """Made for a command that is to run, or that ran when the daemon went away. `changed` is called when there is news."""

    def __init__(self, places: Places, name: str, changed: Callable[[], None]) -> None:
        self.name = name
        self.output = Output(places.tapes / name)
        self.failure = ""
        """Why it does not run: a sentence for the agent."""
        self.begun = False
        """It is known whether it runs."""
        self.read = False
        """What its tape said when it was found has been read."""
        self._places = places
        self._changed = changed
        self._link: Link | None = None
        self._life: asyncio.Task[None] | None = None
        self._end: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        return self.output.ended or bool(self.failure)

    def start(self, run: Run | None = None, cwd: str = "", env: dict[str, str] | None = None) -> None:
        """Runs it, or finds it again when it was run already; without `run` it is only looked for."""
        self._life = asyncio.create_task(self._live(run, cwd, env or {}), name=f"terminal {self.name}")

    def stand(self, limit: int | None) -> Ran:
        text, cut = self.output.last(limit)
        return Ran(output=text, truncated=cut, exited=self.output.ended, code=self.output.code)

    def end(self) -> asyncio.Task[None]:
        """Ends it and all that it started; what it printed stays. The task is done when it has ended."""
        if self._end is None or (self._end.done() and not self.over):
            self._end = asyncio.create_task(self._ended())
            self._end.add_done_callback(lambda _: self._changed())
        return self._end

    async def leave(self) -> None:
        """The daemon stops: the command goes on."""
        tasks = [task for task in (self._life, self._end) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._link:
            await self._link.close()

    # -- its life -----------------------------------------------------------------------------------------------------
    async def _live(self, run: Run | None, cwd: str, env: dict[str, str]) -> None:
        try:
            self._link = await self._found(run, cwd, env)
        except (AgentFailed, OSError, ValueError) as error:
            self.failure = str(error)
        self.begun = True
        self._changed()
        if not self.failure:
            try:
                await self._follow()
            except OSError as error:
                self.failure = f"What the command prints cannot be read: {error}."
        self._changed()

    async def _found(self, run: Run | None, cwd: str, env: dict[str, str]) -> Link | None:
        there = self._places.tapes / self.name
        link = None
        if held(self._places, self.name) or not await asyncio.to_thread(tape.is_empty, str(there)):
            link = await Link.connect(self._places, self.name)
        elif run is not None:
            argv, folder = await asyncio.to_thread(_prepared, run, cwd, env)
            failpoint("effects.terminal_before_spawn")
            link = await self._spawned(Spec(self.name, argv, folder, env))
            failpoint("effects.terminal_after_spawn")
        if link is not None:
            with contextlib.suppress(AgentFailed):
                await link.eof()  # nobody types anything: who reads its input is not to wait for that
        return link

    async def _spawned(self, spec: Spec) -> Link:
        try:
            return await Link.spawn(self._places, spec)
        except AgentFailed:
            # Started by a daemon that died at this very moment: the lock has let only one of the two live.
            if link := await Link.connect(self._places, self.name):
                return link
            raise

    async def _follow(self) -> None:
        """Reads the tape until the command has ended."""
        while not self.output.ended:
            if self._link is not None:
                self._link.grown.clear()
            more = self.output.add(*await asyncio.to_thread(self.output.take))
            self.read = self.read or not more
            if self._link is not None:
                self._link.acknowledge(self.output.read)
            self._changed()
            if self.output.read > LARGEST and not self.output.ended:
                self.end()
            if self.output.ended or (not more and not await self._grew()):
                break
            if not more:
                await asyncio.sleep(PACE)
        if not self.output.ended:  # the host is gone without a word
            await reap(self._places, self.name)
            while self.output.add(*await asyncio.to_thread(self.output.take)):
                pass
            self.output.ended = self.read = True
        if self._link is not None:
            await self._link.close()

    async def _grew(self) -> bool:
        """There is more to be read; False: nobody is there to write any."""
        if self._link is None:
            return False
        await self._link.grown.wait()
        if self._link.alive or self._link.exited:
            return True
        while True:
            try:
                self._link = await Link.connect(self._places, self.name)
            except AgentFailed:  # it lives and does not answer: it may come round
                if self._end is not None:
                    await kill(self._places, self.name)
            else:
                return self._link is not None

    async def _ended(self) -> None:
        """Waits for one that is being started at this moment, and tells its host: again when it had to be found again."""
        loop = asyncio.get_running_loop()
        late, told = loop.time() + PATIENCE, None
        while not self.over and loop.time() < late:
            link = self._link if self.begun else None
            if link is not None and link is not told and link.alive:
                told = link
                with contextlib.suppress(AgentFailed, TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        await link.signal("TERM")
                        await link.end(GRACE)
            await asyncio.sleep(0.01)


def _prepared(run: Run, cwd: str, env: dict[str, str]) -> tuple[list[str], str]:
    """Command line and folder. Raises AgentFailed with a sentence for the agent."""
    root = os.path.realpath(cwd)
    folder = os.path.realpath(os.path.join(root, run.cwd))
    if os.path.commonpath([root, folder]) != root:
        raise AgentFailed(f"{run.cwd} lies outside the working directory; agentguid runs nothing there.")
    if not os.path.isdir(folder):
        raise AgentFailed(f"{run.cwd or folder} is no folder.")
    if run.args or not _is_line(run.command, folder, env):
        return [run.command, *run.args], folder
    shell = shutil.which("bash", path=env.get("PATH")) or "/bin/sh"
    return [shell, "-c", run.command], folder


def _is_line(command: str, folder: str, env: dict[str, str]) -> bool:
    """Whether this is for a shell to read, and not the name of a program."""
    if "/" in command:
        return not os.access(os.path.join(folder, command), os.X_OK)
    return shutil.which(command, path=env.get("PATH")) is None
