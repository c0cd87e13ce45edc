"""Carries the write-ahead log over into the database, in a thread of its own: no commit waits for it.

SQLite itself does it within a commit. Its log begins anew only when all of it is carried over, and while commits come
steadily another thread is never quite done: so the thread does the most, and the writer the little that is left.
"""

import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

import apsw

from agentguid.append import connection
from agentguid.failpoints import failpoint
from agentguid.protocol.errors import LogBroken

PAGES = 1000
"""In the write-ahead log, 8 MiB: from here on it is carried over."""
FEW = 200
"""Pages that the writer carries over by itself, between two transactions."""
MOST = 3000
"""In the write-ahead log: from here on the writer waits for the thread."""
STOP = 60
"""Seconds that what is under way may take when the log closes."""

_logger = logging.getLogger(__name__)


class Checkpoints:
    """`after_commit` is for the writer's thread; the rest for whoever opens and closes the log."""

    def __init__(self, path: Path, writer: apsw.Connection) -> None:
        self._writer = writer
        self._db = connection.writer(path)
        # Closing it lets go of all locks that this process has on the file: after the connections.
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._pages = 0
        """In the write-ahead log after the last commit."""
        self._done = 0
        """Of them, those that the thread has carried over; 0 when it is to look again."""
        self._failed = False
        """The thread could not do it: the writer does it, as SQLite would, and the thread is asked again."""
        self._asked = threading.Event()
        """The thread works, or is about to."""
        self._rests = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log-checkpoints", daemon=True)

    def start(self) -> None:
        self._writer.set_wal_hook(self._committed)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread. What is left is carried over when the last connection is closed; then `release`."""
        self._closed = True
        self._asked.set()
        self._thread.join(STOP)
        if self._thread.is_alive():
            raise LogBroken(f"the log was not carried over in {STOP} seconds: does the disk answer?")
        self._db.close()

    def release(self) -> None:
        os.close(self._file)

    def after_commit(self) -> None:
        """Has done what is to be done, if anything. Between two transactions of the writer."""
        if self._pages < PAGES:
            return
        if not self._asked.is_set():
            few = self._pages - self._done <= FEW
            if few or self._failed:
                with suppress(apsw.Error):  # then the thread is asked, and says so
                    self._carry_over(self._writer)
                failpoint("checkpoint.by_writer")
                self._done = 0
            if not few:
                self._rests.clear()
                self._asked.set()
        if self._pages >= MOST:
            self._await_thread()

    def _committed(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _await_thread(self) -> None:
        while self._asked.is_set() and self._thread.is_alive():
            self._rests.wait(1)

    def _run(self) -> None:
        while not self._closed:
            self._asked.wait()
            if not self._closed:
                self._round()
                self._asked.clear()
                self._rests.set()

    def _round(self) -> None:
        try:
            done = self._carry_over(self._db)
            failpoint("checkpoint.by_thread")
            if done != self._done:
                # Of a round during which something was committed SQLite leaves it to the next, which is the writer's.
                os.fdatasync(self._file)
        except Exception as error:  # whatever it was: who asks must not wait for ever
            if not self._failed:
                _logger.warning("the write-ahead log is carried over by the writer: %s", error)
            self._failed, self._done = True, 0
        else:
            self._failed = False
            self._done = done if done < self._pages else 0

    def _carry_over(self, db: apsw.Connection) -> int:
        """What no reader holds back; gives how many pages are over by now."""
        with suppress(apsw.BusyError):  # somebody else does it
            return db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)[1]
        return 0
