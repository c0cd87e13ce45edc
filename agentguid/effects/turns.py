"""Runs turns: gives every open turn a living agent session, and every living session what it shall get.

`react` looks at one event; `resume` asks the read models what was wanted when the daemon went away.
"""

import asyncio
import contextlib
import logging
import os

from agentguid.append import read
from agentguid.effects.failing import Failing
from agentguid.effects.inputs import started, unwanted
from agentguid.effects.losing import fail, lose
from agentguid.effects.parts import EffectParts
from agentguid.effects.session import Session
from agentguid.effects.start import reconnect, start
from agentguid.effects.terminals import commands_of
from agentguid.entropy import new_id, now
from agentguid.hosts.orphans import held, kill, sweep
from agentguid.hosts.tape import is_empty
from agentguid.project import conversations, hosts, retries, turns
from agentguid.protocol.commands import CancelRetry, StopTurn
from agentguid.protocol.errors import AgentFailed, AgentguidError, Refused
from agentguid.protocol.events import HostRequested, Recorded
from agentguid.protocol.ids import CONVERSATION, conversation_of, stream_of

log = logging.getLogger(__name__)

TYPES = (
    "turn.started",
    "turn.stop_requested",
    "message.steer_requested",
    "approval.decided",
    "conversation.configured",
    "conversation.deleted",
)
"""What this effect reacts to."""
END_ALL = 30.0
"""Seconds within which all agents end; each is killed after a few."""
AGAIN = 0.5
"""Seconds until a turn is looked at again whose state was not what it seemed."""


