"""Which agents are installed here, where, and in which version."""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import cast

from msgspec import Struct

from agentguid import __version__
from agentguid.agents.base import Dialect, Option, SlashCommand, Way
from agentguid.agents.catalogue import CATALOGUE, Entry
from agentguid.agents.environ import child_environ, folders, laid_over
from agentguid.agents.offers import Offer, Offers
from agentguid.entropy import now
from agentguid.protocol.events import TurnEnded
from agentguid.protocol.items import Mode

PATIENCE = 10.0
"""Seconds that a program may take to say its version."""
SAID = 4096
"""Bytes of what it says that are read."""
PLACES = 200
"""Agents in folders whose slash commands are remembered."""
REFUSED = "is not signed in"
"""What adapters say of a turn that failed for want of a sign-in."""
AT_ONCE = 4
"""Programs that are asked for their version at the same time."""


__all__ = ["Agents", "Found", "ask_version", "child_environ", "find"]


class Found(Struct, frozen=True):
    """An agent of the catalogue, as it is on this machine."""

    entry: Entry
    installed: bool
    """It can be run: its program is there, and its protocol is spoken."""
    path: str | None = None
    """Of its program; None: not found, or it needs none."""
    version: str | None = None
    problem: str | None = None
    """Why it cannot be used or may not work, and what to do."""

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def icon(self) -> str:
        return self.entry.icon

    @property
    def protocol(self) -> str:
        return self.entry.protocol

    @property
    def install(self) -> str:
        return self.entry.install

    @property
    def login(self) -> str:
        return self.entry.login

    @property
    def docs(self) -> str:
        return self.entry.docs

    def speaks(self) -> Dialect:
        """The dialect, imported when it is first needed. A module is one, or makes one for an entry."""
        module = import_module(f"agentguid.agents.{self.entry.dialect}")
        make = getattr(module, "dialect", None)
        return cast(Dialect, make(self.entry) if make else module)

    def environ(self, mode: Mode, inherited: Mapping[str, str]) -> dict[str, str]:
        """What its process is started with beside what it inherits. Raises AgentFailed."""
        told = self.entry.environ.get(mode, {})
        over = {
            name: laid_over(name, inherited[name], told[name])
            for name in self.entry.laid_over
            if inherited.get(name) and name in told
        }
        return {**told, **over}


class Agents:
    """The catalogue with what a search of this machine found. Empty of paths until the first `rescan`."""

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        catalogue: Sequence[Entry] = CATALOGUE,
        offers: Offers | None = None,
    ) -> None:
        self._environ = dict(environ)
        self._catalogue = catalogue
        self._found = {entry.id: _unknown(entry) for entry in catalogue}
        self._running: asyncio.Task[None] | None = None
        self.searched = False
        """A search has ended: what was not found is not here."""
        self._offers = offers or Offers()
        self._commands: dict[tuple[str, str], Sequence[SlashCommand]] = {}
        self._blind: set[str] = set()
        self._forgetful: set[str] = set()
        self.refused: dict[str, str] = {}
        """Agents whose last turn failed because they are not signed in, and what they said."""

    def learn(
        self,
        id: str,  # noqa: A002
        models: Sequence[str],
        modes: Sequence[Mode] | None,
        at: int,
        *,
        asked: bool = False,
    ) -> None:
        """An agent said what it offers, or was asked for it. `modes`: those of ours that it can work in; None: it does not say."""
        self._offers.learn(id, models, modes, at, asked=asked)

    def learn_options(self, id: str, options: Sequence[Option], model: str) -> None:  # noqa: A002
        """An agent said what can be chosen beside model and mode, and its own model. That it is nothing is no news of one never heard."""
        if options or model or self._offers.get(id):
            self._offers.learn_options(id, options, now(), model)

    def learn_ways(self, id: str, ways: Sequence[Way]) -> None:  # noqa: A002
        """An agent said how its mode and model are set. Cheap when they are as before."""
        before = self._offers.get(id)
        if ways and tuple(ways) != (before.ways if before else ()):
            self._offers.learn_ways(id, ways, now())

    def options(self, id: str) -> Sequence[Option]:  # noqa: A002
        """What can be chosen beside model and mode, as it said last."""
        offer = self._offers.get(id)
        return offer.options if offer else ()

    def offer(self, id: str) -> Offer | None:  # noqa: A002
        """What an agent said last, also to an earlier daemon; None: it was never asked."""
        return self._offers.get(id)

    def turned(self, id: str, ended: TurnEnded) -> None:  # noqa: A002
        """An agent has ended a turn."""
        if ended.error and REFUSED in ended.error:
            self.refused[id] = f"its last turn failed: {ended.error[:300]}"
        elif ended.outcome == "complete":
            self.refused.pop(id, None)

    def models(self, id: str) -> tuple[str, ...]:  # noqa: A002
        """The models that it named last."""
        offer = self._offers.get(id)
        return offer.models if offer else ()

    def learn_commands(self, id: str, cwd: str, commands: Sequence[SlashCommand]) -> None:  # noqa: A002
        """An agent at work in a folder said which slash commands it has there. Cheap when they are the same list."""
        if commands and self._commands.get((id, cwd)) is not commands:
            self._offers.learn_commands(id, commands, now())
            self._commands.pop((id, cwd), None)
            self._commands[id, cwd] = commands
            if len(self._commands) > PLACES:
                del self._commands[next(iter(self._commands))]

    def commands(self, id: str, cwd: str) -> Sequence[SlashCommand]:  # noqa: A002
        """What it said last of this folder, else of any other, also to an earlier daemon: most are the same everywhere."""
        if (id, cwd) in self._commands:
            return self._commands[id, cwd]
        offer = self._offers.get(id)
        return offer.commands if offer else ()

    def learn_pictures(self, id: str, takes: bool) -> None:  # noqa: A002
        """Whether an agent at work said that it takes pictures."""
        (self._blind.discard if takes else self._blind.add)(id)

    def pictures(self, id: str) -> bool:  # noqa: A002
        """Whether an agent takes pictures; also while nobody knows."""
        return id not in self._blind

    def learn_resumes(self, id: str, can: bool) -> None:  # noqa: A002
        """Whether an agent at work said that another process of it can take up a session."""
        (self._forgetful.discard if can else self._forgetful.add)(id)

    def resumes(self, id: str) -> bool:  # noqa: A002
        """Whether it can; also while nobody knows."""
        return id not in self._forgetful

    def all(self) -> list[Found]:
        """In the order of the catalogue, as of the last scan."""
        return list(self._found.values())

    def get(self, id: str) -> Found | None:  # noqa: A002 - as it is called everywhere
        return self._found.get(id)

    async def rescan(self, *, anew: bool = False) -> list[Found]:
        """Searches again. Whoever asks while a search runs waits for that one; `anew`: it may have looked too early."""
        if anew and self._running is not None:
            await asyncio.shield(self._running)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._scan())
        await asyncio.shield(self._running)
        return self.all()

    async def _scan(self) -> None:
        turns = asyncio.Semaphore(AT_ONCE)
        found = await asyncio.gather(*(self._look(entry, turns) for entry in self._catalogue))
        self._found = {one.id: one for one in found}
        self.searched = True

    async def _look(self, entry: Entry, turns: asyncio.Semaphore) -> Found:
        if not entry.binaries:
            return _unknown(entry)
        override = self._environ.get(f"AGENTGUID_AGENT_{entry.id.upper().replace('-', '_')}_BINARY")
        path = await asyncio.to_thread(find, entry.binaries, self._environ, override)
        if path is None:
            return _unknown(entry, f"{override} is not a program that can be run" if override else None)
        if not entry.dialect:
            return Found(entry, False, path, problem=f"{entry.name} is here, but {_unspoken(entry)}")
        if not entry.versioned:
            return Found(entry, True, path)
        async with turns:
            version, problem = await ask_version(path, child_environ(self._environ))
        return Found(entry, True, path, version, problem)


