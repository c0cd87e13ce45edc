"""What waits for the writer thread: bounded, in the order of arrival."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from msgspec import Struct

from agentguid.protocol.errors import LogBroken, TooBusy

JOBS = 10_000
BYTES = 64 << 20
BATCH_JOBS = 1_000
BATCH_BYTES = 8 << 20
"""One transaction takes no more than this, so that the first in a long queue does not wait for the last."""


class Job(Struct, gc=False, eq=False):
    """Something to be done inside the transaction of the next batch, by itself or not at all."""

    run: Callable[[], Any]
    size: int
    """Bytes that it holds."""
    future: Future[Any]
    """Resolved after the commit."""


class Inbox:
    """Filled by any thread, emptied by the writer thread."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._size = 0
        self._changed = threading.Condition(threading.Lock())
        self._poked = False
        self._closed: str | None = None

    def put(self, job: Job) -> None:
        """Never waits. Raises `TooBusy` when too much waits already, `LogBroken` when the writer has ended."""
        with self._changed:
            if self._closed is not None:
                raise LogBroken(self._closed)
            waiting = len(self._jobs)
            if waiting >= JOBS or (waiting and self._size + job.size > BYTES):
                raise TooBusy(
                    f"{waiting} appends wait to be written ({self._size >> 20} MiB): try again in a second"
                )
            self._jobs.append(job)
            self._size += job.size
            self._changed.notify()

    def check(self) -> None:
        """Raises `LogBroken` when the writer has ended."""
        if self._closed is not None:
            raise LogBroken(self._closed)

    def poke(self) -> None:
        """Wakes the writer: there is background work."""
        with self._changed:
            self._poked = True
            self._changed.notify()

    def close(self, reason: str) -> None:
        """No more is taken in; what waits is still handed out."""
        with self._changed:
            self._closed = self._closed or reason
            self._changed.notify()

    def take(self, *, wait: bool) -> list[Job] | None:
        """The next batch; empty when nothing waits but somebody poked or `wait` is false; None at the end.

        Jobs whose future was cancelled are left out; those handed out cannot be cancelled any more.
        """
        with self._changed:
            while wait and not self._jobs and not self._poked and self._closed is None:
                self._changed.wait()
            self._poked = False
            if not self._jobs and self._closed is not None:
                return None
            jobs = self._cut()
        return [job for job in jobs if job.future.set_running_or_notify_cancel()]

    def _cut(self) -> list[Job]:
        jobs: list[Job] = []
        size = 0
        while (
            self._jobs and len(jobs) < BATCH_JOBS and (not jobs or size + self._jobs[0].size <= BATCH_BYTES)
        ):
            job = self._jobs.popleft()
            size += job.size
            jobs.append(job)
        self._size -= size
        return jobs
