"""Live text: unfinished items on their way. Memory only; the tape has every byte, the log gets the finished item."""

from dataclasses import dataclass, field

from agentguid.agents.base import Live
from agentguid.protocol.ids import stream_of
from agentguid.render.live import Growing
from agentguid.stream.feed import Feed

LIMIT = 2 * 1024 * 1024
"""Characters kept of one open item; what comes beyond is seen when the item is finished."""


@dataclass(slots=True)
class OpenItem:
    """An unfinished item. `pieces` only grow, so a reader needs to remember no more than how many it has sent."""

    item: str
    kind: str
    turn: str | None
    parent: str | None
    title: str
    pieces: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    """Where each piece begins, in characters."""
    length: int = 0
    cut: bool = False
    """The item has grown beyond LIMIT; nothing is added any more, or there would be a hole."""
    growing: Growing = field(default_factory=Growing)
    """What is drawn of it, for all readers."""


class LiveText:
    """The open items of every conversation."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._open: dict[str, dict[str, OpenItem]] = {}

    def append(self, conversation: str, piece: Live) -> None:
        """Adds a piece and wakes the readers of the conversation."""
        items = self._open.setdefault(conversation, {})
        item = items.get(piece.item)
        if item is None:
            item = OpenItem(piece.item, piece.kind, piece.turn, piece.parent, piece.title)
            items[piece.item] = item
        if item.cut or item.length + len(piece.text) > LIMIT:
            item.cut = True
        elif piece.text:
            item.pieces.append(piece.text)
            item.offsets.append(item.length)
            item.length += len(piece.text)
        self._feed.stir(stream_of(conversation))

    def finish(self, conversation: str, item: str) -> None:
        """The finished item is in the log: the live one goes. Call after the commit, before the feed wakes."""
        items = self._open.get(conversation)
        if items and items.pop(item, None) and not items:
            del self._open[conversation]

    def clear(self, conversation: str) -> None:
        """The agent's process is gone; nothing of it is on its way any more."""
        self._open.pop(conversation, None)

    def items(self, conversation: str) -> list[OpenItem]:
        """The open items, oldest first."""
        return list(self._open.get(conversation, {}).values())
