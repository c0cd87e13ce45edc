"""What one page shows of the list of conversations."""

from collections.abc import Callable, Mapping, Sequence

from agentguid.project.conversations import Conversation
from agentguid.render.groups import Rank, newest, rank
from agentguid.render.pages import LISTED, Rows
from agentguid.render.status import Status

UNKNOWN = Status("", "", "", "")
"""A state that no conversation has: the row is to be sent."""


class ListSent:
    """The rows on the page and the state that each was sent with.

    The page's script keeps the highest `LISTED` of the rows that it is given, as here. So nothing has to be said of those
    that others push out; only where rows leave a full list is the page told which come after them.
    """

    def __init__(self, rows: Rows, status_of: Callable[[Conversation], Status], current: str | None) -> None:
        self._rows = rows
        self._status_of = status_of
        self._current = current
        self._listed: dict[str, tuple[Conversation, Status]] = {}
        self._first = True

    def like(self, other: "ListSent") -> bool:
        return self._listed == other._listed

    def begin(self, rows: Sequence[Conversation]) -> None:
        """The list as it is when the page connects. Without an event only the state of a busy one can have changed while
        nobody read: that one is sent."""
        for row in rows:
            current = self._status_of(row)
            self._listed[row.id] = (row, UNKNOWN if current.busy else current)

    def changed(self, rows: Sequence[Conversation], read: Callable[[], Sequence[Conversation]]) -> list[str]:
        """Takes rows that events have changed; returns the ids of those that leave the list. `read` gives the list anew:
        it is called when a place in it is to be filled."""
        before = {row.id: rank(row) for row, _ in self._listed.values()}
        for row in rows:
            self._listed.pop(row.id, None)
            if not (row.deleted or row.archived):
                self._listed[row.id] = (row, UNKNOWN)
        kept = newest((row for row, _ in self._listed.values()), LISTED)
        self._listed = {row.id: self._listed[row.id] for row in kept}
        if len(before) >= LISTED and self._lacks(rows, before):
            self._fill(read())
        self._first = False
        return [row.id for row in rows if row.id not in self._listed]

    def _lacks(self, rows: Sequence[Conversation], before: Mapping[str, Rank]) -> bool:
        """One has left a full list, or has fallen below all that was known of it: others may come before it."""
        lowest = min(before.values())
        return any(
            rank(row) < lowest if row.id in self._listed else self._first or row.id in before for row in rows
        )

    def _fill(self, rows: Sequence[Conversation]) -> None:
        # What the page has when it connects is not known here, only what it should have: then all are sent.
        there = {} if self._first else self._listed
        self._listed = {row.id: there.get(row.id, (row, UNKNOWN)) for row in rows}

    def fresh(self) -> list[str]:
        """The rows that read differently from what the page has, in their groups."""
        drawn: list[tuple[Conversation, Status]] = []
        for conversation, (row, before) in self._listed.items():
            current = self._status_of(row)
            if current != before:
                drawn.append((row, current))
                self._listed[conversation] = (row, current)
        return self._rows.groups(drawn, self._current)
