"""One agent session: reads its tape, reports what it says, and hands it what the log says it shall get.

The tape is read, never the pipe: this may be a daemon that came back. What the agent should get (prompts, answers,
a stop) is looked up each time something changed, so that a restart needs no memory: every input has an id, and the
host writes each id once.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from agentguid.agents.base import Fact, Launch, Live, Write
from agentguid.append import read
from agentguid.effects import inputs
from agentguid.effects.parts import EffectParts
from agentguid.effects.tail import Batch, Tail
from agentguid.entropy import now
from agentguid.failpoints import failpoint
from agentguid.hosts.link import Link
from agentguid.project import approvals, conversations
from agentguid.protocol.commands import Report
from agentguid.protocol.errors import AgentFailed
from agentguid.protocol.events import Event, ItemAdded, SessionLost, ToolStarted, TurnEnded
from agentguid.stream.presence import Liveness, Phase

log = logging.getLogger(__name__)

UNREPORTED = 4 * 1024 * 1024
"""Bytes of tape (all live text) after which the mark is moved although there is nothing to report."""
ASK_NICELY = 2.5
"""Seconds that an agent has to stop when asked in its own protocol; then its process group is ended."""
GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a session was started for; when a turn wants something else, it needs another one."""

    conversation: str
    host: str
    agent: str
    launch: Launch
    turn: str | None = None
    """The turn that it was started for; None: found again after a restart."""


