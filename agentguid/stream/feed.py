"""The feed wakes readers. It carries no data: who is woken reads the log by position."""

import asyncio
from collections.abc import Iterable


class Subscription:
    """One reader's ear. What it hears stays heard until `look` is called, so nothing slips between reading and waiting."""

    __slots__ = ("_feed", "_waiter", "elsewhere", "live", "own", "stream")

    def __init__(self, feed: "Feed", stream: str | None, live: bool) -> None:
        self.stream = stream
        self.live = live
        """Also hears the live text of other streams than its own."""
        self.own = False
        """Its stream has grown, or has new live text; for a reader of everything: anything has."""
        self.elsewhere = False
        """Another stream has grown."""
        self._feed = feed
        self._waiter: asyncio.Future[bool] | None = None

    def look(self) -> None:
        """Call before reading: what grows from now on is heard."""
        self.own = self.elsewhere = False

    def hear(self, own: bool) -> None:
        if own:
            self.own = True
        else:
            self.elsewhere = True
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(True)

    async def wait(self, seconds: float) -> bool:
        """Until its own stream says something, or another one does; at once when its own has since `look` (True)."""
        if self.own or seconds <= 0:
            return self.own
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        timer = loop.call_later(seconds, _expire, waiter)
        try:
            return bool(await waiter)
        finally:
            timer.cancel()

    def close(self) -> None:
        self._feed.leave(self)


def _expire(waiter: asyncio.Future[bool]) -> None:
    if not waiter.done():
        waiter.set_result(False)


class Feed:
    """Knows how far the log has grown, and in which streams. Lives in the event loop."""

    def __init__(self, position: int = 0) -> None:
        self.position = position
        """Everything up to here is committed and may be read."""
        self.closing = asyncio.Event()
        """Set when the daemon stops: streams say goodbye and end."""
        self._everything = asyncio.Event()
        self._streams: dict[str, asyncio.Event] = {}
        self._readers: set[Subscription] = set()

    def wake(self, position: int, streams: Iterable[str] = ()) -> None:
        """The log has been committed up to `position`; in `streams` something is new."""
        self.position = max(self.position, position)
        self._everything.set()
        self._everything = asyncio.Event()
        grown = set(streams)
        for reader in self._readers:
            reader.hear(reader.stream is None or reader.stream in grown)
        self._release(grown)

    def stir(self, stream: str) -> None:
        """Live text of one stream: of no interest to readers of others."""
        for reader in self._readers:
            if reader.live or reader.stream == stream:
                reader.hear(own=True)
        self._release((stream,))

    def _release(self, streams: Iterable[str]) -> None:
        for stream in streams:
            if waiting := self._streams.pop(stream, None):
                waiting.set()

    def close(self) -> None:
        """Wakes every reader for the last time."""
        self.closing.set()
        self.wake(self.position, list(self._streams))
        for reader in self._readers:
            reader.hear(own=True)

    def grown(self, stream: str | None = None) -> asyncio.Event:
        """An event that is set at the next growth. Take it first, then read, then wait: nothing slips between."""
        if stream is None:
            return self._everything
        return self._streams.setdefault(stream, asyncio.Event())

    def subscribe(self, stream: str | None, *, live: bool = False) -> Subscription:
        """For a reader that stays: one ear for its stream (None: all) and for the rest. Close it at the end."""
        reader = Subscription(self, stream, live)
        self._readers.add(reader)
        return reader

    def leave(self, reader: Subscription) -> None:
        self._readers.discard(reader)
