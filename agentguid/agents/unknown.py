"""Lines that an adapter does not understand: shown, never dropped in silence, and never without bound."""

from msgspec import Struct

from agentguid.agents.base import Fact, Line, Output
from agentguid.protocol.events import ItemAdded
from agentguid.protocol.items import Body

SHOWN = 200
"""So many in a row are shown; what follows them is counted."""
LONGEST = 256 * 1024
"""Bytes of one line that are shown; the tape has the rest."""


class Unknown(Struct):
    """What must be remembered of the present run of such lines. Part of an adapter's `carry`."""

    run: int = 0
    skipped: int = 0

    def add(self, line: Line, item: str, turn: str | None, why: str) -> list[Output]:
        """`item` is the id to use if the line is shown."""
        self.run += 1
        if self.run > SHOWN:
            self.skipped += 1
            return []
        if not line.ended:
            why = f"{why}, cut off by the end of the agent"
        text = f"Not understood ({why}):\n{line.data[:LONGEST].decode('utf-8', 'replace')}"
        if len(line.data) > LONGEST:
            text += f"\n… and {len(line.data) - LONGEST} bytes more, which are on the tape."
        return [Fact(ItemAdded(item=item, turn=turn, kind="unknown", body=Body(text)))]

    def end(self, item: str, turn: str | None) -> list[Output]:
        """Closes the run: says how many were not shown."""
        skipped, self.run, self.skipped = self.skipped, 0, 0
        if not skipped:
            return []
        text = f"{skipped} more lines were not understood. They are on the tape of this agent."
        return [Fact(ItemAdded(item=item, turn=turn, kind="notice", body=Body(text), level="warning"))]
