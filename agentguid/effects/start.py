"""Starts hosts, and finds again those that an earlier daemon started."""

import asyncio
import os

from agentguid.agents.base import Launch
from agentguid.agents.discovery import child_environ
from agentguid.append import read
from agentguid.effects import scratch
from agentguid.effects.inputs import unwanted
from agentguid.effects.key import Key
from agentguid.effects.parts import EffectParts
from agentguid.failpoints import failpoint
from agentguid.hosts.link import Link, Spec
from agentguid.hosts.tape import is_empty
from agentguid.protocol.commands import RequestHost
from agentguid.protocol.errors import AgentFailed
from agentguid.protocol.events import HostRequested, TurnStarted


async def start(parts: EffectParts, conversation: str, host: str, wanted: TurnStarted) -> tuple[Key, Link]:
    """A new host for the open turn. The log knows of it before it exists."""
    receipt = await parts.dispatch(RequestHost(conversation=conversation, host=host), actor="daemon")
    requested = read.at(parts.reader, [receipt.first])[receipt.first].event
    assert isinstance(requested, HostRequested)
    return await _spawn(parts, Key(conversation, host, wanted.agent, _launch(requested), wanted.turn))


async def reconnect(
    parts: EffectParts, conversation: str, requested: HostRequested
) -> tuple[Key, Link | None]:
    """The host that the log speaks of: found alive, or started if it never was; None: dead, its tape to be read."""
    key = Key(conversation, requested.host, requested.agent, _launch(requested))
    link = await Link.connect(parts.places, key.host)
    never = link is None and read.mark(parts.reader, key.host) is None
    if never and is_empty(str(parts.places.tapes / key.host)):
        return await _spawn(parts, key)
    return key, link


def _launch(requested: HostRequested) -> Launch:
    return Launch(requested.cwd, requested.model, requested.mode, requested.resume)


async def _spawn(parts: EffectParts, key: Key) -> tuple[Key, Link]:
    found = parts.agents.get(key.agent)
    if found is None or not found.installed:
        await parts.agents.rescan()
        found = parts.agents.get(key.agent)
    if found is None or not found.installed:
        raise AgentFailed(
            (found and found.problem) or f"There is no agent {key.agent!r}. Choose another one."
        )
    argv = await asyncio.to_thread(found.speaks().argv, found.path or "", key.launch)
    failpoint("effects.before_spawn")
    environ = await whole_environ(parts, key)
    if unwanted(parts, key.conversation):  # that took its time
        raise AgentFailed("It was stopped before its agent had started.")
    spec = Spec(host=key.host, argv=argv, cwd=key.launch.cwd, env=environ)
    link = await _spawned(parts, spec)
    failpoint("effects.after_spawn")
    return key, link


def environ_of(parts: EffectParts, key: Key) -> dict[str, str]:
    """What the agent's process, and commands that it has us run, have in their environment; without its account.

    Raises AgentFailed when what makes it keep to its mode cannot be said.
    """
    found = parts.agents.get(key.agent)
    own = scratch.environ(parts.places, key.host)
    inherited = {**child_environ(os.environ), **own, **parts.keys.of(key.agent)}
    return inherited | (found.environ(key.launch.mode, inherited) if found else {})


async def whole_environ(parts: EffectParts, key: Key) -> dict[str, str]:
    """All variables of the agent's process, for which it makes a folder as well.

    Raises AgentFailed when that cannot be, or the agent's account cannot be used any more.
    """
    await scratch.make(parts.places, key.host)
    return environ_of(parts, key) | await parts.gemini.environ(key.agent, parts.places.gemini)


async def _spawned(parts: EffectParts, spec: Spec) -> Link:
    try:
        return await Link.spawn(parts.places, spec)
    except AgentFailed:
        # Started by a daemon that died at this very moment: the lock has let only one of the two live.
        if link := await Link.connect(parts.places, spec.host):
            return link
        raise
