"""Which live text one page has been sent."""

from collections.abc import Iterable

from agentguid.render import live as drawn
from agentguid.render.environment import Site
from agentguid.stream.live import LiveText, OpenItem


class LiveSent:
    """How many pieces of which unfinished items are on the page. Once an item is finished nothing live follows for it."""

    def __init__(self, site: Site, conversation: str | None, live: LiveText) -> None:
        self._site = site
        self._conversation = conversation
        self._source = live
        self._pieces: dict[str, int] = {}
        self._cut: set[str] = set()
        self._finished: set[str] = set()

    def like(self, other: "LiveSent") -> bool:
        return (self._pieces, self._cut, self._finished) == (other._pieces, other._cut, other._finished)

    def unseen(self) -> list[str]:
        """Unfinished items of which nothing has been sent yet."""
        known = self._pieces.keys() | self._finished
        return [item.item for item in self._items() if item.item not in known]

    def vanished(self) -> bool:
        """Something that was sent live is no longer: the finished item may be in the log."""
        there = {item.item for item in self._items()}
        return any(item not in there for item in self._pieces)

    def finished(self, items: Iterable[str]) -> None:
        """These are on the page, whole."""
        self._finished.update(items)

    def partials(self, first: bool) -> list[str]:
        """What the page lacks. The first time everything that is open takes the place of what stands there."""
        if self._conversation is None:
            return []
        items = self._items()
        there = {item.item for item in items}
        open_now = [item for item in items if item.item not in self._finished]
        gone = [item for item in self._pieces if item in self._finished or item not in there]
        for item in gone:
            del self._pieces[item]
            self._cut.discard(item)
        fresh = "".join(self._fresh(item) for item in open_now)
        # Kept only while the daemon still has it open: it may have been read here before the daemon let go of it.
        self._finished &= there
        if first:
            return [_partial("innerHTML", fresh)]
        removed = "".join(f'<i id="live-{item}"></i>' for item in gone)
        return [_partial("gone", removed)] * bool(removed) + [_partial("put", fresh)] * bool(fresh)

    def _fresh(self, item: OpenItem) -> str:
        sent = self._pieces.get(item.item)
        self._pieces[item.item] = len(item.pieces)
        cut = item.cut and item.item not in self._cut
        if item.cut:
            self._cut.add(item.item)
        if sent is None:
            return drawn.opened(self._site, item)
        return drawn.pieces(self._site, item, sent, cut=cut)

    def _items(self) -> list[OpenItem]:
        return self._source.items(self._conversation) if self._conversation is not None else []


def _partial(swap: str, html: str) -> str:
    return f'<hx-partial hx-target="#live" hx-swap="{swap}">{html}</hx-partial>'
