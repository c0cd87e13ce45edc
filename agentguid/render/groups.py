"""The list of conversations in groups: pinned ones first, then by the folder that they work in."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

from agentguid.project.conversations import Conversation

T = TypeVar("T")
Rank = tuple[bool, int, str]


class Group(NamedTuple):
    id: str
    """Of its element. It follows from the folder alone, so that whoever draws a row knows where it belongs."""
    path: str
    """The folder; empty for the pinned ones."""


PINNED = Group("g-pinned", "")


@lru_cache(maxsize=1000)
def of_folder(path: str) -> Group:
    return Group("g-" + hashlib.blake2b(path.encode(), digest_size=6).hexdigest(), path)


def group_of(row: Conversation) -> Group:
    return PINNED if row.pinned else of_folder(row.cwd)


def grouped(rows: Iterable[tuple[Conversation, T]]) -> dict[Group, list[tuple[Conversation, T]]]:
    """Each with what belongs to it, in its group; groups in the order in which they first appear."""
    found: dict[Group, list[tuple[Conversation, T]]] = {}
    for row, what in rows:
        found.setdefault(group_of(row), []).append((row, what))
    return found


def rank(row: Conversation) -> Rank:
    """The greater, the further up. A group stands where its first row stands."""
    return row.pinned, row.updated_at, row.id


def newest(rows: Iterable[Conversation], count: int) -> Sequence[Conversation]:
    return sorted(rows, key=rank, reverse=True)[:count]
