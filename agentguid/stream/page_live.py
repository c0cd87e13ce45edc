"""Which live text one page has been sent."""

import asyncio
from collections.abc import Iterable

from msgspec import Struct

from agentguid.render import code
from agentguid.render import live as drawn
from agentguid.render.environment import Site
from agentguid.stream.live import LiveText, OpenItem


class Sent(Struct):
    """How much of an unfinished item is on the page."""

    pieces: int
    state: tuple[int, int, str | None]
    """Of its finished blocks, see `Growing.state`."""
    cut: bool


class LiveSent:
    """What of which unfinished items is on the page. Once an item is finished nothing live follows for it."""

    def __init__(self, site: Site, conversation: str | None, live: LiveText) -> None:
        self._site = site
        self._conversation = conversation
        self._source = live
        self._sent: dict[str, Sent] = {}
        self._finished: set[str] = set()

    def like(self, other: "LiveSent") -> bool:
        return (self._sent, self._finished) == (other._sent, other._finished)

    def unseen(self) -> list[str]:
        """Unfinished items of which nothing has been sent yet."""
        known = self._sent.keys() | self._finished
        return [item.item for item in self._items() if item.item not in known]

    def vanished(self) -> set[str]:
        """What was sent live and is no longer: the finished items may be in the log."""
        return self._sent.keys() - {item.item for item in self._items()}

    def finished(self, items: Iterable[str]) -> None:
        """These are on the page, whole."""
        self._finished.update(items)

    async def prepare(self) -> None:
        """Colours the code of blocks that have been finished, off the loop. Returns at once when there is none."""
        for item in self._items():
            drawn.feed(item)
            if waiting := item.growing.uncoloured():
                await asyncio.to_thread(_colour, waiting)

    def partials(self, first: bool, over: set[str]) -> list[str]:
        """What the page lacks. The first time everything that is open takes the place of what stands there.

        `over`: those that have vanished, and of which the log had the finished item before it was read for this message.
        """
        if self._conversation is None:
            return []
        items = self._items()
        there = {item.item for item in items}
        open_now = [item for item in items if item.item not in self._finished]
        gone = [item for item in self._sent if item in self._finished or item in over]
        for item in gone:
            del self._sent[item]
        fresh = [self._fresh(item) for item in open_now]
        # Kept only while the daemon still has it open: it may have been read here before the daemon let go of it.
        self._finished &= there
        if first:
            return [_partial("innerHTML", "".join(html for _, html in fresh))]
        removed = "".join(f'<i id="live-{item}"></i>' for item in gone)
        found = [_partial("gone", removed)] if removed else []
        return found + [_partial(swap, html) for swap, html in fresh if html]

    def _fresh(self, item: OpenItem) -> tuple[str, str]:
        """How it is swapped in, and what."""
        drawn.feed(item)
        before = self._sent.get(item.item)
        current = self._sent[item.item] = Sent(len(item.pieces), item.growing.state, item.cut)
        if before is None:
            return "put", drawn.opened(self._site, item)
        if current == before:
            return "put", ""
        if current.state != before.state:
            return "grow", drawn.grown(self._site, item, before.state[0])
        cut = item.cut and not before.cut
        return "put", drawn.pieces(self._site, item, before.pieces, cut=cut)

    def _items(self) -> list[OpenItem]:
        return self._source.items(self._conversation) if self._conversation is not None else []


def _colour(waiting: list[tuple[str, str]]) -> None:
    for source, language in waiting:
        code.prepare(source, language)


def _partial(swap: str, html: str) -> str:
    return f'<hx-partial hx-target="#live" hx-swap="{swap}">{html}</hx-partial>'
