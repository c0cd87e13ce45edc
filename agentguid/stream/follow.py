"""Follows the feed for one page: waits, paces, says that it is alive, and says goodbye."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator

from agentguid.protocol.ids import stream_of
from agentguid.stream.broadcast import Company, Reader
from agentguid.stream.feed import Feed
from agentguid.stream.lines import Line
from agentguid.stream.page import Page, Reload, event

HEARTBEAT = 15.0
"""Seconds after which a page is told that the line is alive."""
PACE = 1 / 60
"""Seconds between messages, on average: what comes faster is joined."""
BURST = 4
"""Messages that may follow one another at once after a pause: a line does not wait for a clock that has just ticked."""
ELSEWHERE = 0.5
"""Seconds between looks at what other conversations do."""
JUMP = 0.5
"""Seconds until a page that was too far behind, and was given the newest window instead, is given more."""


async def follow(
    page: Page,
    feed: Feed,
    conversation: str | None,
    *,
    company: Company | None = None,
    line: Line | None = None,
) -> AsyncGenerator[bytes, None]:
    """The bytes of a page's stream, until the page must be loaded anew, the daemon stops or the line is short.

    The next piece is made when the last one was taken: a slow reader costs no memory, it gets more at once.
    """
    yield b": agentguid\n\n"
    follower, line = _Follower(feed, conversation), line or Line()
    line.wake = follower.wake
    reader = Reader(page, company or Company())
    try:
        async with contextlib.aclosing(_pieces(reader, feed, follower, line)) as pieces:
            async for piece in pieces:
                yield piece
    finally:
        reader.close()
        follower.close()


async def _pieces(page: Reader, feed: Feed, follower: "_Follower", line: Line) -> AsyncGenerator[bytes, None]:
    greeted = False
    while not feed.closing.is_set():
        follower.mark()
        try:
            message = await page.message()
        except Reload as reason:
            yield event("reload", str(reason))
            return
        if message is not None:
            yield message
            follower.sent(JUMP if page.jumped else PACE)
        if page.complete and not greeted:
            greeted = True
            yield b"retry: %d\n" % line.retry + event("caught-up", str(page.position), page.position)
        if line.short and page.complete:
            yield b"retry: %d\n" % line.retry + event("turn", str(page.position), page.position)
            return
        if not page.complete:
            await follower.pause()
        elif not await follower.grown():
            yield b": alive\n" + event("beat", str(page.position), page.position)
            follower.sent(PACE)
    yield event("bye", "restart")


class _Follower:
    def __init__(self, feed: Feed, conversation: str | None) -> None:
        self._feed = feed
        self._ear = feed.subscribe(None if conversation is None else stream_of(conversation))
        self._due = 0.0
        self._looked = 0.0

    def close(self) -> None:
        self._ear.close()

    def wake(self) -> None:
        """Something has to be looked at."""
        self._ear.hear(own=True)

    def mark(self) -> None:
        """Call before reading: what grows from now on is not missed."""
        self._ear.look()
        self._looked = time.monotonic()

    def sent(self, pause: float) -> None:
        """Notes a message; after a jump nothing more is sent for so long."""
        current = time.monotonic()
        self._due = current + JUMP if pause == JUMP else max(self._due, current - BURST * PACE) + PACE

    async def grown(self) -> bool:
        """Waits until there may be something to send (True) or it is time for a sign of life (False)."""
        ear = self._ear
        while not (ear.own or self._feed.closing.is_set()):
            wait = ELSEWHERE if ear.elsewhere else HEARTBEAT
            if not await ear.wait(self._looked + wait - time.monotonic()) and not ear.own:
                if ear.elsewhere:
                    break
                return False
        await self.pause()
        return True

    async def pause(self) -> None:
        """Until something may be sent again."""
        if (pause := self._due - time.monotonic()) > 0 and not self._feed.closing.is_set():
            await asyncio.sleep(pause)
