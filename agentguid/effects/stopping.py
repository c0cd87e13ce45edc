"""The wish to stop: asked for in the agent's own protocol first, then insisted on."""

import asyncio

from agentguid.effects.giving import Giving
from agentguid.entropy import now
from agentguid.hosts import frames

ASK_NICELY = 2.0
"""Seconds that an agent has to stop when asked in its own protocol; then all that it started is ended. With `GRACE`, and
that again for a command of its last moment, this leaves one of the 5 s within which a stop has ended everything."""
QUIET = 0.5
"""Seconds without a word after which an agent that was asked to stop is taken to have stopped: the end of its turn is
on the tape, and only has not been read yet."""


class Stopping(Giving):
    """Who obeys keeps running for the next turn; who does not is ended."""

    @property
    def stopping(self) -> bool:
        """The open turn is to stop."""
        row = self._row()
        return row is not None and bool(row.turn) and row.stopping

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
