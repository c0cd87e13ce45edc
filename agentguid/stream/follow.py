"""Follows the feed for one page: waits, paces, says that it is alive, and says goodbye."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from agentguid.protocol.ids import stream_of
from agentguid.stream.feed import Feed
from agentguid.stream.page import Page, Reload, event

HEARTBEAT = 15.0
"""Seconds after which a page is told that the line is alive."""
PACE = 1 / 60
"""Seconds between messages: what comes faster is joined."""
ELSEWHERE = 0.5
"""Seconds between looks at what other conversations do."""


async def follow(page: Page, feed: Feed, conversation: str | None) -> AsyncIterator[bytes]:
    """The bytes of a page's stream, until the page must be loaded anew or the daemon stops.

    The next piece is made when the last one was taken: a slow reader costs no memory, it gets more at once.
    """
    yield b": agentguid\n\n"
    follower = _Follower(feed, conversation)
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
            follower.sent()
        if page.complete and not greeted:
            greeted = True
            yield event("caught-up", str(page.position), page.position)
        if page.complete and not await follower.grown():
            yield b": alive\n" + event("beat", str(page.position), page.position)
            follower.sent()
    yield event("bye", "restart")


class _Follower:
    def __init__(self, feed: Feed, conversation: str | None) -> None:
        self._feed = feed
        self._stream = None if conversation is None else stream_of(conversation)
        self._last = 0.0
        self._looked = 0.0

    def mark(self) -> None:
        """Call before reading: what grows from now on is not missed."""
        self._own = self._feed.grown(self._stream)
        self._any = self._feed.grown(None)
        self._looked = time.monotonic()

    def sent(self) -> None:
        self._last = time.monotonic()

    async def grown(self) -> bool:
        """Waits until there may be something to send (True) or it is time for a sign of life (False)."""
        if not self._feed.closing.is_set():
            if not await _either(self._own, self._any, HEARTBEAT):
                return False
            if not self._own.is_set():
                await _within(self._own, self._looked + ELSEWHERE - time.monotonic())
        if (pause := self._last + PACE - time.monotonic()) > 0:
            await asyncio.sleep(pause)
        return True


async def _within(one: asyncio.Event, seconds: float) -> bool:
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(one.wait(), seconds)
    return one.is_set()


async def _either(one: asyncio.Event, other: asyncio.Event, seconds: float) -> bool:
    if one is other:
        return await _within(one, seconds)
    if one.is_set() or other.is_set():
        return True
    waits = [asyncio.ensure_future(each.wait()) for each in (one, other)]
    try:
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)
