"""An agent that says nothing at all is not killed for it: the transcript says that it is silent, and since when."""

import asyncio

from agentguid.effects.key import Key
from agentguid.effects.parts import EffectParts
from agentguid.entropy import now
from agentguid.project import approvals, transcript
from agentguid.protocol.commands import Report
from agentguid.protocol.events import ItemAdded
from agentguid.protocol.items import Body


class Silence:
    """Watches one session: one notice a turn at most."""

    def __init__(self, parts: EffectParts, key: Key) -> None:
        self._parts = parts
        self._key = key
        self._watched: tuple[str | None, int] = (None, 0)
        self._waiting: asyncio.Task[None] | None = None

    def watch(self, turn: str | None, last_sign: int) -> None:
        """The agent works on `turn` and was last heard of at `last_sign` (microseconds)."""
        if (turn, last_sign) == self._watched:
            return
        self._watched = (turn, last_sign)
        self.leave()
        if turn is not None:
            self._waiting = asyncio.create_task(self._wait(turn, last_sign))

    def leave(self) -> None:
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None

    async def _wait(self, turn: str, last_sign: int) -> None:
        seconds = self._parts.silent_after
        await asyncio.sleep(max(0.0, seconds - (now() - last_sign) / 1_000_000))
        if approvals.pending(self._parts.reader, self._key.conversation, limit=1):
            return  # it waits for the user, who knows
        item = f"{turn}-silent"
        if transcript.get(self._parts.reader, item) is not None:
            return
        text = (
            f"The agent has said nothing for {seconds:.0f} s. Its process is alive: it may be thinking, waiting for "
            "its model or stuck. Stop ends it."
        )
        notice = ItemAdded(item=item, turn=turn, kind="notice", body=Body(text), level="warning")
        report = Report(conversation=self._key.conversation, host=self._key.host, facts=[notice])
        await self._parts.dispatch(report, actor="daemon")
