"""Signs agents in and brings them up to date: on a terminal of its own each, that anybody who may can look at."""

import asyncio
import logging
import os
from collections.abc import Mapping
from typing import Literal

from agentguid.agents import programs
from agentguid.agents.discovery import Found, child_environ
from agentguid.agents.programs import Plan
from agentguid.hosts.opened import Kind, Opened, Terminal
from agentguid.hosts.terminals import opened
from agentguid.http.parts import Parts
from agentguid.protocol.errors import NotFound, Refused

log = logging.getLogger(__name__)

Size = tuple[int, int]
Deed = Literal["login", "update", "install"]


async def agent(parts: Parts, id: str) -> Found:  # noqa: A002 - as it is called everywhere
    """Waits for the first search. Raises NotFound."""
    if not parts.agents.searched:
        await parts.agents.rescan()
    if found := parts.agents.get(id):
        return found
    raise NotFound(f"there is no agent {id[:60]}")


async def plan(found: Found, deed: Deed, way: str = "") -> Plan:
    """What would be run. `way` is of a login."""
    environ = child_environ(os.environ)
    if deed == "login":
        return await asyncio.to_thread(programs.login, found, environ, way)
    make = programs.update if deed == "update" else programs.install
    return await asyncio.to_thread(make, found, environ)


async def begin(
    parts: Parts, found: Found, deed: Deed, size: Size, way: str = "", actor: str = ""
) -> tuple[Terminal, bool]:
    """Opens a terminal for it, or finds the one where it goes on (False). Raises Refused with what is in the way."""
    kind: Kind = "login" if deed == "login" else "update"
    async with parts.beginning:  # who asks twice at once gets the same one
        if there := await parts.terminals.of(kind, found.id):
            return there, False
        what = await plan(found, deed, way)
        if not what.argv:
            raise Refused(what.problem)
        environ = child_environ(os.environ)
        cwd = await asyncio.to_thread(_empty, parts) if deed == "login" else environ.get("HOME", "/")
        terminal = await parts.terminals.open(opened(kind, list(what.argv), cwd, found.id), environ, size)
    log.info("%s of %s: %s", deed, found.id, what.how, extra={"actor": actor, "terminal": terminal.id})
    return terminal, True


def _empty(parts: Parts) -> str:
    """A folder to sign in from: some agents ask whether the one that they are started in is to be trusted."""
    folder = parts.settings.places.terminals.data / "empty"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(folder)


def ended(parts: Parts, terminal: Opened) -> None:
    """What was known of its agent is of no worth now."""
    if terminal.kind == "shell":
        return
    parts.signins.forget(terminal.about)
    if terminal.kind == "update":
        _kept.add(task := asyncio.create_task(_look_again(parts, terminal.about)))
        task.add_done_callback(_kept.discard)


_kept: set[asyncio.Task[None]] = set()
"""Tasks are only held weakly by the loop."""


async def looked_again(patience: float) -> None:
    """Waits a while until it is known what ended updates have brought."""
    if _kept:
        await asyncio.wait(_kept, timeout=patience)


async def _look_again(parts: Parts, id: str) -> None:  # noqa: A002
    before = versions(parts)
    await parts.agents.rescan(anew=True)
    after = versions(parts)
    if before.get(id) != after.get(id):
        log.info("%s is %s now; it was %s", id, after.get(id), before.get(id))


def versions(parts: Parts) -> Mapping[str, str | None]:
    return {one.id: one.version for one in parts.agents.all()}
