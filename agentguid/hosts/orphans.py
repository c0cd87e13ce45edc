"""What is left of a host that was killed: its child's process group, its socket."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable

from agentguid.hosts import kin, tape
from agentguid.hosts.child import boot
from agentguid.hosts.kin import start_time
from agentguid.paths import Places

PATIENCE = 3.0
"""Seconds of SIGKILL after which whoever is left is let be."""


async def reap(places: Places, host: str, grace: float = 2.0) -> bool:
    """Ends what a dead host left running: SIGTERM, SIGKILL after `grace` seconds. True when there was something.

    Nothing happens to a host that lives, nor to a process that merely has the same number now.
    """
    if held(places, host):
        return False
    shutil.rmtree(places.hosts / host, ignore_errors=True)
    if not fell(places, host):
        return False
    group = left_group(places, host)
    return await _end(lambda: _left(places, group, host), grace)


async def sweep(places: Places, hosts: Iterable[str], grace: float = 2.0) -> bool:
    """Ends what agents left running in the background when they ended by themselves. True when there was something.

    For a conversation that is deleted, and when all agents are to end. Hosts that live end their own.
    """
    ended = {str(places.tapes / host) for host in hosts if not held(places, host)}
    return bool(ended) and await _end(lambda: kin.descendants(0, ended), grace)


async def _end(find: Callable[[], kin.Kin], grace: float) -> bool:
    """Looks again until nobody is left: a process may fork while it is looked for."""
    found = await asyncio.to_thread(find)
    kin.strike(found, signal.SIGTERM)
    begun, left = time.monotonic(), found
    while left and (late := time.monotonic() - begun - grace) < PATIENCE:
        if late >= 0:
            kin.strike(left, signal.SIGKILL)
        await asyncio.sleep(0.02)
        left = await asyncio.to_thread(find)
    return bool(found)


def _left(places: Places, group: int, host: str) -> kin.Kin:
    grouped = {pid: kin.start_time(pid) for pid in (members(group) if group else [])}
    return grouped | kin.descendants(0, [str(places.tapes / host)])


async def kill(places: Places, host: str) -> None:
    """Ends a host that lives but does not answer, at once, and what it holds.

    Raises OSError when it may not, or the host does not end for it.
    """
    late = time.monotonic() + PATIENCE
    while held(places, host):
        if time.monotonic() > late:
            raise TimeoutError(f"host {host} cannot be ended")
        with contextlib.suppress(
            ProcessLookupError, ValueError
        ):  # it has just ended, or not yet said who it is
            os.kill(int((places.tapes / host / "lock").read_bytes()), signal.SIGKILL)
        await asyncio.sleep(0.02)  # the kernel lets go of the lock
    await reap(places, host)


def held(places: Places, host: str) -> bool:
    """A host with this id lives: it holds its lock."""
    try:
        fd = os.open(places.tapes / host / "lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def fell(places: Places, host: str) -> bool:
    """A host that does not live did not end in good order: it may not have seen its child end."""
    try:
        return (places.tapes / host / "lock").read_bytes() != b""
    except OSError:
        return False


def left_group(places: Places, host: str) -> int:
    """The process group that the tape's START names, as far as it can still be that one; 0 otherwise."""
    if not fell(places, host):
        return 0
    first = next(tape.Reader(places.tapes / host).records(), None)
    said = tape.fields(first.payload) if first and first.direction == tape.START else {}
    pid = said.get("pid", "")
    if (
        not pid.isdigit()
        or said.get("boot") != boot()
        or str(start_time(int(pid))) not in ("0", said.get("started"))
    ):
        return 0
    return int(pid)


def members(group: int) -> list[int]:
    """The living processes of a child's group (it leads its own session as well)."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                state, _, grouped, session = file.read().rpartition(b")")[2].split()[:4]
                if int(grouped) == int(session) == group and state not in (b"Z", b"X"):
                    found.append(int(name))
    return found
