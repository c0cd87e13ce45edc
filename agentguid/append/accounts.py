"""Accounts that the user signed in to for an agent: in a file of their own, beside the log and never in it.

The tokens are the provider's, got by OAuth. An agent is given the one that soon ends, never the one that brings others.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from agentguid.append.files import replace


class Account(Struct, frozen=True):
    """Times are microseconds since the epoch."""

    agent: str
    access: str
    refresh: str
    until: int
    """The access token holds so long, by the word of the server."""
    lifetime: int
    """For how long the server gives such tokens, microseconds."""
    client: str
    """The refresh token belongs to the client that it was given to: that one stays, whatever is installed later."""
    secret: str
    at: int
    """When the user signed in."""
    email: str = ""
    problem: str = ""
    """Why the provider takes the refresh token no longer, and what to do; empty: it does."""

    def __repr__(self) -> str:
        """Without the tokens: whatever prints it."""
        return f"Account({self.agent!r})"


class Accounts:
    """Lives in the event loop. At most one account for each agent."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises OSError or ValueError for a file that cannot be read: an empty one would be written over it."""
        self._path = path
        self._all: dict[str, Account] = {}
        self._writing = asyncio.Lock()
        if path is not None:
            with suppress(FileNotFoundError):
                found = msgspec.json.decode(path.read_bytes(), type=list[Account])
                self._all = {one.agent: one for one in found}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._all.values())

    def get(self, agent: str) -> Account | None:
        return self._all.get(agent)

    async def set(self, account: Account) -> None:
        """In the place of the one that the agent had. OSError when it cannot be kept: then all is as it was."""
        async with self._writing:
            await self._write({**self._all, account.agent: account})

    async def renew(self, before: Account, account: Account) -> bool:
        """As `set`, unless the user has signed in or out meanwhile: then nothing is changed."""
        async with self._writing:
            if self._all.get(account.agent) is not before:
                return False
            await self._write({**self._all, account.agent: account})
        return True

    async def remove(self, agent: str) -> bool:
        """False: there was none."""
        async with self._writing:
            if agent not in self._all:
                return False
            await self._write({name: one for name, one in self._all.items() if name != agent})
        return True

    async def _write(self, accounts: dict[str, Account]) -> None:
        if self._path is not None:
            await asyncio.to_thread(replace, self._path, msgspec.json.encode(list(accounts.values())))
        self._all = accounts
