"""Pages that have been sent the same lack the same: what they are sent next is made once, for all of them.

A page begins alone. As soon as it has everything and looks like another one, it goes on in company: 50 pages of one
conversation cost 50 writes, not 50 times the looking up and drawing. Who reads too slowly for that goes on alone again.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from itertools import islice

from agentguid.stream.page import Page

KEPT = 64
"""Messages that are kept for those who have not sent them yet."""
BYTES = 1 << 20
"""Bytes of such messages, beyond the newest."""


class Behind(Exception):  # noqa: N818  it is an answer
    """What this reader lacks is not kept any more."""


class Broadcast:
    """One page as many connections show it. Its messages are numbered from 1."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.number = 0
        """Of the newest message."""
        self.position, self.complete, self.jumped = page.position, page.complete, False
        """Of the page, as of that message."""
        self.readers = 0
        self.over: BaseException | None = None
        """Why there will be no more."""
        self._kept: deque[bytes] = deque()
        self._size = 0
        self._making: asyncio.Task[None] | None = None
        self._looking = False
        """The message that is being made has begun to look at what there is."""

    async def since(self, number: int) -> tuple[bytes | None, bool]:
        """What a reader lacks that has been sent message `number`, and whether that is all that there was at the call.

        Raises `Reload` as `Page.message` does, and `Behind`.
        """
        whole = number == self.number and not self._looking
        if number == self.number:
            # Others wait for it as well: it does not end with the one who began it.
            await asyncio.shield(self._made())
        if self.over:
            raise self.over
        lacking = self.number - number
        if lacking > len(self._kept):
            raise Behind
        if not lacking:
            return None, whole
        return b"".join(islice(self._kept, len(self._kept) - lacking, None)), whole

    def _made(self) -> asyncio.Task[None]:
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make())
        return self._making

    async def _make(self) -> None:
        self._looking = True
        try:
            message = await self.page.message()
        except BaseException as error:
            self.over = error
            return
        finally:
            self._looking = False
        self.position, self.complete, self.jumped = self.page.position, self.page.complete, self.page.jumped
        if message is not None:
            self.number += 1
            self._kept.append(message)
            self._size += len(message)
        while len(self._kept) > 1 and (len(self._kept) > KEPT or self._size - len(self._kept[-1]) > BYTES):
            self._size -= len(self._kept.popleft())


class Company:
    """The broadcasts of the daemon, one for each kind of page that is open."""

    def __init__(self) -> None:
        self._there: dict[Hashable, Broadcast] = {}

    def join(self, page: Page) -> Broadcast | None:
        """What a page goes on with from here; None when none of those that are there is like it."""
        there = self._there.get(page.kind)
        if there is None or there.over:
            there = self._there[page.kind] = Broadcast(page)
        elif not there.page.like(page):
            return None
        there.readers += 1
        return there

    def leave(self, broadcast: Broadcast) -> None:
        broadcast.readers -= 1
        kind = broadcast.page.kind
        if not broadcast.readers and self._there.get(kind) is broadcast:
            del self._there[kind]


class Reader:
    """One connection: alone with its page, or in company. Close it at the end."""

    def __init__(self, page: Page, company: Company) -> None:
        self._page = page
        self._company = company
        self._broadcast: Broadcast | None = None
        self._number = 0
        self._position = page.position
        self._whole = False

    async def message(self) -> bytes | None:
        """The next message; None when the page has everything. Raises `Reload`."""
        if self._broadcast is None:
            message = await self._page.message()
            self._whole = True
            self._position = self._page.position
            if self._page.complete:
                self._join()
            return message
        try:
            message, self._whole = await self._broadcast.since(self._number)
        except Behind:
            self._page = self._page.anew(self._position)
            self.close()
            return await self.message()
        self._number = self._broadcast.number
        self._position = self._broadcast.position
        return message

    @property
    def position(self) -> int:
        """Everything up to here has been sent."""
        return self._position

    @property
    def complete(self) -> bool:
        """Nothing durable was left when the last message was made."""
        return self._whole and self._shown.complete

    @property
    def jumped(self) -> bool:
        """The last message left items out."""
        return self._shown.jumped

    @property
    def _shown(self) -> Page | Broadcast:
        return self._broadcast or self._page

    def _join(self) -> None:
        self._broadcast = self._company.join(self._page)
        if self._broadcast:
            self._number = self._broadcast.number
            self._page = self._broadcast.page

    def close(self) -> None:
        if self._broadcast:
            self._company.leave(self._broadcast)
            self._broadcast = None
