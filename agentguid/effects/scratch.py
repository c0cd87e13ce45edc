"""A folder for the temporary files of each agent and of what it has run: below our data, called by its host (ADR 0054).

It goes when nobody is left who was started with it: also what an agent left in the background has its files there.
"""

import asyncio
import os
import shutil
from collections.abc import Collection

from agentguid.agents.commands import is_of
from agentguid.hosts import kin
from agentguid.hosts.orphans import held
from agentguid.paths import Places
from agentguid.protocol.errors import AgentFailed

LONGEST = 64
"""Bytes of the folder's path: what agents call their sockets in it has to fit into 107 with it."""


def environ(places: Places, host: str) -> dict[str, str]:
    """What says to a process where it is. Nothing where our data lies too deep: then it has the daemon's own."""
    path = str(places.scratch / host)
    return {"TMPDIR": path} if len(os.fsencode(path)) <= LONGEST else {}


async def make(places: Places, host: str) -> None:
    """Raises AgentFailed with a sentence."""
    if path := environ(places, host).get("TMPDIR"):
        try:
            await asyncio.to_thread(os.makedirs, path, 0o700, exist_ok=True)
        except OSError as error:
            why = error.strerror or error
            raise AgentFailed(f"The folder for its temporary files, {path}, cannot be made: {why}.") from None


async def remove(places: Places, host: str) -> None:
    """Whoever had it has ended."""
    await asyncio.to_thread(shutil.rmtree, places.scratch / host, ignore_errors=True)


def names(places: Places) -> list[str]:
    """The hosts whose folders are there."""
    try:
        return os.listdir(places.scratch)
    except FileNotFoundError:
        return []


def sweep(places: Places, found: Collection[str], living: Collection[str]) -> None:
    """Removes those of `found` that nobody has any more. Blocks."""
    taped = os.listdir(places.tapes)
    for host in found:
        all_ = [host, *(name for name in taped if is_of(host, name))]  # with commands that it had us run
        if host in living or any(held(places, one) for one in all_):
            continue
        if kin.descendants(0, [str(places.tapes / one) for one in all_]):
            continue
        shutil.rmtree(places.scratch / host, ignore_errors=True)
