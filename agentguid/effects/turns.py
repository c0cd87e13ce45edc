"""Runs turns: gives every open turn a living agent session, and every living session what it shall get.

`react` looks at one event; `resume` asks the read models what was wanted when the daemon went away.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from agentguid.agents.base import Launch
from agentguid.append import read
from agentguid.effects.parts import EffectParts
from agentguid.effects.session import Key, Session
from agentguid.effects.start import reconnect, start
from agentguid.entropy import new_id, now
from agentguid.project import conversations, hosts, turns
from agentguid.protocol.commands import Report
from agentguid.protocol.errors import AgentFailed, Refused
from agentguid.protocol.events import Event, HostEnded, HostRequested, Recorded, TurnEnded, TurnStarted
from agentguid.protocol.ids import conversation_of

log = logging.getLogger(__name__)

TYPES = ("turn.started", "turn.stop_requested", "approval.decided", "conversation.deleted")
"""What this effect reacts to."""
TRY_AGAIN = 5.0
"""Seconds until a conversation whose task failed unexpectedly (a full disk, a bug) is seen to again."""


class Turns:
    """One for the daemon. Keeps no facts: sessions are found again after a restart."""

    def __init__(self, parts: EffectParts) -> None:
        self._parts = parts
        self._sessions: dict[str, Session] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """By conversation: the one task that starts, runs or ends its session."""

    # -- the effect ---------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Resumes, then follows the log until cancelled."""
        after = self._parts.feed.position
        await self.resume()
        self._parts.presence.recovering = False
        idle = asyncio.create_task(self._end_idle())
        try:
            while True:
                grown, head = self._parts.feed.grown(), self._parts.feed.position
                while batch := read.events(self._parts.reader, after, types=TYPES, limit=100):
                    after = batch[-1].position
                    for recorded in batch:
                        self.react(recorded)
                    await asyncio.sleep(0)
                after = max(after, head)
                await grown.wait()
        finally:
            idle.cancel()
            await self._leave()

    def react(self, recorded: Recorded) -> None:
        """Sees to the conversation that an event is about."""
        conversation = conversation_of(recorded.stream)
        if conversation:
            self._see_to(conversation)

    async def resume(self) -> None:
        """Takes up every host that should live and every turn that is open."""
        parts = self._parts
        parts.presence.recovering = True
        for row in hosts.living(parts.reader):
            self._spawn(row.conversation, self._take_up(row.conversation, row.id, row.position))
        for conversation in turns.active(parts.reader):
            self._see_to(conversation)

    # -- one conversation ---------------------------------------------------------------------------------------------
    def _see_to(self, conversation: str) -> None:
        session = self._sessions.get(conversation)
        if session:
            session.poke()
        if conversation not in self._tasks:
            self._spawn(conversation, self._serve(conversation))

    def _spawn(self, conversation: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"turns-{conversation}")
        self._tasks[conversation] = task
        task.add_done_callback(lambda done: self._done(conversation, done))

    def _done(self, conversation: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(conversation) is task:
            del self._tasks[conversation]
        if task.cancelled():
            return
        if error := task.exception():
            log.error("running a turn failed", exc_info=error, extra={"conversation": conversation})
            asyncio.get_running_loop().call_later(TRY_AGAIN, self._see_to, conversation)
        elif (row := conversations.get(self._parts.reader, conversation)) and row.turn:
            self._see_to(conversation)  # started after the task had looked for the last time

    async def _serve(self, conversation: str) -> None:
        """As long as a turn is open: a session for it. Ends when none is and no session lives."""
        parts = self._parts
        while (row := conversations.get(parts.reader, conversation)) and row.turn:
            if row.stopping:
                await self._fail(conversation, row.turn, None)
                continue
            wanted = self._wanted(row.turn)
            if wanted is None:
                return
            host = new_id()
            try:
                key, link = await start(parts, conversation, host, *wanted)
            except Refused:
                return  # the turn ended meanwhile
            except AgentFailed as failed:
                await self._fail(conversation, row.turn, str(failed), host)
            else:
                await self._run(Session(parts, key, link))

    async def _take_up(self, conversation: str, host: str, requested: int) -> None:
        """A host that the log knows as living, after a restart."""
        event = read.at(self._parts.reader, [requested])[requested].event
        if isinstance(event, HostRequested):
            try:
                key, link = await reconnect(self._parts, conversation, event)
            except AgentFailed as failed:
                row = conversations.get(self._parts.reader, conversation)
                await self._fail(conversation, row.turn if row else None, str(failed), host)
            else:
                await self._run(Session(self._parts, key, link))
        await self._serve(conversation)

    async def _run(self, session: Session) -> None:
        conversation = session.key.conversation
        self._sessions[conversation] = session
        replace = asyncio.create_task(self._replace(session))
        try:
            await session.run()
        finally:
            replace.cancel()
            del self._sessions[conversation]

    async def _replace(self, session: Session) -> None:
        """Ends a session whose conversation is gone or wants another agent, model or folder: the next turn gets its own."""
        parts, key = self._parts, session.key
        stream = f"conversation-{key.conversation}"
        while not session.ending:
            grown = parts.feed.grown(stream)
            row = conversations.get(parts.reader, key.conversation)
            if row is None or row.deleted:
                await session.end()
            elif row.turn and not session.busy and (wanted := self._wanted(row.turn)):
                agent, launch = wanted
                same = (key.launch.cwd, key.launch.model, key.launch.mode) == (
                    launch.cwd,
                    launch.model,
                    launch.mode,
                )
                if agent != key.agent or not same:
                    await session.end()
            await grown.wait()

    def _wanted(self, turn: str) -> tuple[str, Launch] | None:
        """Agent and launch that a turn was started for."""
        row = turns.get(self._parts.reader, turn)
        event = row and read.at(self._parts.reader, [row.position])[row.position].event
        if not isinstance(event, TurnStarted):
            return None
        return event.agent, Launch(event.cwd, event.model, event.mode, None)

    async def _fail(self, conversation: str, turn: str | None, error: str | None, host: str = "") -> None:
        """Ends a turn that cannot be run; with no error it was stopped before it ran."""
        facts: list[Event] = []
        if turn:
            facts.append(TurnEnded(turn=turn, outcome="error" if error else "interrupted", error=error))
        if host:
            facts.append(HostEnded(host=host))
        await self._parts.dispatch(Report(conversation=conversation, host=host, facts=facts), actor="daemon")

    # -- housekeeping -------------------------------------------------------------------------------------------------
    async def _end_idle(self) -> None:
        while True:
            await asyncio.sleep(min(30.0, self._parts.idle_after))
            limit = now() - self._parts.idle_after * 1_000_000
            for session in list(self._sessions.values()):
                if not session.busy and not session.ending and session.idle_since < limit:
                    await session.end()

    async def _leave(self) -> None:
        """The daemon stops: hosts and agents go on."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
