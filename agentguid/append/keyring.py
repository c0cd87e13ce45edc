"""Keys of model providers: in a file of their own that only this user can read, beside the log and never in it."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from agentguid.agents.keys import NAME, NAMES, takers
from agentguid.append.files import replace
from agentguid.protocol.errors import Invalid

LONGEST = 8192
"""Characters of a key."""
HINTED = 20
"""Characters of a key of which the last four may be shown."""


class Key(Struct, frozen=True):
    name: str
    value: str
    agents: tuple[str, ...] = ()
    """Who gets it; empty: every agent that reads this variable."""
    at: int = 0
    """When it was set, microseconds since the epoch."""

    def __repr__(self) -> str:
        """Without the value: whatever prints it."""
        return f"Key({self.name!r})"

    @property
    def masked(self) -> str:
        return "••••" + (self.value[-4:] if len(self.value) >= HINTED else "")

    @property
    def readers(self) -> list[str]:
        return list(self.agents) or takers(self.name)


class Keyring:
    """Lives in the event loop. The file is small, and written when the user sets a key."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises OSError or ValueError for a file that cannot be read: an empty one would be written over it."""
        self._path = path
        self._keys: dict[str, Key] = {}
        self._writing = asyncio.Lock()
        if path is not None:
            with suppress(FileNotFoundError):
                found = msgspec.json.decode(path.read_bytes(), type=list[Key])
                self._keys = {key.name: key for key in found}

    def __iter__(self) -> Iterator[Key]:
        return iter(sorted(self._keys.values(), key=lambda key: key.name))

    def of(self, agent: str) -> dict[str, str]:
        """The variables that an agent's process is to have."""
        return {key.name: key.value for key in self._keys.values() if agent in key.readers}

    async def set(self, key: Key) -> None:
        """Raises Invalid; OSError when it cannot be kept: then all is as it was."""
        if not NAME.fullmatch(key.name):
            raise Invalid("name", f"must be a variable such as {NAMES[0]}")
        if not key.readers:
            raise Invalid("agents", f"must name who gets it: no agent reads {key.name} by itself")
        value = key.value.strip()
        if not value or len(value) > LONGEST or not value.isascii() or not value.isprintable():
            raise Invalid("value", "must be a key: one line, without characters that cannot be typed")
        async with self._writing:
            await self._write({**self._keys, key.name: msgspec.structs.replace(key, value=value)})

    async def remove(self, name: str) -> bool:
        """False: there was none."""
        async with self._writing:
            if name not in self._keys:
                return False
            await self._write({other: key for other, key in self._keys.items() if other != name})
        return True

    async def _write(self, keys: dict[str, Key]) -> None:
        if self._path is not None:
            await asyncio.to_thread(replace, self._path, msgspec.json.encode(list(keys.values())))
        self._keys = keys
