"""A transcript as lines, for pipes and simple terminals: the agent's words on stdout, everything about them on stderr."""

import sys
from collections.abc import Sequence

from agentguid.cli.calls import Line
from agentguid.cli.output import paint, say


class Plain:
    """Writes at once; nothing that was written is touched again."""

    streams_thoughts = False

    def __init__(self, *, running: bool = False) -> None:
        self._running = running
        self._told: tuple[str, ...] = ()

    def words(self, text: str) -> None:
        """A piece of what the agent says."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def thought(self, text: str) -> None:
        raise NotImplementedError  # thoughts are drawn when they are finished

    def end(self) -> None:
        """The piece after this belongs to another text. Lines are the caller's business here."""

    def note(self, *lines: Line) -> None:
        """Whole lines about what happens."""
        for text, style in lines:
            say(paint(text, style, sys.stderr))

    def working(self, calls: Sequence[str]) -> None:
        """The tools that run. Told when they begin, so that a long silence explains itself."""
        if self._running:
            self.note(*((f"→ {one}", "cyan") for one in calls if one not in self._told))
        self._told = tuple(calls)
