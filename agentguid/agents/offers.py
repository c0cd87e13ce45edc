"""What each agent said last that it can be told to use. Kept in a small file, so that a form knows it before a first turn.

Not in the log: it is no fact about a conversation, and old news of it is worth nothing.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from agentguid.agents.base import Option, SlashCommand, Way
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
    commands: tuple[SlashCommand, ...] = ()
    """Its slash commands where it said so last: most of them are the same everywhere."""
    options: tuple[Option, ...] = ()
    """What can be chosen beside model and mode."""
    model: str = ""
    """What it has when nobody chooses; empty: it did not say."""
    ways: tuple[Way, ...] = ()
    """How its mode and model are set."""
    at: int = 0
    """When it said so, microseconds since the epoch."""


class Offers:
    """By the catalogue ids of agents."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._offers: dict[str, Offer] = _read(path) if path else {}
        self._unsaved = False
        self._saving: asyncio.Task[None] | None = None

    def get(self, agent: str) -> Offer | None:
        return self._offers.get(agent)

    def learn(
        self, agent: str, models: Sequence[str], modes: Sequence[Mode] | None, at: int, *, asked: bool = False
    ) -> None:
        """It has just said this. What is the same as before is written when it is a day newer.

        That it has no models is believed when it was asked: a session that is taken up again need not name them. Nor its
        modes (None): they are as they were known; of one that was never heard, or was asked, all.
        """
        named = tuple(name for name in dict.fromkeys(models) if 0 < len(name) <= LONGEST)[:MODELS]
        before = self._offers.get(agent)
        if not named and before and not asked:
            named = before.models
        known = Offer() if asked or before is None else before
        able = known.modes if modes is None else tuple(modes)
        offer = msgspec.structs.replace(before or Offer(), models=named, modes=able, at=at)
        self._keep(agent, before, offer)

    def learn_commands(self, agent: str, commands: Sequence[SlashCommand], at: int) -> None:
        """It has just said that these are its slash commands."""
        before = self._offers.get(agent)
        self._keep(agent, before, msgspec.structs.replace(before or Offer(), commands=tuple(commands), at=at))

    def learn_options(self, agent: str, options: Sequence[Option], at: int, model: str = "") -> None:
        """It has just said that these can be chosen, and its own model.

        What it does not know of its own choice another process may have said.
        """
        before = self._offers.get(agent)
        own = {one.id: one.own for one in before.options} if before else {}
        named = tuple(one if one.own else _with_own(one, own.get(one.id, "")) for one in options)
        known = before or Offer()
        model = model[:LONGEST] or known.model
        self._keep(agent, before, msgspec.structs.replace(known, options=named, model=model, at=at))

    def learn_ways(self, agent: str, ways: Sequence[Way], at: int) -> None:
        """It has just said how its mode and model are set."""
        before = self._offers.get(agent)
        self._keep(agent, before, msgspec.structs.replace(before or Offer(), ways=tuple(ways), at=at))

    def _keep(self, agent: str, before: Offer | None, offer: Offer) -> None:
        new = before is None or msgspec.structs.replace(before, at=offer.at) != offer
        self._offers.pop(agent, None)
        self._offers[agent] = offer if new or before is None or offer.at - before.at > DAY else before
        if self._offers[agent] is not before:
            for old in list(self._offers)[:-AGENTS]:
                del self._offers[old]
            self._unsaved = True
            if self._path and (self._saving is None or self._saving.done()):
                self._saving = asyncio.create_task(self._save(self._path), name="offers")

    async def _save(self, path: Path) -> None:
        """Some kilobytes, when an agent has something new to say."""
        while self._unsaved:
            self._unsaved = False
            await asyncio.to_thread(_write, path, msgspec.json.encode(self._offers))


def _with_own(one: Option, own: str) -> Option:
    return msgspec.structs.replace(one, own=own) if any(own == value for value, _ in one.choices) else one


def _write(path: Path, data: bytes) -> None:
    beside = path.with_suffix(".new")
    with suppress(OSError):  # a full disk: it is known until the daemon ends
        beside.write_bytes(data)
        os.chmod(beside, 0o600)
        beside.replace(path)


def _read(path: Path) -> dict[str, Offer]:
    """Nothing when the file is missing, damaged, or of another version: agents say it again."""
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Offer])
    return {}
