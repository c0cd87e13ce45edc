"""The settings beside model and mode that an agent offers: as many as a form can show, each with its choices.

An adapter keeps them encoded, as it does slash commands: they are part of what it carries from anchor to anchor.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
from msgspec import Raw

from agentguid.agents.base import Option
from agentguid.agents.jsonl import packed

MOST, CHOICES, ALL = 8, 20, 4096
"""So many settings, choices of each, and bytes of all of them."""
ID, NAME = 100, 60
"""Characters that are kept of an id or value, and of a name for people. With a longer id it cannot be set."""
NONE = Raw(b"[]")

_list = msgspec.json.Decoder(list[Option])


def option(id_: str, name: str, choices: Iterable[tuple[str, str]], own: str) -> Option | None:
    """One that can be shown and set; None when there is nothing to choose."""
    kept = [(value, _brief(words or value)) for value, words in choices if 0 < len(value) <= ID][:CHOICES]
    if not id_ or len(id_) > ID or len(kept) < 2 or not id_.isprintable():
        return None
    return Option(id_, _brief(name or id_), tuple(kept), own[:ID])


def encoded(found: Iterable[Option | None]) -> Raw:
    """Those that there is room for, in the agent's order."""
    return packed(found, MOST, ALL)


def known(raw: Raw) -> Sequence[Option]:
    """What was encoded. The same list for the same bytes."""
    return _decoded(bytes(raw))


@lru_cache(maxsize=32)
def _decoded(data: bytes) -> Sequence[Option]:
    try:
        return tuple(_list.decode(data))
    except msgspec.DecodeError:  # of another version's carry
        return ()


def _brief(text: str) -> str:
    words = " ".join(text[: NAME * 4].split())
    return words if len(words) <= NAME else words[: NAME - 1].rstrip() + "…"
