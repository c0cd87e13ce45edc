"""Starts a host as a process that the daemon's death does not touch, and takes its exit status."""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

import agentguid
from agentguid.hosts import order
from agentguid.protocol.errors import AgentFailed

_CODE = "import sys; sys.path.append(sys.argv[1]); from agentguid.hosts.host import main; sys.exit(main())"
"""Run as `-c`, a compiled module is used; as a script it would be compiled at each start."""
START_LIMIT = 20.0
"""Seconds that a host may take until it serves."""


async def start(what: order.Order) -> None:
    """Returns when the host serves and its child runs. Raises AgentFailed."""
    try:
        packed = order.pack(what)
    except ValueError as error:
        raise AgentFailed(f"The agent cannot be started: {error}.") from error
    ready, theirs = os.pipe()
    try:
        pid = _spawn(packed, theirs, what.host)
    except OSError as error:
        os.close(ready)
        raise AgentFailed(
            f"No process can be started: {error.strerror}. End some programs and try again."
        ) from error
    finally:
        os.close(theirs)
    reap_later(pid)
    try:
        said = await _until_end(ready)
    except TimeoutError as error:
        os.kill(pid, signal.SIGTERM)  # it has no child yet, or ends it
        raise AgentFailed(
            f"Host {what.host} did not serve within {START_LIMIT:.0f} s. Is the disk of {what.tape} busy?"
        ) from error
    if said != "ready":
        raise AgentFailed(said or f"Host {what.host} ended before it served. Send the message again.")


def _spawn(packed: bytes, theirs: int, host: str) -> int:
    """Its own session, stdio to nobody; the order in a memory file, because it may hold secrets."""
    memory = os.memfd_create("order")
    try:
        with open(memory, "wb", closefd=False) as file:
            file.write(packed)
        os.lseek(memory, 0, os.SEEK_SET)
        root = str(Path(agentguid.__file__).parent.parent)
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", "-c", _CODE, root, "agentguid-host", host],
            os.environ,
            setsid=True,
            setsigmask=(),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, memory, 0),
                (os.POSIX_SPAWN_DUP2, theirs, 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
    finally:
        os.close(memory)


async def _until_end(fd: int) -> str:
    """What comes on a pipe until it is closed. Closes it."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    said = bytearray()

    def readable() -> None:
        data = os.read(fd, 4096)
        said.extend(data)
        if not data:
            ended.set()
            loop.remove_reader(fd)

    loop.add_reader(fd, readable)
    try:
        async with asyncio.timeout(START_LIMIT):
            await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)
    return said.decode(errors="replace")


def reap_later(pid: int) -> None:
    """Takes the exit status of our child when it ends, if we live then: no zombies."""
    loop = asyncio.get_running_loop()
    try:
        fd = os.pidfd_open(pid)
    except OSError:  # old kernels, some containers
        threading.Thread(target=os.waitpid, args=(pid, 0), daemon=True).start()
        return

    def ended() -> None:
        loop.remove_reader(fd)
        os.close(fd)
        os.waitpid(pid, 0)

    loop.add_reader(fd, ended)
