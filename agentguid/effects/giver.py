"""Gives an agent what the log says it shall get: its handshake, prompts, answers, the wish to stop."""

import asyncio

from agentguid.agents.base import (
    Adjustable,
    Attaching,
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
from agentguid.effects.stopping import Stopping
from agentguid.entropy import now
from agentguid.project import approvals, hosts, queue
from agentguid.project.conversations import Conversation
from agentguid.protocol.commands import Report
from agentguid.protocol.events import TurnEnded, TurnStarted


class Giver(Stopping):
    """Looks up what the agent shall get, and gives it."""

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
