"""Live text: unfinished items as far as they go.

The finished blocks of a message are drawn as Markdown, each once for all readers; the rest is escaped text in pieces
that only get more. What an agent thinks, or is about to ask of a tool, is one row that can be opened.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol

from agentguid.render import code, text
from agentguid.render.blocks import Splitter
from agentguid.render.environment import Site, ours
from agentguid.render.markdown import blocks, markdown

LIVE = "conversation/_live.html"
GLIMPSE = 160
"""Characters at the end of a text from which the last words are taken."""
_CODE = re.compile(r"<code([^>]*)></code>")


class Growing:
    """The finished blocks of an item, as far as somebody has wanted to see them."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._fed = 0
        self._drawn: list[str] = []

    def feed(self, pieces: Sequence[str]) -> None:
        """Takes what has come since."""
        for number in range(self._fed, len(pieces)):
            self._splitter.feed(pieces[number])
        self._fed = len(pieces)

    @property
    def state(self) -> tuple[int, int, str | None]:
        """Blocks, where the rest begins, and what the rest is: as long as this is the same, only pieces are added."""
        return len(self._splitter.blocks), self._splitter.done, self._splitter.fence

    @property
    def rest(self) -> int:
        """Where the text of the rest begins."""
        return self._splitter.done if self._splitter.fence is None else self._splitter.code

    def uncoloured(self) -> list[tuple[str, str]]:
        """Code of blocks that have not been drawn: `code.prepare` takes it, off the loop."""
        waiting = self._splitter.blocks[len(self._drawn) :]
        found = [block for part in waiting for block in blocks(part.text)]
        return [block for block in found if not code.prepared(*block)]

    def html(self, first: int) -> str:
        """The blocks from number `first` on."""
        for block in self._splitter.blocks[len(self._drawn) :]:
            self._drawn.append(markdown(block.text))
        return "".join(self._drawn[first:])


class Open(Protocol):
    """What of an unfinished item is drawn."""

    @property
    def item(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def pieces(self) -> Sequence[str]: ...
    @property
    def offsets(self) -> Sequence[int]: ...
    @property
    def cut(self) -> bool: ...
    @property
    def growing(self) -> Growing: ...


def feed(item: Open) -> None:
    """Call before drawing: finds the blocks that have been finished. Only messages have any."""
    if item.kind == "message":
        item.growing.feed(item.pieces)


def pieces(site: Site, item: Open, start: int, *, cut: bool) -> str:
    """The pieces from number `start` on, joined to one element that says where its text begins."""
    end = len(item.pieces)
    drawn = ""
    if start < end:
        drawn = _piece(site, item, item.offsets[start], "".join(item.pieces[start:end]))
    if item.kind != "message":
        drawn += str(site.macro(LIVE, "glimpse")(item.item, _glimpse(item)))
    return drawn + str(site.macro(LIVE, "cut")(item.item)) if cut else drawn


def grown(site: Site, item: Open, first: int) -> str:
    """The blocks from number `first` on with the rest as it is now: they take the place of what the rest was before."""
    inner = ours(item.growing.html(first) + _rest(site, item))
    return str(site.macro(LIVE, "grown")(item.item, inner)).strip()


def opened(site: Site, item: Open) -> str:
    """The whole item as far as it goes."""
    feed(item)
    if item.kind == "message":
        return str(
            site.macro(LIVE, "message")(item.item, ours(item.growing.html(0) + _rest(site, item)))
        ).strip()
    inner = ours(_piece(site, item, 0, "".join(item.pieces)) if item.pieces else "")
    note = ours(site.macro(LIVE, "cut")(item.item)) if item.cut else ""
    return str(site.macro(LIVE, "row")(item, _glimpse(item), inner, note)).strip()


def _rest(site: Site, item: Open) -> str:
    """What is not finished: text, or in a block of code its lines."""
    begin = item.growing.rest
    inner = _piece(site, item, begin, _since(item, begin))
    if item.cut:
        inner += str(site.macro(LIVE, "cut")(item.item))
    fence = item.growing.state[2]
    if fence is not None:
        return _CODE.sub(
            lambda found: f'<code{found.group(1)} id="live-{item.item}-t">{inner}</code>',
            markdown(f"~~~ {fence}\n~~~\n"),
            count=1,
        )
    return str(site.macro(LIVE, "rest")(item.item, ours(inner)))


def _piece(site: Site, item: Open, offset: int, content: str) -> str:
    if offset == item.growing.rest:
        content = content.lstrip("\n")
    return str(site.macro(LIVE, "piece")(item.item, offset, _shown(item, content))) if content else ""


def _shown(item: Open, content: str) -> str:
    in_code = item.kind in ("tool", "output") or item.growing.state[2] is not None
    return text.visible(content) if in_code else text.prose(content)


def _since(item: Open, offset: int) -> str:
    """The text from an offset on."""
    place = max(0, bisect_right(item.offsets, offset) - 1)
    if place >= len(item.pieces):
        return ""
    return "".join([item.pieces[place][offset - item.offsets[place] :], *item.pieces[place + 1 :]])


def _glimpse(item: Open) -> str:
    """The last words."""
    taken: list[str] = []
    length = 0
    for piece in reversed(item.pieces):
        taken.append(piece[-GLIMPSE:])
        length += len(taken[-1])
        if length >= GLIMPSE:
            break
    return " ".join("".join(reversed(taken))[-GLIMPSE:].split())
