"""The daemon's end of a host: starts it or finds it again, writes inputs, hears when its tape has grown."""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, cast

from msgspec import Struct

from agentguid.hosts import frames, order, spawn
from agentguid.hosts.door import short
from agentguid.hosts.orphans import held, reap
from agentguid.paths import Places
from agentguid.protocol.errors import AgentFailed

__all__ = ["Link", "Spec", "held", "reap"]

ANSWER = 10.0
"""Seconds within which a living host answers."""
LAZY = 0.1
"""Seconds within which acknowledgements are joined while nobody waits for them."""
UNSENT = 64 << 10
"""Bytes that may wait for a host before acknowledgements wait with them."""
Status = Literal["new", "known", "refused"]


class Spec(Struct, frozen=True):
    """What a host is to run."""

    host: str
    argv: list[str]
    cwd: str
    env: dict[str, str]
    """All of the child's environment."""
    max_uncommitted: int = 256 << 20
    """Bytes of tape beyond the last acknowledgement at which the child has to wait."""
    size: tuple[int, int] | None = None
    """Rows and columns of the terminal that it gets. None: three pipes."""


class Link:
    """A connection to one live host. Made by `spawn` or `connect`."""

    def __init__(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.host = host
        self.grown = asyncio.Event()
        """Set at each poke and when the connection ends. Clear it, then read the tape."""
        self.alive = True
        self.exited = False
        """The child has ended and its EXIT record is on the tape."""
        self.state = 0
        """Bits of `frames`: EXITED, PAUSED, FULL."""
        self.pid = 0
        self.child_pid: int | None = None
        self.tape_end = 0
        self._reader = reader
        self._writer = writer
        self._inputs: deque[tuple[str, asyncio.Future[tuple[Status, str]]]] = deque()
        self._syncs: deque[asyncio.Future[int]] = deque()
        self._changed = asyncio.Event()
        self._acknowledged = 0
        self._acknowledging = False
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def spawn(cls, places: Places, spec: Spec) -> "Link":
        """Starts a host and its child. Raises AgentFailed with a sentence; then no child runs."""
        if not spec.argv:
            raise AgentFailed("The agent has no command line. Check its entry in the settings.")
        await spawn.start(
            order.Order(
                spec.host,
                str(places.tapes / spec.host),
                str(places.hosts / spec.host),
                spec.max_uncommitted,
                spec.cwd,
                [os.fsencode(argument) for argument in spec.argv],
                {os.fsencode(name): os.fsencode(value) for name, value in spec.env.items()},
                spec.size,
            )
        )
        link = await cls.connect(places, spec.host)
        if link is None:
            raise AgentFailed(f"Host {spec.host} ended as soon as it had started. Its tape says why.")
        return link

    @classmethod
    async def connect(cls, places: Places, host: str) -> "Link | None":
        """The link to a host that lives; None when there is none. Waits for one whose socket has vanished.

        Raises AgentFailed when a host holds its lock but does not answer.
        """
        try:
            async with asyncio.timeout(ANSWER):
                while True:
                    try:
                        return await cls._dial(places, host)
                    except (OSError, EOFError, frames.FrameError):
                        if not held(places, host):
                            return None
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise AgentFailed(
                f"Host {host} runs but does not answer. `kill` it, then send the message again."
            ) from error

    @classmethod
    async def _dial(cls, places: Places, host: str) -> "Link":
        fd = os.open(places.hosts / host, os.O_RDONLY | os.O_DIRECTORY)
        try:
            reader, writer = await asyncio.open_unix_connection(short(fd))
        finally:
            os.close(fd)
        link = cls(host, reader, writer)
        try:
            writer.write(frames.hello())
            link._greet(*await link._next())
        except BaseException:
            writer.transport.abort()
            raise
        link._listening = asyncio.create_task(link._listen(), name=f"host {host}")
        return link

    async def send(self, id: str, data: bytes) -> Status:  # noqa: A002 - its name in the contract
        """Writes an input at most once, however often it is sent. Raises AgentFailed when the host is gone."""
        status, _ = await self.offer(id, data)
        return status

    async def offer(self, name: str, data: bytes) -> tuple[Status, str]:
        """As `send`, with the reason when it is refused."""
        if len(data) > frames.LARGEST_INPUT:
            return "refused", f"an input may have {frames.LARGEST_INPUT >> 20} MiB"
        answer: asyncio.Future[tuple[Status, str]] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ANSWER):
                await self._ask(frames.input_(name, data), lambda: self._inputs.append((name, answer)))
                return await answer
        except TimeoutError as error:
            self._gone()  # it may still take it: then it says so when it is asked again
            raise AgentFailed(f"Host {self.host} does not answer.") from error

    async def signal(self, name: str) -> None:
        """Sends `INT`, `TERM`, … to the child's process group."""
        await self._ask(frames.signal_(name.removeprefix("SIG")))

    async def resize(self, rows: int, columns: int) -> None:
        """Gives its terminal another size."""
        await self._ask(frames.resize(rows, columns))

    async def eof(self) -> None:
        """Closes the child's stdin once all inputs are written."""
        await self._ask(frames.frame(frames.EOF))

    async def end(self, grace: float = 2.0) -> None:
        """Ends the child and all that it started: stdin closed, SIGTERM half-way, SIGKILL after `grace` seconds.

        Returns when the EXIT record is on the tape or the host is gone; raises AgentFailed when neither comes.
        """
        if not self.alive:
            return
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGCONT)  # one that is held by a signal could not hear it
        await self._ask(frames.end(round(grace * 1000)))
        if not await self.over(grace + ANSWER):
            raise AgentFailed(f"Host {self.host} could not end its agent. Is the disk full?")

    async def over(self, seconds: float) -> bool:
        """Waits for the EXIT record, or for the host to be gone; False when neither comes in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.alive and not self.exited:
                    self._changed.clear()
                    await self._changed.wait()
        return self.exited or not self.alive

    async def sync(self) -> int:
        """Brings the tape to the disk; returns the offset up to which it is there. Raises AgentFailed."""
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        await self._ask(frames.frame(frames.SYNC), lambda: self._syncs.append(answer))
        return await answer

    def acknowledge(self, offset: int) -> None:
        """Up to `offset` the tape is committed. Never blocks; only the newest is sent when the host is slow."""
        self._acknowledged = max(self._acknowledged, offset)
        if self.alive and not self._acknowledging:
            # Only a child that has to wait for it is in a hurry; else each line would wake its host once more.
            self._acknowledging = True
            wait = 0.0 if self.exited or self.state & frames.PAUSED else LAZY
            asyncio.get_running_loop().call_later(wait, self._send_acknowledged)

    def _send_acknowledged(self) -> None:
        if self.alive and self._writer.transport.get_write_buffer_size() > UNSENT:
            asyncio.get_running_loop().call_later(0.05, self._send_acknowledged)
            return
        self._acknowledging = False
        if self.alive:
            self._writer.write(frames.offset(frames.ACK, self._acknowledged))

    async def close(self) -> None:
        """Ends the connection and leaves the host running."""
        if self._listening:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        self._gone()  # a task that was cancelled before it began did not say so
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _ask(self, data: bytes, queued: Callable[[], None] = lambda: None) -> None:
        if not self.alive:
            raise AgentFailed(f"Host {self.host} is gone.")
        queued()
        self._writer.write(data)
        with contextlib.suppress(ConnectionError):  # then `_listen` ends, and says so
            await self._writer.drain()

    def _greet(self, kind: int, payload: bytes) -> None:
        if kind != frames.WELCOME:
            raise frames.FrameError("no WELCOME")
        _, self.pid, self.child_pid, tape_end, state = frames.read_welcome(payload)
        self._tell(tape_end, state)

    async def _next(self) -> tuple[int, bytes]:
        length, kind = frames.HEAD.unpack(await self._reader.readexactly(frames.HEAD.size))
        if length > frames.LARGEST_ANSWER:
            raise frames.FrameError(f"an answer of {length} bytes")
        return kind, await self._reader.readexactly(length)

    async def _listen(self) -> None:
        try:
            while True:
                self._hear(*await self._next())
        except (OSError, EOFError, frames.FrameError):
            pass
        finally:
            self._gone()

    def _hear(self, kind: int, payload: bytes) -> None:
        if kind == frames.POKE:
            self._tell(*frames.read_poke(payload))
        elif kind == frames.TAKEN and self._inputs:
            name, status, reason = frames.read_taken(payload)
            asked, answer = self._inputs.popleft()
            if name != asked:
                raise frames.FrameError(f"an answer to {name}, not to {asked}")
            if not answer.done():
                answer.set_result((cast("Status", status), reason))
        elif kind == frames.SYNCED and self._syncs:
            answered = self._syncs.popleft()
            if not answered.done():
                answered.set_result(frames.read_offset(payload))
        else:
            raise frames.FrameError(f"kind {kind} out of turn")

    def _tell(self, tape_end: int, state: int) -> None:
        self.tape_end, self.state = tape_end, state
        self.exited = bool(state & frames.EXITED)
        self.grown.set()
        self._changed.set()

    def _gone(self) -> None:
        self.alive = False
        self._writer.transport.abort()
        error = AgentFailed(f"Host {self.host} is gone.")
        waiting: list[asyncio.Future[Any]] = [*(answer for _, answer in self._inputs), *self._syncs]
        for answer in waiting:
            if not answer.done():
                answer.set_exception(error)
        self._inputs.clear()
        self._syncs.clear()
        self.grown.set()
        self._changed.set()
