"""The feed wakes readers. It carries no data: who is woken reads the log by position."""

import asyncio
from collections.abc import Iterable


class Feed:
    """Knows how far the log has grown, and in which streams. Lives in the event loop."""

    def __init__(self, position: int = 0) -> None:
        self.position = position
        """Everything up to here is committed and may be read."""
        self.closing = asyncio.Event()
        """Set when the daemon stops: streams say goodbye and end."""
        self._everything = asyncio.Event()
        self._streams: dict[str, asyncio.Event] = {}

    def wake(self, position: int, streams: Iterable[str] = ()) -> None:
        """The log has been committed up to `position`; `streams` have grown or have new live text."""
        self.position = max(self.position, position)
        self._everything.set()
        self._everything = asyncio.Event()
        for stream in streams:
            if waiting := self._streams.pop(stream, None):
                waiting.set()

    def close(self) -> None:
        """Wakes every reader for the last time."""
        self.closing.set()
        self.wake(self.position, list(self._streams))

    def grown(self, stream: str | None = None) -> asyncio.Event:
        """An event that is set at the next growth. Take it first, then read, then wait: nothing slips between."""
        if stream is None:
            return self._everything
        return self._streams.setdefault(stream, asyncio.Event())
