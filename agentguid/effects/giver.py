"""Gives an agent what the log says it shall get: its handshake, prompts, answers, the wish to stop.

What that is is looked up each time, so that a restart needs no memory: every input has an id, and the host writes each
id once.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from agentguid.agents.base import (
    Adapter,
    Adjustable,
    Attaching,
    Closing,
    FileErrand,
    InsideErrand,
    Lingering,
    Prompt,
    Served,
    Steer,
    Write,
)
from agentguid.agents.commands import Run, Wish
from agentguid.append import read
from agentguid.effects import errands, inputs
from agentguid.effects.key import Key
from agentguid.effects.parts import EffectParts
from agentguid.effects.terminals import Terminals
from agentguid.entropy import now
from agentguid.failpoints import failpoint
from agentguid.hosts import frames, tape
from agentguid.hosts.link import Link
from agentguid.project import approvals, conversations, hosts, queue
from agentguid.project.conversations import Conversation
from agentguid.protocol.commands import Report
from agentguid.protocol.errors import AgentFailed
from agentguid.protocol.events import TurnEnded, TurnStarted

log = logging.getLogger(__name__)

ASK_NICELY = 2.0
"""Seconds that an agent has to stop when asked in its own protocol; then all that it started is ended. With `GRACE`, and
that again for a command of its last moment, this leaves one of the 5 s within which a stop has ended everything."""
GRACE = 1.0
"""Seconds until SIGKILL; SIGTERM comes half-way, to what it left in the background at once."""
REST = 2.0
"""Seconds that an agent without work has to go by itself when its input is closed, and then again on SIGTERM."""
QUIET = 0.5
"""Seconds without a word after which an agent that was asked to stop is taken to have stopped: the end of its turn is
on the tape, and only has not been read yet."""
CLOSE = 1.0
"""Seconds that an agent has to close its session before it is ended."""
AGAIN = 1.0
"""Seconds until what could not be given for now is tried again."""


class Giver:
    """The way to one agent. `poke` makes its session call `look` soon."""

    def __init__(
        self,
        parts: EffectParts,
        key: Key,
        adapter: Adapter,
        link: Link | None,
        poke: Callable[[], None],
        read: Callable[[], int],
    ) -> None:
        self.link = link
        """None: the host is dead, and only its tape is left to be read."""
        self.ending = False
        """Its host has been told to end: no further turn goes to it."""
        self.resting = False
        """Because there was nothing to do."""
        self.idle_since = now()
        self.waiting: str | None = None
        """The turn whose prompt the agent has not got yet."""
        self.waiting_since = 0
        self._waking: asyncio.TimerHandle | None = None
        """For what lingers."""
        self.trouble = ""
        """Why the host would not write something: it has been ended for that."""
        self.caught_up = False
        """The tape has been read to its end once: what is not on it has not been given."""
        self.unheard = False
        """The agent shall stop and cannot be told so before more of the tape is read."""
        self.terminals = Terminals(parts, key, adapter, poke)
        """The commands that it has us run."""
        self._parts, self._key, self._adapter, self._poke = parts, key, adapter, poke
        self._read = read
        """Up to where the tape has been read."""
        self._sent: set[str] = set()
        self._insisting: asyncio.Task[None] | None = None
        self._answering: str | None = ""
        """The turn whose decisions have been given up to position `_answered`."""
        self._answered = 0

    @property
    def stopping(self) -> bool:
        """The open turn is to stop."""
        row = self._row()
        return row is not None and bool(row.turn) and row.stopping

    def gave(self, name: str) -> bool:
        return name in self._sent

    async def look(self, *, settled: bool = True) -> None:
        """Gives what is wanted and was not given. Costs a few indexed reads.

        `settled`: everything that the tape says is in the log, so that they can be compared.
        """
        row = self._row()
        if row is None:
            return
        if row.deleted:
            await self.end()
            return
        if row.turn and row.stopping and not self.caught_up:
            await self._stop(row.turn)
            return
        waiting = row.turn if self._adapter.turn is None else None
        if waiting != self.waiting:
            self.waiting, self.waiting_since = waiting, now()
        if not self._adapter.ready:
            await self._give(self._adapter.start())
        if row.turn and row.stopping:
            await self._stop(row.turn)
        elif row.turn and self._wants_prompt():
            await self._prompt(row.turn)
        elif row.turn and row.queued and self._adapter.turn == row.turn:
            await self._steer(row.turn)
        if settled and self.caught_up and row.turn == self._adapter.turn and not row.stopping:
            await self._adjust(row)
        if not self._adapter.idle:
            await self._answer(row.turn)
        if self.caught_up:
            await self._run_errands(stopping=row.stopping)
            await self.terminals.settle()
            await self._hush()

    def _row(self) -> Conversation | None:
        """As it is now; None while the read models of the conversation are being rebuilt: then nothing is concluded."""
        parts, conversation = self._parts, self._key.conversation
        if not parts.current(conversation):
            asyncio.get_running_loop().call_later(AGAIN, self._poke)
            return None
        return conversations.get(parts.reader, conversation)

    def _wants_prompt(self) -> bool:
        return self.caught_up and self._adapter.ready and self._adapter.turn is None and not self.ending

    async def _prompt(self, turn: str) -> None:
        """Hands the prompt over, unless the turn wants another agent, folder or kind of process than this."""
        self.idle_since = now()  # from here on it has something to do, before the tape shows it
        if self.gave(f"prompt:{turn}"):
            return
        event = inputs.started(self._parts.reader, turn)
        prompt = await inputs.prompt(self._parts, event) if event else None
        if event is None or prompt is None:
            await self._fail(turn, "Its prompt is gone from the log. Send it again.")
            return
        if why := self._adapter.refuses(prompt) or self._unable(prompt):
            await self._refuse(turn, why)
            return
        if not self._adapter.serves(prompt) or not self._fits(event):
            await self.end()
            return
        if prompt.files:  # megabytes to be encoded
            await self._give(await asyncio.to_thread(self._adapter.prompt, prompt))
        else:
            await self._give(self._adapter.prompt(prompt))

    def _fits(self, event: TurnStarted) -> bool:
        """Whether the agent was started as the turn wants it, with what will hold until the turn's end."""
        parts, key = self._parts, self._key
        if (event.agent, event.cwd) != (key.agent, key.launch.cwd):
            return False
        row = hosts.get(parts.reader, key.host)
        return row is None or not parts.gemini.outdated(
            key.agent, read.at(parts.reader, [row.position])[row.position].at
        )

    async def _steer(self, turn: str) -> None:
        """Messages for the turn that runs, in their order; those that it does not take wait for its end."""
        for row in queue.list(self._parts.reader, self._key.conversation):
            if row.steering and not self.gave(f"steer:{row.message}"):
                said = await inputs.waiting(self._parts.reader, self._parts.blobs, row.position)
                if said is not None and (not said[1] or isinstance(self._adapter, Attaching)):
                    await self._give(self._adapter.steer(Steer(turn, row.message, *said)))

    async def _refuse(self, turn: str, why: str) -> None:
        """The agent will not have it. Another process may, once what it says is put right."""
        if not self.ending:
            await self._fail(turn, why)
            await self.end()

    def _unable(self, prompt: Prompt) -> str:
        """Nothing of a message is left out without a word: an agent that cannot take its files does not get it."""
        adapter = self._adapter
        if not prompt.files or (isinstance(adapter, Attaching) and adapter.pictures):
            return ""
        what = "pictures" if any(file.picture for file in prompt.files) else "files"
        if isinstance(adapter, Attaching) and what == "files":
            return ""
        return f"{self._name()} takes no {what}. Send the message again without, or choose another agent."

    def _name(self) -> str:
        found = self._parts.agents.get(self._key.agent)
        return found.name if found else self._key.agent

    async def _fail(self, turn: str, why: str) -> None:
        ended = TurnEnded(turn=turn, outcome="error", error=why)
        report = Report(conversation=self._key.conversation, host=self._key.host, facts=[ended])
        await self._parts.dispatch(report, actor="daemon")

    async def _answer(self, turn: str | None) -> None:
        """All decisions in their order. Those that are given, or that nobody asks for, are not looked at again."""
        parts, conversation = self._parts, self._key.conversation
        if turn != self._answering:
            row = hosts.get(parts.reader, self._key.host)
            self._answering, self._answered = turn, row.position if row else 0
        after, known, upto = self._answered, self.caught_up, parts.feed.position
        while page := approvals.decided(parts.reader, conversation, turn, after):
            for approval in page:
                after = approval.decided or after
                known = await self._answer_one(approval) and known
                if known:
                    self._answered = after
        if known:  # those of other turns are not passed over again
            self._answered = max(self._answered, upto)

    async def _answer_one(self, approval: approvals.Approval) -> bool:
        """True: the agent has it, or does not ask (any more, once all of the tape has been read)."""
        if self.gave(f"answer:{approval.id}"):
            return True
        writes = await inputs.answer(self._parts.reader, self._parts.blobs, self._adapter, approval)
        await self._give(writes)
        return all(self.gave(write.id) for write in writes)

    async def _adjust(self, row: Conversation) -> None:
        """What the user chose since the turn began holds at once, where the agent can be told."""
        if row.turn and isinstance(self._adapter, Adjustable) and row.agent == self._key.agent:
            await self._give(self._adapter.adjust(row.model, row.mode))

    async def _run_errands(self, *, stopping: bool) -> None:
        """Those without an answer on the tape: a daemon that died in between runs one again. No file is written after a stop."""
        for errand in self._adapter.errands:
            writes = isinstance(errand, FileErrand) and errand.text is not None
            if self.gave(errand.id) or self.link is None or (writes and stopping):
                continue
            result: Served | None = None
            if isinstance(errand, FileErrand | InsideErrand):
                result = await asyncio.to_thread(errands.run, errand, self._key.launch.cwd)
            elif isinstance(errand, Run | Wish):
                result = self.terminals.serve(errand)
            if result is not None:
                await self._give(self._adapter.served(errand, result))

    async def _hush(self) -> None:
        """What the agent said outside a turn is over when it says no more: only a clock knows that, and the fold has none."""
        due = self._adapter.lingers if isinstance(self._adapter, Lingering) else None
        if self._waking:
            self._waking.cancel()
        if due is None:
            return
        if (left := (due - now()) / 1_000_000) > 0:
            self._waking = asyncio.get_running_loop().call_later(left + 0.001, self._poke)
        else:
            await self._give([Write(f"noted:quiet-{due}", b"")])

    # -- stopping -----------------------------------------------------------------------------------------------------
    async def _stop(self, turn: str) -> None:
        self.terminals.stop()
        if self._insisting is None:
            self._insisting = asyncio.create_task(self._insist(turn))
            # Not in a `finally`: a task that is cancelled before its first step never comes to it.
            self._insisting.add_done_callback(self._insisted)
            if self.link:
                # An agent that has to wait for us with a full pipe could not obey.
                self.link.acknowledge(self.link.tape_end)
        self.unheard = self._adapter.turn != turn and not self.caught_up
        await self._give(self._adapter.stop(turn))

    async def _insist(self, turn: str) -> None:
        """Asked nicely first; whoever does not stop is ended, and all that it started with it.

        Who falls silent has stopped, as far as can be seen: that is not ended because reading takes its time.
        """
        if self._adapter.turn == turn or self.gave(f"prompt:{turn}") or not self.caught_up:
            await asyncio.sleep(ASK_NICELY - QUIET)
            end = self._taped()
            await asyncio.sleep(QUIET)
            while self._open(turn) and self._fell_silent(end) and self._heard(turn):  # noqa: ASYNC110
                await asyncio.sleep(QUIET)
        if self._open(turn):
            await self.end()

    def _taped(self) -> int:
        return self.link.tape_end if self.link and self.link.alive else 0

    def _fell_silent(self, end: int) -> bool:
        """Of its own will, and its last words are still to be read."""
        return self._read() < self._taped() == end and not (self.link and self.link.state & frames.PAUSED)

    def _open(self, turn: str) -> bool:
        row = self._row()
        return row is not None and row.turn == turn

    def _heard(self, turn: str) -> bool:
        return self.gave(f"stop:{turn}")

    def _insisted(self, _: asyncio.Task[None]) -> None:
        self._insisting = None
        self._poke()  # a stop of the next turn may have come meanwhile

    def turn_over(self) -> None:
        """The agent is through with its turn: nobody insists on its end, and ids of its inputs need not be kept."""
        self.idle_since = now()
        self._sent.clear()
        if self._insisting and not self.ending:  # else the host would never hear that it is to end
            self._insisting.cancel()

    def leave(self) -> None:
        for waiting in (self._insisting, self._waking):
            if waiting:
                waiting.cancel()

    async def end(self) -> None:
        """Ends the host and with it the agent, and what its commands left."""
        self.ending = True
        self.terminals.stop()
        await self._close()
        async with asyncio.TaskGroup() as together:
            together.create_task(self.terminals.sweep(GRACE))
            if self.link:
                with contextlib.suppress(AgentFailed):  # it is gone already, and the tape says how
                    await self.link.end(GRACE)

    async def rest(self) -> None:
        """Ends an agent that has nothing to do, to save its memory: what it left to run in the background stays."""
        self.ending = self.resting = True
        await self._close()
        if self.link:
            with contextlib.suppress(AgentFailed):
                await self.link.eof()
                if not await self.link.over(REST):
                    await self.link.signal("TERM")
                if not await self.link.over(REST):
                    await self.link.end(GRACE)

    async def _close(self) -> None:
        try:
            await self._closed()
        except Exception:  # the border of an adapter: its bug keeps no agent alive
            log.exception("closing a session failed", extra={"host": self._key.host})

    async def _closed(self) -> None:
        """Tells the agent that its session is not needed here any more, where it can be told, and hears it out: shortly."""
        link, adapter = self.link, self._adapter
        if link is None or not link.alive or not isinstance(adapter, Closing):
            return
        reader = tape.Reader(self._parts.places.tapes / self._key.host, link.tape_end)
        writes = [write for write in adapter.close() if not self.gave(write.id)]
        await self._give(writes)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE):
                while writes and link.alive and not _spoke(reader):  # noqa: ASYNC110 - the tape is a file
                    await asyncio.sleep(0.02)

    # -- the last step ------------------------------------------------------------------------------------------------
    async def _give(self, writes: Sequence[Write]) -> None:
        for write in writes:
            await self.give(write)

    async def give(self, write: Write) -> None:
        """Writes one input, once. A refusal for now is tried again, one for good ends the agent and says why."""
        if self.gave(write.id) or self.link is None:
            return
        failpoint("effects.before_send")
        try:
            status, reason = await self.link.offer(write.id, write.data)
        except AgentFailed:
            return  # the host is gone: the tape says what came of it
        failpoint("effects.after_send")
        if status != "refused":
            self._sent.add(write.id)
        elif self.link.state & frames.FULL:
            asyncio.get_running_loop().call_later(AGAIN, self._poke)
        elif not self.ending:
            log.warning("an input was refused: %s", reason, extra={"host": self._key.host, "input": write.id})
            self.trouble = reason
            await self.end()


def _spoke(reader: tape.Reader) -> bool:
    """Whether the agent has said anything since."""
    return any(record.direction == tape.OUT for record in reader.records())