class Session:
    """Lives as long as its host does, or until the daemon stops."""

    def __init__(self, parts: EffectParts, key: Key, link: Link | None) -> None:
        self.key = key
        self._parts = parts
        self._link = link
        """None: the host is dead, and only its tape is left to be read."""
        self._grown = link.grown if link else asyncio.Event()
        self._tail = self._fold()
        self._sent: set[str] = set()
        self._facts: list[Event] = []
        self._reported = self._tail.mark.offset
        self._report: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._life = Liveness(key.host, "catching_up", None, now())
        self.ending = False
        """Its host has been told to end: no further turn goes to it."""
        self.idle_since = now()

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
        self._grown.set()

    async def end(self) -> None:
        """Ends the host and with it the agent; `run` returns when all it said is in the log."""
        self.ending = True
        if self._link:
            with contextlib.suppress(AgentFailed):  # it is gone already, and the tape says how
                await self._link.end(GRACE)

    @property
    def busy(self) -> bool:
        adapter = self._tail.adapter
        return adapter.turn is not None or not adapter.idle or adapter.background > 0

    # -- its life -----------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Returns when the agent has ended and everything is reported."""
        parts, key = self._parts, self.key
        try:
            self._show("catching_up")
            while not self._tail.exited:
                self._grown.clear()
                await self._drain()
                if self._tail.exited:
                    break
                if self._link is None or not self._link.alive:
                    await self._vanished()
                    continue
                await self._hand_over()
                await self._grown.wait()
        finally:
            for task in (self._stopping, self._report):
                if task and not task.done() and (self._tail.exited or task is self._stopping):
                    task.cancel()
            parts.live.clear(key.conversation)
            parts.presence.set(key.conversation, None)
            if self._link:
                await self._link.close()

    async def _drain(self) -> None:
        while (batch := self._tail.next()) is not None:
            failpoint("effects.after_translate")
            await self._take(batch)
        await self._flush(force=False)
        await self._settled()
        self._show(
            "running" if self._tail.adapter.turn else "idle" if self._tail.adapter.ready else "starting"
        )

    async def _vanished(self) -> None:
        """The connection is gone: the host is dead, or only its socket is."""
        link = await Link.connect(self._parts.places, self.key.host)
        if link is not None:
            self._link, self._grown = link, link.grown
            return
        await self._drain()
        if not self._tail.exited:
            await self._parts.reap(self.key.host)
            await self._take(self._tail.vanish(now()))
            await self._flush(force=True)
            await self._settled()

    def _epilogue(self) -> list[Event]:
        """What the adapter cannot say when its agent ended before it got the prompt."""
        key, adapter = self.key, self._tail.adapter
        if adapter.lost and key.launch.resume:
            # The turn goes on: it waits for a host that begins anew.
            return [SessionLost(host=key.host, session=key.launch.resume)]
        row = conversations.get(self._parts.reader, key.conversation)
        if (
            row
            and row.turn
            and row.turn == key.turn
            and not row.stopping
            and f"prompt:{row.turn}" not in self._sent
        ):
            return [TurnEnded(turn=row.turn, outcome="error", error=adapter.farewell(self._tail.code))]
        return []

    # -- from the agent -----------------------------------------------------------------------------------------------
    async def _take(self, batch: Batch) -> None:
        parts, conversation = self._parts, self.key.conversation
        self._life.last_sign = batch.at
        for output in batch.outputs:
            match output:
                case Live():
                    parts.live.append(conversation, output)
                case Fact(event=event):
                    if isinstance(event, ItemAdded | ToolStarted):
                        # Gone from memory before it is in the log: a page keeps what it has until the item comes.
                        parts.live.finish(conversation, event.item)
                    self._facts.append(event)
                case Write():
                    await self._send(output)
        if self._tail.exited:
            # In one report with the end of the host, so that the rules see both.
            self._facts += self._epilogue()
        if self._facts:
            await self._flush(force=False)
        else:
            await asyncio.sleep(0)

    async def _flush(self, *, force: bool) -> None:
        """Reports what has come together; translates on while the last report is being committed."""
        mark = self._tail.mark
        if not (self._facts or force or mark.offset - self._reported > UNREPORTED):
            return
        await self._settled()
        facts, self._facts, self._reported = self._facts, [], mark.offset
        report = Report(conversation=self.key.conversation, host=self.key.host, facts=facts)
        failpoint("effects.before_report")
        ended = any(isinstance(fact, TurnEnded) for fact in facts)

        async def commit() -> None:
            await self._parts.dispatch(
                report, actor=f"agent:{self.key.agent}", cause=self.key.host, mark=mark
            )
            if self._link:
                self._link.acknowledge(mark.offset)
            if ended:
                await self._turn_over()

        self._report = asyncio.create_task(commit())

    async def _turn_over(self) -> None:
        self.idle_since = now()
        self._sent.clear()
        if self._link:
            with contextlib.suppress(AgentFailed):
                await self._link.sync()

    async def _settled(self) -> None:
        if self._report:
            task, self._report = self._report, None
            await task

    # -- to the agent -------------------------------------------------------------------------------------------------
    async def _hand_over(self) -> None:
        parts, adapter, conversation = self._parts, self._tail.adapter, self.key.conversation
        if not adapter.ready:
            for write in adapter.start():
                await self._send(write)
        row = conversations.get(parts.reader, conversation)
        if row is None or row.deleted:
            await self.end()
            return
        if row.turn is None:
            return
        if row.stopping:
            await self._stop(row.turn)
        elif adapter.ready and adapter.turn is None and not self.ending:
            await self._prompt(row.turn)
        for approval in approvals.decided(parts.reader, conversation, row.turn):
            if f"answer:{approval.id}" not in self._sent:
                for write in inputs.answer(parts.reader, parts.blobs, adapter, approval.id):
                    await self._send(write)

    async def _prompt(self, turn: str) -> None:
        """Hands the prompt over, unless the turn wants another agent, folder or kind of process than this."""
        parts, key, adapter = self._parts, self.key, self._tail.adapter
        event = inputs.started(parts.reader, turn)
        if event is None or f"prompt:{turn}" in self._sent:
            return
        prompt = await asyncio.to_thread(inputs.prompt, parts.blobs, event) if event.body.blob else None
        prompt = prompt or inputs.prompt(parts.blobs, event)
        if (event.agent, event.cwd) != (key.agent, key.launch.cwd) or not adapter.serves(prompt):
            await self.end()
            return
        for write in adapter.prompt(prompt):
            await self._send(write)

    async def _stop(self, turn: str) -> None:
        for write in inputs.stop(self._parts.reader, self._tail.adapter, self.key.conversation):
            await self._send(write)
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._insist(turn))

    async def _insist(self, turn: str) -> None:
        """Asked nicely first; whoever does not stop is ended, and all that it started with it."""
        if self._tail.adapter.turn == turn:
            await asyncio.sleep(ASK_NICELY)
        self._stopping = None
        row = conversations.get(self._parts.reader, self.key.conversation)
        if row is not None and row.turn == turn:
            await self.end()

    async def _send(self, write: Write) -> None:
        if write.id in self._sent or self._link is None:
            return
        failpoint("effects.before_send")
        try:
            taken = await self._link.send(write.id, write.data)
        except AgentFailed:
            return  # the host is gone: the tape says what came of it
        self._sent.add(write.id)
        failpoint("effects.after_send")
        if taken == "refused":
            log.warning("the host refused an input", extra={"host": self.key.host, "input": write.id})

    def _show(self, phase: Phase) -> None:
        life = self._life
        pid = self._link.child_pid if self._link else None
        fresh = Liveness(life.host, phase, pid, life.last_sign)
        self._life = fresh
        self._parts.presence.set(self.key.conversation, fresh)
