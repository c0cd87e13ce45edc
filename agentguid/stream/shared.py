"""What several readers look up at the same position, looked up once."""

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

T = TypeVar("T")


class Shared:
    """Answers that hold as long as the log stands where it stands. The first who asks reads, the others get the same."""

    def __init__(self) -> None:
        self._head = -1
        self._kept: dict[Hashable, object] = {}

    def get(self, head: int, what: Hashable, read: Callable[[], T]) -> T:
        """The answer to `what` at `head`. `read` must depend on nothing but these two."""
        if head != self._head:
            self._head = head
            self._kept = {}
        if what not in self._kept:
            self._kept[what] = read()
        return cast(T, self._kept[what])

    def forget(self) -> None:
        """Read models have changed although the log has not grown: they were rebuilt."""
        self._kept = {}
