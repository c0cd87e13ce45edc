"""An agent that says nothing at all is not killed for it: the transcript says that it is silent, and since when.

While a tool runs silence is nothing strange: the state alone says what runs, and for how long.
"""

import asyncio
from collections.abc import Callable

from agentguid.effects.key import Key
from agentguid.effects.parts import EffectParts
from agentguid.entropy import now
from agentguid.project import approvals, transcript
from agentguid.protocol.commands import Report
from agentguid.protocol.events import ItemAdded, ToolStarted
from agentguid.protocol.items import Body

LOOKED = 50
"""Items, the newest, among which a running tool is looked for."""


class Silence:
    """Watches one session: one notice a turn at most."""

    def __init__(self, parts: EffectParts, key: Key, tell: Callable[[int, ToolStarted | None], None]) -> None:
        """`tell` hears since when it is silent, and of the tool that runs."""
        self._parts = parts
        self._key = key
        self._tell = tell
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
        call = self._running(turn)
        self._tell(last_sign, call)
        if call:
            return
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

    def _running(self, turn: str) -> ToolStarted | None:
        """The tool that was called last of those that have not come back."""
        reader = self._parts.reader
        rows = transcript.newest(reader, self._key.conversation, LOOKED)
        calls = [row for row in rows if row.turn == turn and row.kind == "tool" and row.finish is None]
        opened = transcript.load(reader, calls[-1:])[0].opened.event if calls else None
        return opened if isinstance(opened, ToolStarted) else None
