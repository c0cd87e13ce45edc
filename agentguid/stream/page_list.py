"""What one page shows of the list of conversations."""

from collections.abc import Callable, Sequence

from agentguid.project.conversations import Conversation
from agentguid.render.pages import LISTED, Rows
from agentguid.render.status import Status

UNKNOWN = Status("", "", "", "")
"""A state that no conversation has: the row is to be sent."""


class ListSent:
    """The rows on the page and the state that each was sent with."""

    def __init__(self, rows: Rows, status_of: Callable[[Conversation], Status], current: str | None) -> None:
        self._rows = rows
        self._status_of = status_of
        self._current = current
        self._listed: dict[str, tuple[Conversation, Status]] = {}

    def like(self, other: "ListSent") -> bool:
        return self._listed == other._listed

    def begin(self, rows: Sequence[Conversation]) -> None:
        """What the page has when it connects, newest first. Without an event only the state of a busy one can have
        changed while nobody read: that one is sent."""
        for row in reversed(rows):
            current = self._status_of(row)
            self._listed[row.id] = (row, UNKNOWN if current.busy else current)

    def changed(self, rows: Sequence[Conversation]) -> list[str]:
        """Takes rows that events have changed; returns the ids of those that leave the list."""
        for row in rows:
            self._listed.pop(row.id, None)
            if not (row.deleted or row.archived):
                self._listed[row.id] = (row, UNKNOWN)
        while len(self._listed) > LISTED:
            del self._listed[next(iter(self._listed))]
        return [row.id for row in rows if row.deleted or row.archived]

    def fresh(self) -> list[str]:
        """The rows that read differently from what the page has."""
        drawn: list[str] = []
        for conversation, (row, before) in self._listed.items():
            current = self._status_of(row)
            if current != before:
                drawn.append(self._rows.row(row, current, current=conversation == self._current))
                self._listed[conversation] = (row, current)
        return drawn
