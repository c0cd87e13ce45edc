"""The writer thread: what queued up while the last commit ran is the next batch. Nothing waits for company."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import apsw

from agentguid.append.engine import UNWRITABLE
from agentguid.append.inbox import Inbox, Job
from agentguid.append.ledger import Ledger
from agentguid.failpoints import failpoint
from agentguid.protocol.errors import LogBroken, TooBusy

OnCommit = Callable[[int, Sequence[str]], None]
Work = Callable[[apsw.Connection], bool]

STOP = 60
"""Seconds that closing may take; what can wait is bounded, so this is ten times what a slow disk needs."""

LATER = 100
"""Appends that may wait until there is time for them."""

_logger = logging.getLogger(__name__)


class Writer:
    """Owns the writing connection from `start` on."""

    def __init__(
        self,
        db: apsw.Connection,
        ledger: Ledger,
        on_commit: OnCommit | None,
        afterwards: Callable[[], None],
    ) -> None:
        """`afterwards` is called between two transactions, when all who waited for the first have been told."""
        self._db = db
        self._afterwards = afterwards
        self._ledger = ledger
        self._on_commit = on_commit
        self._inbox = Inbox()
        self._works: deque[Work] = deque()
        self._later: deque[Job] = deque()
        self._works_turn = False
        """Of background work and what may wait, each gets its turn."""
        # A daemon thread: a program that fails before it closes the log still ends. What it acknowledged is on the disk.
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._resting = False
        """The disk was full, or the like: background work waits until an append succeeds again."""
        self.position = ledger.position
        """Last committed."""

    def start(self) -> None:
        self._thread.start()

    def submit(self, run: Callable[[], Any], size: int) -> Future[Any]:
        """Runs it in the next batch; it must undo by itself what it did before it raises."""
        future: Future[Any] = Future()
        self._inbox.put(Job(run, size, future))
        return future

    def later(self, run: Callable[[], Any], size: int) -> Future[Any]:
        """As `submit`, alone in a transaction while nothing else waits. Raises `TooBusy` when `LATER` wait already."""
        if len(self._later) >= LATER:
            raise TooBusy(f"{LATER} appends wait until the log has time for them: try again in a second")
        self._inbox.check()
        future: Future[Any] = Future()
        self._later.append(Job(run, size, future))
        self._inbox.poke()
        return future

    def background(self, work: Work) -> None:
        """Calls it, each time in its own transaction, while nothing else waits and it returns True."""
        self._works.append(work)
        self._inbox.poke()

    def stop(self) -> None:
        """Writes what waits, then ends the thread; background work stays undone."""
        self._inbox.close("the log is closed")
        self._thread.join(STOP)
        if self._thread.is_alive():
            raise LogBroken(f"the log's writer thread did not end in {STOP} seconds: does the disk answer?")
        self._abandon("the log is closed")

    def _run(self) -> None:
        try:
            while (
                jobs := self._inbox.take(wait=self._resting or not (self._works or self._later))
            ) is not None:
                if jobs:
                    self._batch(jobs)
                elif not self._resting:
                    self._in_between()
                self._afterwards()
        except BaseException as error:
            self._give_up(error)
            raise

    def _in_between(self) -> None:
        """One transaction of what can wait."""
        self._works_turn = not self._works_turn
        if self._later and (self._works_turn or not self._works):
            job = self._later.popleft()
            if job.future.set_running_or_notify_cancel():
                self._batch([job])
        elif self._works:
            self._slice(self._works.popleft())

    def _batch(self, jobs: list[Job]) -> None:
        try:
            self._ledger.begin()
            outcomes = [self._outcome(job) for job in jobs]
            touched = self._commit()
        except BaseException as error:
            for job in jobs:
                job.future.set_exception(_unwritten(error))
            self._ledger.rollback()
            if isinstance(error, apsw.Error):
                return
            raise
        self._resting = False
        self._tell(touched)
        for job, (result, failure) in zip(jobs, outcomes, strict=True):
            if failure is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(failure)

    def _outcome(self, job: Job) -> tuple[Any, Exception | None]:
        try:
            return job.run(), None
        except Exception as error:  # handed to who asked for it; the others of the batch go on
            if not self._db.in_transaction:
                raise
            return None, _unwritten(error) if isinstance(error, apsw.Error) else error

    def _commit(self) -> list[str]:
        self._ledger.finish()
        failpoint("append.before_commit")
        self._db.execute("COMMIT")
        failpoint("append.after_commit")
        self.position = self._ledger.position
        return self._ledger.committed()

    def _tell(self, touched: list[str]) -> None:
        if touched and self._on_commit is not None:
            try:
                self._on_commit(self.position, touched)
            except Exception:  # the events are on the disk: who waits for them must still hear of it
                _logger.exception("on_commit raised")

    def _slice(self, work: Work) -> None:
        try:
            self._ledger.begin()
            more = work(self._db)
            touched = self._commit()
        except UNWRITABLE:
            self._ledger.rollback()
            self._works.append(work)
            self._resting = True
            return
        except Exception:  # nobody waits for background work, so it is said here
            self._ledger.rollback()
            _logger.exception("background work on the log failed and is given up")
            return
        self._tell(touched)
        if more:
            self._works.append(work)

    def _give_up(self, error: BaseException) -> None:
        reason = f"the log's writer thread ended: {type(error).__name__}: {error}"
        self._inbox.close(reason)
        while (jobs := self._inbox.take(wait=False)) is not None:
            for job in jobs:
                job.future.set_exception(LogBroken(reason))
        self._abandon(reason)

    def _abandon(self, reason: str) -> None:
        while self._later:
            job = self._later.popleft()
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(LogBroken(reason))


def _unwritten(error: BaseException) -> LogBroken:
    broken = LogBroken(f"nothing was appended, the log cannot be written: {error}")
    broken.__cause__ = error
    return broken
