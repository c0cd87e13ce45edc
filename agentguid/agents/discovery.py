"""Which agents are installed here, where, and in which version."""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import cast

from msgspec import Struct

from agentguid import __version__
from agentguid.agents.base import Dialect
from agentguid.agents.catalogue import CATALOGUE, Entry
from agentguid.agents.environ import child_environ, folders

PATIENCE = 10.0
"""Seconds that a program may take to say its version."""
SAID = 4096
"""Bytes of what it says that are read."""


__all__ = ["Agents", "Found", "ask_version", "child_environ", "find"]


class Found(Struct, frozen=True):
    """An agent of the catalogue, as it is on this machine."""

    id: str
    name: str
    icon: str
    installed: bool
    path: str | None
    """Of its program; None: not found, or it needs none."""
    version: str | None
    protocol: str
    problem: str | None
    """Why it cannot be used or may not work, and what to do."""
    install: str
    login: str
    dialect: str
    """Module of `agentguid.agents`."""

    def speaks(self) -> Dialect:
        """The dialect, imported when it is first needed."""
        return cast(Dialect, import_module(f"agentguid.agents.{self.dialect}"))


class Agents:
    """The catalogue with what a search of this machine found. Empty of paths until the first `rescan`."""

    def __init__(
        self, environ: Mapping[str, str] = os.environ, catalogue: Sequence[Entry] = CATALOGUE
    ) -> None:
        self._environ = dict(environ)
        self._catalogue = catalogue
        self._found = {entry.id: _unknown(entry) for entry in catalogue}
        self._running: asyncio.Task[None] | None = None
        self.searched = False
        """A search has ended: what was not found is not here."""

    def all(self) -> list[Found]:
        """In the order of the catalogue, as of the last scan."""
        return list(self._found.values())

    def get(self, id: str) -> Found | None:  # noqa: A002 - as it is called everywhere
        return self._found.get(id)

    async def rescan(self) -> list[Found]:
        """Searches again. Whoever asks while a search runs waits for that one."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._scan())
        await asyncio.shield(self._running)
        return self.all()

    async def _scan(self) -> None:
        found = await asyncio.gather(*(self._look(entry) for entry in self._catalogue))
        self._found = {one.id: one for one in found}
        self.searched = True

    async def _look(self, entry: Entry) -> Found:
        if not entry.binaries:
            return _found(entry, None, __version__, None)
        override = self._environ.get(f"AGENTGUID_AGENT_{entry.id.upper().replace('-', '_')}_BINARY")
        path = await asyncio.to_thread(find, entry.binaries, self._environ, override)
        if path is None:
            return _unknown(entry, f"{override} is not a program that can be run" if override else None)
        version, problem = await ask_version(path, child_environ(self._environ))
        return _found(entry, path, version, problem)


def _found(entry: Entry, path: str | None, version: str | None, problem: str | None) -> Found:
    return Found(
        id=entry.id,
        name=entry.name,
        icon=entry.icon,
        installed=path is not None or not entry.binaries,
        path=path,
        version=version,
        protocol=entry.protocol,
        problem=problem,
        install=entry.install,
        login=entry.login,
        dialect=entry.dialect,
    )


def _unknown(entry: Entry, problem: str | None = None) -> Found:
    if not entry.binaries:
        return _found(entry, None, __version__, None)
    return _found(
        entry, None, None, problem or f"{entry.name} is not installed. Install it with: {entry.install}"
    )


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
        process = await asyncio.create_subprocess_exec(
            path,
            "--version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=True,
        )
    except OSError as error:
        return None, f"{path} cannot be run: {error.strerror or error}."
    try:
        async with asyncio.timeout(PATIENCE):
            said = await _head(process)
            code = await process.wait()
    except TimeoutError:
        return (
            None,
            f"{path} did not say its version within {PATIENCE:.0f} s. Run it in a terminal to see why.",
        )
    finally:
        await _end(process)
    version = _printable(said)
    if code or not version:
        return None, f"{path} --version failed (exit status {code}). Run it in a terminal to see why."
    return version, None


async def _head(process: asyncio.subprocess.Process) -> bytes:
    """The first bytes that it says; the rest is read and forgotten."""
    assert process.stdout is not None
    head = b""
    while data := await process.stdout.read(SAID):
        head = (head + data)[:SAID]
    return head


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()


def _printable(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return "".join(one for one in lines[0] if one.isprintable()).strip()[:100] if lines else ""