def _unknown(entry: Entry, problem: str | None = None) -> Found:
    if not entry.binaries:
        return Found(entry, True, version=__version__)
    if not entry.dialect:
        return Found(entry, False, problem=f"{entry.name} is not installed, and {_unspoken(entry)}")
    missing = f"{entry.name} is not installed. Install it with: {entry.install}"
    if not entry.install:
        missing = f"There is no program {entry.binaries[0]} on the PATH of the daemon."
    return Found(entry, False, problem=problem or missing)


def _unspoken(entry: Entry) -> str:
    return f"agentguid does not speak its protocol ({entry.protocol}) yet."


def find(binaries: Sequence[str], environ: Mapping[str, str], override: str | None = None) -> str | None:
    """The program's absolute path. An override is the only place that is looked at."""
    if override:
        return override if os.path.isabs(override) and _runs(override) else None
    for name in binaries:
        for folder in folders(environ):
            path = os.path.join(folder, name)
            if _runs(path):
                return path
    return None


def _runs(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


async def ask_version(path: str, environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Runs `PATH --version`: the first line of the answer, or what went wrong."""
    try:
        code, text = await ask((path, "--version"), environ)
    except TimeoutError:
        return (
            None,
            f"{path} did not say its version within {PATIENCE:.0f} s. Run it in a terminal to see why.",
        )
    except OSError as error:
        return None, f"{path} cannot be run: {error.strerror or error}."
    version = _printable(text)
    if code or not version:
        return None, f"{path} --version failed (exit status {code}). Run it in a terminal to see why."
    return version, None


async def ask(command: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str]:
    """Runs a program that has something short to say: its exit status, and the beginning of what it printed.

    Of one that prints nothing (Pi its version, Codex whether it is signed in) what it says on its error output.
    Raises OSError, and TimeoutError after `PATIENCE`.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environ),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said, complained = await asyncio.gather(_head(process.stdout), _head(process.stderr))
            return await process.wait(), (said if said.strip() else complained).decode("utf-8", "replace")
    finally:
        await _end(process)


async def _head(stream: asyncio.StreamReader | None) -> bytes:
    """The first bytes that it says; the rest is read and forgotten."""
    assert stream is not None
    head = b""
    while data := await stream.read(SAID):
        head = (head + data)[:SAID]
    return head


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        # Not one that runs as somebody else: it ends when it will, and is waited for by nobody.
        with contextlib.suppress(OSError):
            os.killpg(process.pid, 9)
            await process.wait()


def _printable(said: str) -> str:
    lines = said.strip().splitlines()
    return "".join(one for one in lines[0] if one.isprintable()).strip()[:100] if lines else ""
