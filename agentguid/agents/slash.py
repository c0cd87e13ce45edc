"""The slash commands that an agent says it has: as many as a list can show, each in a line.

An adapter keeps them encoded, because they are part of what it carries from anchor to anchor. Agents tell of each at
length (one of them in half a megabyte); what is kept of all is at most `ALL` bytes.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from agentguid.agents.base import SlashCommand
from agentguid.agents.jsonl import mapping, packed, text_of

MOST, ALL = 100, 8192
"""So many commands, and bytes of all of them."""
NAME, ABOUT, HINT = 64, 100, 40
"""Characters that are kept of each."""
NONE = Raw(b"[]")

_list = msgspec.json.Decoder(list[SlashCommand])


def command(name: Any, about: Any = "", hint: Any = "") -> SlashCommand | None:
    """As an agent tells it; None when it cannot be typed, or is none for people."""
    said = text_of(name).removeprefix("/").strip()
    if not said or len(said) > NAME or said.startswith("_") or not said.isprintable():
        return None
    return SlashCommand(said, _brief(about, ABOUT), _brief(hint, HINT))


def encoded(found: Iterable[SlashCommand | None]) -> Raw:
    """Those that there is room for, in the agent's order."""
    return packed(found, MOST, ALL)


def told(listed: Any) -> Raw:
    """A list of objects with `name`, `description` and `argumentHint` or `input.hint`."""
    items = [mapping(one) for one in listed] if isinstance(listed, list) else []
    return encoded(
        command(
            one.get("name"),
            one.get("description"),
            one.get("argumentHint") or mapping(one.get("input")).get("hint"),
        )
        for one in items
    )


def known(raw: Raw) -> Sequence[SlashCommand]:
    """What was encoded. The same list for the same bytes."""
    return _decoded(bytes(raw))


@lru_cache(maxsize=32)
def _decoded(data: bytes) -> Sequence[SlashCommand]:
    try:
        return tuple(_list.decode(data))
    except msgspec.DecodeError:  # of another version's carry
        return ()


def _brief(value: Any, most: int) -> str:
    text = " ".join(text_of(value)[: most * 4].split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
