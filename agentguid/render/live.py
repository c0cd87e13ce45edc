"""Live text: unfinished items, as escaped text in pieces that only get more."""

from collections.abc import Sequence
from typing import Protocol

from agentguid.render.environment import Site, ours

LIVE = "conversation/_live.html"


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


def pieces(site: Site, item: Open, start: int, *, cut: bool) -> str:
    """The pieces from number `start` on, joined to one element that says where its text begins."""
    end = len(item.pieces)
    drawn = ""
    if start < end:
        joined = "".join(item.pieces[start:end])
        if start == 0:
            joined = joined.lstrip("\n")
        drawn = str(site.macro(LIVE, "piece")(item.item, item.offsets[start], joined))
    return drawn + str(site.macro(LIVE, "cut")(item.item)) if cut else drawn


def opened(site: Site, item: Open) -> str:
    """The whole item as far as it goes."""
    return str(site.macro(LIVE, "opened")(item, ours(pieces(site, item, 0, cut=item.cut)))).strip()
