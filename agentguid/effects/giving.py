"""The way to one agent: each input is written once, and in the end its host is ended.

What the agent shall get is looked up each time, so that a restart needs no memory: every input has an id, and the host
writes each id once.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from agentguid.agents.base import Adapter, Closing, Write
from agentguid.effects.key import Key
from agentguid.effects.parts import EffectParts
from agentguid.effects.terminals import Terminals
from agentguid.entropy import now
from agentguid.failpoints import failpoint
from agentguid.hosts import frames, tape
from agentguid.hosts.link import Link
from agentguid.project import conversations
from agentguid.project.conversations import Conversation
from agentguid.protocol.errors import AgentFailed

log = logging.getLogger(__name__)

GRACE = 1.0
"""Seconds until SIGKILL; SIGTERM comes half-way, to what it left in the background at once."""
REST = 2.0
"""Seconds that an agent without work has to go by itself when its input is closed, and then again on SIGTERM."""
CLOSE = 1.0
"""Seconds that an agent has to close its session before it is ended."""
AGAIN = 1.0
"""Seconds until what could not be given for now is tried again."""


class Giving:
    """What is known of the agent at this end. `poke` makes its session call `look` soon."""

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

    def gave(self, name: str) -> bool:
        return name in self._sent

    def _row(self) -> Conversation | None:
        """As it is now; None while the read models of the conversation are being rebuilt: then nothing is concluded."""
        parts, conversation = self._parts, self._key.conversation
        if not parts.current(conversation):
            asyncio.get_running_loop().call_later(AGAIN, self._poke)
            return None
        return conversations.get(parts.reader, conversation)

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


def _spoke(reader: tape.Reader) -> bool:
    """Whether the agent has said anything since."""
    return any(record.direction == tape.OUT for record in reader.records())
