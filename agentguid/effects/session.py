"""One agent session: reads its tape, reports what it says, and has it given what the log says it shall get.

The tape is read, never the pipe: this may be a daemon that came back.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import replace

from agentguid.agents.base import (
    Adapter,
    Attaching,
    Closing,
    Commanded,
    Fact,
    Live,
    Option,
    Optioned,
    Remembering,
    Resuming,
    SlashCommand,
    Write,
)
from agentguid.append import read
from agentguid.effects.giver import Giver
from agentguid.effects.key import Key
from agentguid.effects.limited import Limited
from agentguid.effects.parts import EffectParts
from agentguid.effects.silence import Silence
from agentguid.effects.tail import AT_ONCE, DAMAGED, Batch, Tail
from agentguid.entropy import now
from agentguid.failpoints import failpoint
from agentguid.hosts.link import Link
from agentguid.project import conversations, transcript
from agentguid.protocol.commands import Report
from agentguid.protocol.errors import AgentFailed
from agentguid.protocol.events import Event, ItemAdded, SessionLost, ToolFinished, ToolStarted, TurnEnded
from agentguid.protocol.ids import output_of
from agentguid.protocol.items import Mode
from agentguid.stream.presence import Liveness, Phase

log = logging.getLogger(__name__)

UNREPORTED = 4 * 1024 * 1024
"""Bytes of tape (all live text) after which the mark is moved although there is nothing to report."""
PACE = 1 / 125
"""Seconds between reports, on average: what an agent says faster than that is committed together."""
BURST = 8
"""Reports that may follow one another at once after a pause."""
SHARE = 64
"""Lines of one agent that are translated while others speak; after these it is their time."""
SYNC = 10.0
"""Seconds that a host has to bring its tape to the disk before it is let be."""


class Session:
    """Lives as long as its host does, or until the daemon stops."""

    def __init__(self, parts: EffectParts, key: Key, link: Link | None) -> None:
        self.key = key
        self._parts = parts
        self._grown = link.grown if link else asyncio.Event()
        self._asked = False
        self._tail = self._fold()
        self._giver = Giver(parts, key, self._tail.adapter, link, self.poke, lambda: self._tail.offset)
        self._limited = Limited()
        self._offered: tuple[Sequence[str], Sequence[Mode] | None] | None = None
        """Models that the agent has named, and modes that it can work in."""
        self._options: tuple[Sequence[Option], str] = (), ""
        """What can be chosen beside them, and its own model."""
        self._commands: Sequence[SlashCommand] = ()
        """As they were told last: only what the agent says anew is news, other sessions of it may say something else."""
        self._facts: list[Event] = []
        self._reported = self._tail.mark.offset
        self._report: asyncio.Task[None] | None = None
        self._due = 0.0
        """When the next report may go, on the clock of the loop."""
        self._syncing: asyncio.Task[None] | None = None
        self._life = Liveness(key.host, "catching_up", None, now())
        self._silence = Silence(parts, key, self._quiet)

    def _fold(self) -> Tail:
        parts, key = self._parts, self.key
        mark = read.mark(parts.reader, key.host)
        found = parts.agents.get(key.agent)
        if found is None:
            raise AgentFailed(f"agentguid does not know an agent {key.agent!r} any more.")
        return Tail(parts.places.tapes / key.host, found.speaks(), key.host, key.launch, mark)

    # -- told from outside --------------------------------------------------------------------------------------------
    def poke(self) -> None:
        """Something in the log concerns this session."""
        self._asked = True
        self._grown.set()

    async def end(self) -> None:
        """Ends the host and with it the agent; `run` returns when all it said is in the log."""
        await self._giver.end()

    async def rest(self) -> None:
        """As `end`, of an agent without work: what it left running in the background stays."""
        await self._giver.rest()

    def idle_since(self) -> int | None:
        """When it had nothing to do any more, microseconds since the epoch; None: it has."""
        adapter = self._tail.adapter
        busy = adapter.turn is not None or not adapter.idle or adapter.background > 0
        busy = busy or self._giver.terminals.running
        return None if busy or self._giver.ending else self._giver.idle_since

    # -- its life -----------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Returns when the agent has ended and everything is reported."""
        giver = self._giver
        try:
            self._show("catching_up")
            self._asked = self._giver.stopping
            while not self._tail.exited:
                self._grown.clear()
                await self._drain()
                if self._tail.exited:
                    break
                if giver.link is None or not giver.link.alive:
                    await self._vanished()
                    continue
                giver.caught_up = True
                await giver.look()
                self._watch()
                self._parts.presence.trouble(self.key.conversation, "")  # all was written that there was
                await self._grown.wait()
        finally:
            await self._leave()

    def _watch(self) -> None:
        """For silence: of an agent at work, and of one that does not get as far as taking the prompt."""
        turn, sign = self._tail.adapter.turn, self._life.last_sign
        if turn is None and self._giver.waiting:
            turn, sign = self._giver.waiting, max(sign, self._giver.waiting_since)
        self._silence.watch(turn, sign)

    def _quiet(self, since: int, call: ToolStarted | None) -> None:
        self._life = replace(self._life, silent=since, call=call)
        self._parts.presence.set(self.key.conversation, self._life)

    async def _leave(self) -> None:
        self._giver.leave()
        self._silence.leave()
        if self._syncing:
            self._syncing.cancel()
        if self._report:
            # Never left on its way: the next session would find a mark that does not count it, and report it again.
            await asyncio.wait([self._report])
            if not self._report.cancelled() and (error := self._report.exception()):
                log.warning("the last report failed: %s", error, extra={"host": self.key.host})
        self._parts.live.clear(self.key.conversation)
        self._parts.presence.set(self.key.conversation, None)
        await self._giver.terminals.leave()
        if self._giver.link:
            await self._giver.link.close()

    async def _drain(self) -> None:
        told = self._giver.link.tape_end if self._giver.link else 0
        lines, began = 0, self._clock()
        while (batch := await self._next()) is not None:
            failpoint("effects.after_translate")
            self._parts.others.spoke(self.key.host, self._clock())
            await self._take(batch)
            lines += batch.lines
            if lines >= SHARE:
                await self._rest(began)
                lines, began = 0, self._clock()
            # A stop or an answer does not wait until a talkative agent pauses, or a long tape has been read.
            if self._asked or self._giver.unheard:
                self._asked = False
                await self._giver.look(settled=False)
        self._asked = False
        await self._flush(force=False)
        await self._settled()
        if self._tail.damaged(told):
            await self._give_up(DAMAGED)
        adapter = self._tail.adapter
        self._learn(adapter)
        self._show("running" if adapter.turn else "idle" if adapter.ready else "starting")

    def _learn(self, adapter: Adapter) -> None:
        """What pages offer comes from the agents themselves."""
        agents, agent = self._parts.agents, self.key.agent
        models = tuple(adapter.models) if adapter.ready else ()
        modes = adapter.modes if adapter.ready and isinstance(adapter, Closing) else None
        if (models or modes) and (models, modes) != self._offered:
            self._offered = models, modes
            agents.learn(agent, models, modes, now())
        # One that is ready only in that it never will be, being signed out, has said nothing.
        if (
            isinstance(adapter, Optioned)
            and adapter.ready
            and (options := (tuple(adapter.options), adapter.own_model)) != self._options
        ):
            self._options = options
            agents.learn_options(agent, *options)
        if isinstance(adapter, Commanded) and (commands := adapter.slash_commands) != self._commands:
            self._commands = commands
            agents.learn_commands(agent, self.key.launch.cwd, commands)
        if isinstance(adapter, Attaching):
            agents.learn_pictures(agent, adapter.pictures)
        if isinstance(adapter, Remembering):
            agents.learn_ways(agent, adapter.ways)
        if isinstance(adapter, Resuming):
            agents.learn_resumes(agent, adapter.resumes)

    async def _next(self) -> Batch | None:
        """The next of the tape; when it has no more for now and it is early for a report, what comes until then."""
        batch = self._tail.next(self._most())
        if batch is None and self._facts and not self._tail.exited and (early := self._early) > 0:
            await asyncio.sleep(early)
            batch = self._tail.next(self._most())
        return batch

    def _most(self) -> int:
        """Lines that may be translated at once."""
        return SHARE if self._parts.others.speak(self.key.host, self._clock()) else AT_ONCE

    async def _rest(self, began: float) -> None:
        """Who has much to say leaves those who speak at the same time half of the time."""
        if self._parts.others.speak(self.key.host, began):
            await self._flush(force=False)
            await self._settled()
            await asyncio.sleep(self._clock() - began)

    @property
    def _early(self) -> float:
        """Seconds until a report may go."""
        return self._due - self._clock()

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()

    async def _vanished(self) -> None:
        """The connection is gone: the host is dead, or only its socket is."""
        link = await Link.connect(self._parts.places, self.key.host)
        if link is not None:
            self._giver.link, self._grown = link, link.grown
            return
        await self._drain()
        if not self._tail.exited:
            await self._give_up()

    async def _give_up(self, why: str = "") -> None:
        """The tape ends without an end of its agent."""
        await self._giver.end()
        await self._parts.reap(self.key.host)
        await asyncio.to_thread(self._tail.look_for_loss)
        batch = self._tail.vanish(now(), why)
        kept = [output for output in batch.outputs if not (self._tail.torn and self._known(output))]
        await self._take(Batch(kept, batch.end, batch.at, batch.known))
        await self._flush(force=True)
        await self._settled()

    def _known(self, output: object) -> bool:
        """The log has this item finished, although the tape, which lost its end, has it open."""
        if not isinstance(output, Fact) or not isinstance(output.event, ItemAdded | ToolFinished):
            return False
        row = transcript.get(self._parts.reader, output.event.item)
        return row is not None and (row.kind != "tool" or row.finish is not None)

    def _epilogue(self) -> list[Event]:
        """What the adapter cannot say when its agent ended before it got the prompt."""
        key, adapter, giver = self.key, self._tail.adapter, self._giver
        if adapter.lost and key.launch.resume:
            # The turn goes on: it waits for a host that begins anew.
            return [SessionLost(host=key.host, session=key.launch.resume)]
        row = conversations.get(self._parts.reader, key.conversation)
        if not (row and row.turn) or row.stopping or row.turn != key.turn or giver.gave(f"prompt:{row.turn}"):
            return []
        why = f"{giver.trouble} " if giver.trouble else ""
        return [TurnEnded(turn=row.turn, outcome="error", error=why + adapter.farewell(self._tail.code))]

    # -- from the agent -----------------------------------------------------------------------------------------------
    async def _take(self, batch: Batch) -> None:
        parts, conversation = self._parts, self.key.conversation
        self._life.speaks(batch.at)
        for item in batch.known:
            parts.live.finish(conversation, item)
        for output in batch.outputs:
            match output:
                case Live():
                    parts.live.append(conversation, output)
                case Fact(event=event):
                    if isinstance(event, ToolFinished):
                        parts.live.finish(conversation, output_of(event.item))
                        if output.commands:
                            event = await self._giver.terminals.finish(event, output.commands)
                    if isinstance(event, ItemAdded | ToolStarted):
                        # Gone from memory before it is in the log: a page keeps what it has until the item comes.
                        parts.live.finish(conversation, event.item)
                    self._facts.append(self._limited.seen(event, batch.at))
                case Write():
                    await self._giver.give(output)
        if self._tail.exited:
            # Before its end is in the log: after that nobody would look for them.
            await self._giver.terminals.end(left=self._giver.ending and not self._giver.resting)
            # In one report with the end of the host, so that the rules see both.
            self._facts += [self._limited.seen(event, batch.at) for event in self._epilogue()]
        if self._facts and self._early <= 0:
            await self._flush(force=False)
        else:
            await asyncio.sleep(0)

    async def _flush(self, *, force: bool) -> None:
        """Reports what has come together; translates on while the last report is being committed."""
        mark = self._tail.mark
        if not (self._facts or force or mark.offset - self._reported > UNREPORTED):
            return
        await self._settled()
        self._due = max(self._due, self._clock() - BURST * PACE) + PACE
        facts, self._facts, self._reported = self._facts, [], mark.offset
        report = Report(
            conversation=self.key.conversation,
            host=self.key.host,
            facts=facts,
            at=now(),
            pauses=self._parts.retry_after,
        )
        failpoint("effects.before_report")
        ended = [fact for fact in facts if isinstance(fact, TurnEnded)]

        async def commit() -> None:
            actor = f"agent:{self.key.agent}"
            await self._parts.dispatch(report, actor=actor, cause=self.key.host, mark=mark)
            if self._giver.link:
                self._giver.link.acknowledge(mark.offset)
            for fact in ended:
                self._parts.agents.turned(self.key.agent, fact)
            if ended:
                self._giver.turn_over()
                self._syncing = asyncio.create_task(self._sync())

        self._report = asyncio.create_task(commit())

    async def _sync(self) -> None:
        if self._giver.link:
            with contextlib.suppress(AgentFailed, TimeoutError):
                async with asyncio.timeout(SYNC):
                    await self._giver.link.sync()

    async def _settled(self) -> None:
        if self._report:
            task, self._report = self._report, None
            await task

    def _show(self, phase: Phase) -> None:
        pid = self._giver.link.child_pid if self._giver.link else None
        self._life = replace(self._life, phase=phase, pid=pid)
        self._parts.presence.set(self.key.conversation, self._life)
