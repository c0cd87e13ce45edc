"""Asks an agent what it offers: it is started for its handshake alone, in a folder of its own, and ended.

Nothing of this is in the log. What a daemon that died in between left is ended and removed when the next one starts.
"""

import asyncio
import contextlib
import logging
import os
import shutil
from pathlib import Path

from agentguid.agents.base import (
    Adapter,
    Attaching,
    Closing,
    Commanded,
    Launch,
    Optioned,
    Prompt,
    Remembering,
    Resuming,
    Write,
)
from agentguid.agents.discovery import Found
from agentguid.effects import scratch
from agentguid.effects.key import Key
from agentguid.effects.parts import EffectParts
from agentguid.effects.start import whole_environ
from agentguid.effects.tail import Tail
from agentguid.entropy import new_id, now
from agentguid.hosts.link import Link, Spec, held
from agentguid.hosts.orphans import kill, sweep
from agentguid.protocol.errors import AgentFailed, NotFound
from agentguid.protocol.items import Body

log = logging.getLogger(__name__)

MARK = "asked-"
"""What such hosts are called."""
PATIENCE = 30.0
"""Seconds that an agent has for its handshake."""
LATER = 1.5
"""Seconds after it in which it may still name its models."""
CLOSE = 1.0
"""Seconds that it has to close its session."""
GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL."""
AT_ONCE = 2


class Offering:
    """One for the daemon."""

    def __init__(self, parts: EffectParts) -> None:
        self._parts = parts
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask(self, agent: str) -> None:
        """Returns when it is known. Whoever asks for an agent that is being asked waits for that.

        Raises NotFound, or AgentFailed with a sentence.
        """
        task = self._asking.get(agent)
        if task is None:
            task = self._asking[agent] = asyncio.create_task(self._ask(agent), name=f"offer of {agent}")
            task.add_done_callback(lambda _: self._asking.pop(agent, None))
        await asyncio.shield(task)

    async def run(self) -> None:
        """Tidies up after an earlier daemon, then waits for the end of this one."""
        await self._tidy()
        try:
            await asyncio.Event().wait()
        finally:
            tasks = list(self._asking.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tidy(self) -> None:
        places = self._parts.places
        names = {
            name
            for folder in (places.tapes, places.asked, places.scratch)
            for name in await asyncio.to_thread(_names, folder)
        }
        for name in [name for name in names if name.startswith(MARK)]:
            await self._forget(name)

    async def _forget(self, host: str) -> None:
        places = self._parts.places
        if held(places, host):
            try:
                await kill(places, host)
            except OSError as error:  # nothing is removed under who works in it: the next daemon tries again
                log.warning("an agent that was asked what it offers goes on: %s", error)
                return
        await sweep(places, [host])
        for folder in (places.tapes / host, places.asked / host, places.hosts / host):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await scratch.remove(places, host)

    async def _ask(self, agent: str) -> None:
        parts = self._parts
        if (found := parts.agents.get(agent)) and not found.installed:
            await parts.agents.rescan()
            found = parts.agents.get(agent)
        if found is None:
            raise NotFound(f"there is no agent {agent}")
        if not found.installed:
            raise AgentFailed(found.problem or f"{found.name} is not installed.")
        host = MARK + new_id()
        async with self._turns:
            folder = parts.places.asked / host
            await asyncio.to_thread(folder.mkdir, 0o700, parents=True)
            try:
                await self._listen(found, host, folder)
            finally:
                await self._forget(host)

    async def _listen(self, found: Found, host: str, folder: Path) -> None:
        parts = self._parts
        launch = Launch(await asyncio.to_thread(os.path.realpath, folder), None, "ask", None)
        dialect = found.speaks()
        environ = await whole_environ(parts, Key("", host, found.id, launch))
        spec = Spec(host, dialect.argv(found.path or "", launch), launch.cwd, environ)
        link = await Link.spawn(parts.places, spec)
        try:
            tail = Tail(parts.places.tapes / host, dialect, host, launch, None)
            try:
                async with asyncio.timeout(PATIENCE):
                    await _greeted(link, tail)
            except TimeoutError:
                raise AgentFailed(
                    f"{found.name} did not say what it offers within {PATIENCE:.0f} s. Run it in a terminal to see why."
                ) from None
            adapter = tail.adapter
            if tail.exited or (why := adapter.refuses(Prompt("", Body(""), None, "bypass"))):
                raise AgentFailed(adapter.farewell(tail.code) if tail.exited else why)
            modes = adapter.modes if isinstance(adapter, Closing) else None
            parts.agents.learn(found.id, adapter.models, modes, now(), asked=True)
            if isinstance(adapter, Attaching):
                parts.agents.learn_pictures(found.id, adapter.pictures)
            if isinstance(adapter, Resuming):
                parts.agents.learn_resumes(found.id, adapter.resumes)
            if isinstance(adapter, Commanded):
                parts.agents.learn_commands(found.id, launch.cwd, adapter.slash_commands)
            if isinstance(adapter, Remembering):
                parts.agents.learn_ways(found.id, adapter.ways)
            if isinstance(adapter, Optioned):
                parts.agents.learn_options(found.id, adapter.options, adapter.own_model)
            await _close(link, tail)
        finally:
            await asyncio.shield(_end(link))


async def _greeted(link: Link, tail: Tail) -> None:
    """Until the handshake is over and all is named, or nothing more comes."""
    loop, late = asyncio.get_running_loop(), 0.0
    while not tail.exited:
        link.grown.clear()
        await _read(link, tail)
        adapter = tail.adapter
        if not adapter.ready:
            await _give(link, list(adapter.start()))
        elif _named(adapter) or loop.time() > (late := late or loop.time() + LATER):
            return
        if not link.alive:
            await _read(link, tail)
            if not tail.exited:
                tail.vanish(now())
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LATER if adapter.ready else PATIENCE):
                await link.grown.wait()


def _named(adapter: Adapter) -> bool:
    return bool(adapter.models) and (not isinstance(adapter, Commanded) or bool(adapter.slash_commands))


async def _read(link: Link, tail: Tail) -> None:
    while (batch := tail.next()) is not None:
        await _give(link, [output for output in batch.outputs if isinstance(output, Write)])
        link.acknowledge(batch.end)
        await asyncio.sleep(0)


async def _give(link: Link, writes: list[Write]) -> None:
    for write in writes:
        with contextlib.suppress(AgentFailed):  # it is gone: the tape says how
            await link.send(write.id, write.data)


async def _close(link: Link, tail: Tail) -> None:
    """The session that it had to begin is not kept, where it can be told so."""
    adapter = tail.adapter
    if not isinstance(adapter, Closing) or not (writes := list(adapter.close(forget=True))):
        return
    await _give(link, writes)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE):
            while link.alive and not tail.exited:
                link.grown.clear()
                await _read(link, tail)
                if not adapter.close(forget=True):
                    return
                await link.grown.wait()


async def _end(link: Link) -> None:
    with contextlib.suppress(AgentFailed):
        await link.end(GRACE)
    link.acknowledge(link.tape_end)
    await link.close()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
