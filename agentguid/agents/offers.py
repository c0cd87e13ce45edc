"""What each agent said last that it can be told to use. Kept in a small file, so that a form knows it before a first turn.

Not in the log: it is no fact about a conversation, and old news of it is worth nothing.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from agentguid.protocol.items import Mode

AGENTS, MODELS, LONGEST = 200, 200, 200
"""Agents that are remembered; models of each; characters of a name."""
DAY = 86_400_000_000
"""Microseconds."""


class Offer(Struct, frozen=True, omit_defaults=True):
    """What one agent offers."""

    models: tuple[str, ...] = ()
    """Beside its own choice. None: it does not let others choose."""
    modes: tuple[Mode, ...] = ("ask", "accept_edits", "plan", "bypass")
    """Those of our modes that it can work in."""
    at: int = 0
    """When it said so, microseconds since the epoch."""


class Offers:
    """By the catalogue ids of agents."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._offers: dict[str, Offer] = _read(path) if path else {}

    def get(self, agent: str) -> Offer | None:
        return self._offers.get(agent)

    def learn(self, agent: str, models: Sequence[str], modes: Sequence[Mode] | None, at: int) -> None:
        """It has just said this. What is the same as before is written when it is a day newer."""
        named = tuple(name for name in dict.fromkeys(models) if 0 < len(name) <= LONGEST)[:MODELS]
        offer = Offer(named, at=at) if modes is None else Offer(named, tuple(modes), at)
        before = self._offers.pop(agent, None)
        self._offers[agent] = offer
        if before is None or msgspec.structs.replace(before, at=at) != offer or at - before.at > DAY:
            self._write()
        else:
            self._offers[agent] = before

    def _write(self) -> None:
        """Some kilobytes, when an agent has something new to say."""
        for old in list(self._offers)[:-AGENTS]:
            del self._offers[old]
        if self._path is None:
            return
        beside = self._path.with_suffix(".new")
        with suppress(OSError):  # a full disk: it is known until the daemon ends
            beside.write_bytes(msgspec.json.encode(self._offers))
            os.chmod(beside, 0o600)
            beside.replace(self._path)


def _read(path: Path) -> dict[str, Offer]:
    """Nothing when the file is missing, damaged, or of another version: agents say it again."""
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Offer])
    return {}
