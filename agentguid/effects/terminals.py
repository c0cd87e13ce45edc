"""The commands that one agent has us run. What shall run is read off the fold, so that a restart forgets none.

They end with the agent, with a stop of its turn, and when it releases them.
"""

import asyncio
import codecs
import contextlib
import os
from collections.abc import Callable, Iterable

import msgspec

from agentguid.agents.base import Adapter, Live, Served
from agentguid.agents.commands import Commanding, Ran, Run, Shown, Wish, is_of, signal_name
from agentguid.effects.key import Key
from agentguid.effects.parts import EffectParts
from agentguid.effects.start import environ_of
from agentguid.effects.terminal import Output, Terminal
from agentguid.hosts.orphans import held, kill, sweep
from agentguid.paths import Places
from agentguid.protocol.events import ToolFinished
from agentguid.protocol.ids import output_of
from agentguid.protocol.items import Body

LEFT = 0.5
"""Seconds until SIGKILL for what commands left and who ended the agent has not found: those have had their time."""


class Told:
    """How much of a command's output one call shows."""

    def __init__(self) -> None:
        self.upto = 0
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def rest(self, output: Output) -> str:
        """What has come since; what is not kept any more is left out."""
        self.upto = max(self.upto, output.dropped)
        data = bytes(output.kept[self.upto - output.dropped :])
        self.upto = output.size
        return self.decoder.decode(data, final=output.ended)


class Terminals:
    """Of one agent session. `poke` makes it look again."""

    def __init__(self, parts: EffectParts, key: Key, adapter: Adapter, poke: Callable[[], None]) -> None:
        self._parts, self._key, self._poke = parts, key, poke
        self._adapter = adapter
        self._all: dict[str, Terminal] = {}
        self._told: dict[tuple[str, str], Told] = {}
        self._looked = False
        """For what an earlier daemon may have begun and nobody knows of."""

    @property
    def running(self) -> bool:
        return any(not one.over for one in self._all.values())

    # -- what the agent asks ------------------------------------------------------------------------------------------
    def serve(self, errand: Run | Wish) -> Served | None:
        """What comes of it; None: that is not known yet. Asked again when there is news."""
        if isinstance(errand, Run):
            return self._run(errand)
        terminal = self._all.get(errand.terminal)
        if terminal is None or not (terminal.read or terminal.failure):
            return None  # taken up at the next look
        match errand.what:
            case "wait" if not terminal.over:
                return None
            case "kill" | "release" if not terminal.end().done():
                return None
        return terminal.stand(errand.limit)

    def _run(self, run: Run) -> Served | None:
        terminal = self._all.get(run.terminal)
        if terminal is None:
            terminal = self._all[run.terminal] = self._new(run.terminal)
            environ = {**environ_of(self._parts, self._key), **run.env}
            terminal.start(run, self._key.launch.cwd, environ)
        if terminal.failure:
            return Served(error=terminal.failure)
        return Ran() if terminal.begun else None

    def _new(self, name: str) -> Terminal:
        return Terminal(self._parts.places, name, self._poke)

    # -- what the fold says -------------------------------------------------------------------------------------------
    async def settle(self) -> None:
        """Takes up what the agent holds, ends what it holds no more."""
        if not isinstance(self._adapter, Commanding):
            return
        wanted = {errand.terminal for errand in self._adapter.errands if isinstance(errand, Run)}
        wanted.update(self._adapter.commands)
        known = [name for name in self._adapter.commands if name not in self._all]
        if not self._looked:
            self._looked = True
            known += [name for name in await _held(self._parts.places, self._key.host) if name not in wanted]
        for name in known:
            self._all.setdefault(name, self._new(name)).start()
        for name in [name for name in self._all if name not in wanted]:
            if self._all[name].end().done():
                await self._all.pop(name).leave()
        self._show(self._adapter.shown)

    def _show(self, calls: Iterable[Shown]) -> None:
        """What commands print, as the live text of the calls that show them."""
        told, self._told = self._told, {}
        for call in calls:
            for name in call.commands:
                mine = self._told[call.item, name] = told.get((call.item, name)) or Told()
                if (terminal := self._all.get(name)) and (text := mine.rest(terminal.output)):
                    piece = Live(output_of(call.item), "output", text, call.turn, call.item, call.title)
                    self._parts.live.append(self._key.conversation, piece)

    async def finish(self, event: ToolFinished, commands: Iterable[str]) -> ToolFinished:
        """A call that has ended, with what its commands printed."""
        places = self._parts.places
        printed = await asyncio.to_thread(lambda: "\n".join(_printed(places, one) for one in commands))
        if not printed.strip():
            return event
        return msgspec.structs.replace(event, output=Body(printed))

    # -- the end ------------------------------------------------------------------------------------------------------
    def stop(self) -> None:
        """Ends all of them; what they printed can still be asked for."""
        for one in self._all.values():
            one.end()

    async def sweep(self, grace: float) -> None:
        """Ends what commands that have ended left in the background; SIGKILL comes after `grace` seconds."""
        if isinstance(self._adapter, Commanding):
            places = self._parts.places
            await sweep(places, await commands_of(places, [self._key.host]), grace)

    async def end(self, *, left: bool) -> None:
        """The agent is gone: nothing of what it had us run stays. `left`: nor what that left in the background."""
        if not isinstance(self._adapter, Commanding):
            return
        self.stop()
        await self.leave()
        await end_commands(self._parts.places, self._key.host)
        if left:
            await self.sweep(LEFT)

    async def leave(self) -> None:
        """The daemon stops: commands go on."""
        for one in self._all.values():
            await one.leave()
        self._all.clear()


async def commands_of(places: Places, hosts: Iterable[str]) -> list[str]:
    """The hosts of all commands that the agents of these hosts ever had us run."""
    mine = list(hosts)

    def look() -> list[str]:
        names = os.listdir(places.tapes)
        return [name for name in names if any(is_of(host, name) for host in mine)]

    return await asyncio.to_thread(look) if mine else []


async def end_commands(places: Places, host: str) -> None:
    """Ends what the agent of a host had us run, whoever began it."""
    found = [Terminal(places, name, lambda: None) for name in await _held(places, host)]
    for one in found:
        one.start()
    await asyncio.gather(*(one.end() for one in found))
    for one in found:
        await one.leave()
    for one in found:  # a host that does not answer is not asked any longer
        with contextlib.suppress(OSError):
            if held(places, one.name):
                await kill(places, one.name)


async def _held(places: Places, host: str) -> list[str]:
    return [name for name in await commands_of(places, [host]) if held(places, name)]


def _printed(places: Places, name: str) -> str:
    """What the page shows of a command: all that is kept, and how it ended."""
    output = Output(places.tapes / name)
    while output.more():
        pass
    text, cut = output.last(None)
    if cut:
        text = f"… ({output.size - len(text.encode())} bytes before this are on the tape)\n{text}"
    if not output.ended:
        return f"{text}\n(It still runs.)".lstrip()
    if output.code and output.code < 0:
        return f"{text}\n(Ended by {signal_name(-output.code)}.)".lstrip()
    return f"Exit code: {output.code}\n{text}" if output.code else text
