"""What is left of a host that was killed: its child's process group, its socket."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import time

from agentguid.hosts import tape
from agentguid.hosts.child import boot, start_time
from agentguid.paths import Places


async def reap(places: Places, host: str, grace: float = 2.0) -> bool:
    """Ends what a dead host left running: SIGTERM, SIGKILL after `grace` seconds. True when there was something.

    Nothing happens to a host that lives, nor to a process that merely has the same number now.
    """
    if held(places, host):
        return False
    shutil.rmtree(places.hosts / host, ignore_errors=True)
    group = left_group(places, host)
    if not group or not await asyncio.to_thread(members, group):
        return False
    _kill(group, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while await asyncio.to_thread(members, group):
        if time.monotonic() > deadline:
            _kill(group, signal.SIGKILL)
            break
        await asyncio.sleep(0.02)
    return True


async def kill(places: Places, host: str) -> None:
    """Ends a host that lives but does not answer, at once, and what it holds. Raises OSError when it may not."""
    with contextlib.suppress(ProcessLookupError):
        if held(places, host):
            os.kill(int((places.tapes / host / "lock").read_bytes()), signal.SIGKILL)
    while held(places, host):  # noqa: ASYNC110  the kernel lets go of the lock
        await asyncio.sleep(0.02)
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


def left_group(places: Places, host: str) -> int:
    """The process group that the tape's START names, as far as it can still be that one; 0 otherwise."""
    try:
        if (places.tapes / host / "lock").read_bytes() == b"":
            return 0  # the host ended in good order: it saw its child end
    except OSError:
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


def _kill(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