class Turns:
    """One for the daemon. Keeps no facts: sessions are found again after a restart."""

    def __init__(self, parts: EffectParts) -> None:
        self._parts = parts
        self._sessions: dict[str, Session] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """By conversation: the one task that starts, runs or ends its session."""
        self._failing = Failing(parts)
        self._later: dict[str, asyncio.TimerHandle] = {}
        """By conversation: when it is seen to again after its task has failed."""
        self._closing = False
        """No agent is started any more."""
        self._left = False
        """The daemon stops: nothing is seen to any more."""

    # -- the effect ---------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Resumes, then follows the log until cancelled. An error ends all of it, and with it the daemon."""
        after = self._parts.feed.position
        self._parts.presence.recovering = True
        await self.resume()
        try:
            async with asyncio.TaskGroup() as together:
                together.create_task(self._follow(after))
                together.create_task(self._resume_rest())
                together.create_task(self._end_idle())
        finally:
            await self._leave()

    async def _follow(self, after: int) -> None:
        feed, reader = self._parts.feed, self._parts.reader
        while True:
            grown, head = feed.grown(), feed.position
            while head > after and (batch := read.events(reader, after, types=TYPES, limit=100)):
                after = batch[-1].position
                for recorded in batch:
                    self.react(recorded)
                await asyncio.sleep(0)
            after = max(after, head)
            await grown.wait()

    def react(self, recorded: Recorded) -> None:
        """Sees to the conversation that an event is about."""
        conversation = conversation_of(recorded.stream)
        if conversation:
            self._see_to(conversation)

    async def resume(self) -> None:
        """Takes up every host that should live and every turn that is open."""
        reader = self._parts.reader
        for conversation in {*(row.conversation for row in hosts.living(reader)), *turns.active(reader)}:
            self._see_to(conversation)

    async def _resume_rest(self) -> None:
        """After an upgrade, read models are rebuilt in the background: what they did not show yet is taken up then."""
        parts = self._parts
        while read.behind(parts.reader, CONVERSATION, parts.signature, limit=1):
            grown = parts.feed.grown()
            await self.resume()
            await grown.wait()
        await self.resume()
        parts.presence.recovering = False

    # -- one conversation ---------------------------------------------------------------------------------------------
    def _see_to(self, conversation: str) -> None:
        session = self._sessions.get(conversation)
        if session:
            session.poke()
        if conversation not in self._tasks and not self._left:
            if timer := self._later.pop(conversation, None):
                timer.cancel()
            self._tasks[conversation] = asyncio.create_task(
                self._work(conversation), name=f"turns-{conversation}"
            )

    async def _work(self, conversation: str) -> None:
        """The task of a conversation. What fails in it concerns no other."""
        wait: float | None = None
        try:
            await self._serve(conversation)
            self._failing.over(conversation)
        except Exception as error:  # the border of an effect
            wait = await self._failing.meet(conversation, error)
        finally:
            # At once, so that no event comes after its last look and finds it still there.
            self._tasks.pop(conversation, None)
        if wait is not None:
            loop = asyncio.get_running_loop()
            self._later[conversation] = loop.call_later(wait, self._see_to, conversation)

    async def _serve(self, conversation: str) -> None:
        """Until no turn is open and no host lives: a session for it."""
        parts = self._parts
        while True:
            await self._current(conversation)
            living = hosts.of(parts.reader, conversation)
            row = conversations.get(parts.reader, conversation)
            if living:
                await self._take_up(conversation, living)
            elif row is None or row.turn is None or self._closing:
                if row and row.deleted:
                    had = hosts.all_of(parts.reader, conversation)
                    await sweep(parts.places, [*had, *await commands_of(parts.places, had)])
                return
            elif row.stopping:
                await fail(parts, conversation, row.turn, None)
            else:
                await self._begin(conversation, row.turn)

    async def _current(self, conversation: str) -> None:
        """Until the read models are complete: nothing may be concluded from those of an earlier version."""
        while True:
            grown = self._parts.feed.grown(stream_of(conversation))
            if self._parts.current(conversation):
                return
            await grown.wait()

    async def _begin(self, conversation: str, turn: str) -> None:
        """Starts an agent for a turn and stays with it to its end."""
        parts = self._parts
        event = started(parts.reader, turn)
        if event is None:
            await fail(parts, conversation, turn, "Its prompt is gone from the log.")
            return
        host = new_id()
        try:
            key, link = await start(parts, conversation, host, event)
        except Refused:
            await asyncio.sleep(AGAIN)  # the turn ended meanwhile, or a host lives after all
        except AgentFailed as failed:
            if held(parts.places, host):
                raise  # it lives and only is slow: it is taken up later, or nobody would ever end it
            await lose(parts, conversation, host, str(failed))
        else:
            try:
                session = Session(parts, key, link)
            except BaseException:
                await link.close()  # it is connected to anew
                raise
            await self._run(session)

    async def _take_up(self, conversation: str, living: hosts.Host) -> None:
        """Goes on with a host that the log knows as living: one of an earlier daemon, or of a task that failed."""
        parts = self._parts
        event = read.at(parts.reader, [living.position])[living.position].event
        if not isinstance(event, HostRequested):
            await lose(
                parts, conversation, living.id, "What its agent was started with is gone from the log."
            )
            return
        try:
            key, link = await reconnect(parts, conversation, event)
        except AgentFailed as failed:
            if held(parts.places, living.id):
                if not unwanted(parts, conversation) and not self._closing:
                    raise  # it lives and does not answer: no other agent may work on its session; tried again
                await kill(parts.places, living.id)
                if not is_empty(str(parts.places.tapes / living.id)):
                    return  # dead, it is taken up once more: what its tape says is not lost
            await lose(parts, conversation, living.id, str(failed))
            return
        try:
            session = Session(parts, key, link)
        except AgentFailed as failed:
            if link:
                try:
                    await link.end()
                finally:
                    await link.close()
            await lose(parts, conversation, living.id, str(failed))
        except BaseException:
            if link:
                await link.close()
            raise
        else:
            await self._run(session)

    async def _run(self, session: Session) -> None:
        conversation = session.key.conversation
        self._sessions[conversation] = session
        try:
            await session.run()
        finally:
            del self._sessions[conversation]

    # -- housekeeping -------------------------------------------------------------------------------------------------
    async def _end_idle(self) -> None:
        while True:
            await asyncio.sleep(min(30.0, self._parts.idle_after))
            limit = now() - self._parts.idle_after * 1_000_000
            for conversation, session in list(self._sessions.items()):
                since = session.idle_since()
                row = conversations.get(self._parts.reader, conversation)
                if since is not None and since < limit and row is not None and row.turn is None:
                    await self._rest(conversation, session)

    @staticmethod
    async def _rest(conversation: str, session: Session) -> None:
        try:
            await session.rest()
        except Exception:  # the border of an effect: nothing of one agent ends the others
            log.exception("ending an idle agent failed", extra={"conversation": conversation})

    async def let_go(self, conversation: str) -> None:
        """Ends an agent that has nothing to do: its session went on elsewhere, and the next turn must know of that."""
        session = self._sessions.get(conversation)
        if session is not None and session.idle_since() is not None:
            await session.end()

    async def end_all(self) -> int:
        """Ends every agent, for a daemon that is told to stop with them; how many there were.

        Turns that run are stopped first, so that they end as interrupted; what waits in queues is held back.
        """
        self._closing = True
        try:
            await self._stop_all()
            for conversation in list(self._later):  # a host that waits there has no task that could end it
                self._see_to(conversation)
            return await self._end_sessions()
        except BaseException:
            self._closing = False  # the daemon goes on, and with it the turns
            await self.resume()
            raise

    async def _stop_all(self) -> None:
        """What cannot be written does not keep an agent alive: the next daemon finds how it ended."""
        dispatch, reader = self._parts.dispatch, self._parts.reader
        for conversation in turns.active(reader):
            with contextlib.suppress(AgentguidError):
                await dispatch(StopTurn(conversation=conversation, hold=True), actor="daemon")
        for retry in retries.soonest(reader, limit=-1):
            with contextlib.suppress(AgentguidError):
                await dispatch(CancelRetry(conversation=retry.conversation), actor="daemon")

    async def _end_sessions(self) -> int:
        places, told = self._parts.places, set[str]()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_ALL):
                while self._tasks:
                    new = [one for name, one in self._sessions.items() if name not in told]
                    told |= self._sessions.keys()
                    await asyncio.gather(*(one.end() for one in new))
                    await asyncio.wait(list(self._tasks.values()), timeout=0.1)
        for host in hosts.living(self._parts.reader):  # whoever did not end for that, or could not be told
            with contextlib.suppress(OSError):
                if held(places, host.id):
                    await kill(places, host.id)
        with contextlib.suppress(OSError):
            await sweep(places, os.listdir(places.tapes))
        return len(told)

    async def _leave(self) -> None:
        """The daemon stops: hosts and agents go on."""
        self._left = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
