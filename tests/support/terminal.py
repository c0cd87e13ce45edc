"""A program on a real terminal (pty): what it writes, keys for it, and its size."""

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.vt import Vt

PATIENCE = 60.0
SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[78DM=>]|\][^\x07\x1b]*(?:\x07|\x1b\\))")


def plain(text: str) -> str:
    """Without what steers the terminal."""
    return SEQUENCE.sub("", text).replace("\x07", "")


class Terminal:
    """A process whose standard streams, and controlling terminal, are a pty."""

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        *,
        columns: int = 80,
        rows: int = 24,
        stdin: bytes | None = None,
        watched: bool = True,
    ) -> None:
        self.master, slave = pty.openpty()
        self.screen = Vt(columns)
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.master)
        """How it worked before the program began."""
        self._watched = watched
        """`screen` is what stands there; without, only what was written is known."""
        self._slave = slave
        """Kept open until the program has opened it: a terminal that nobody has open reads as ended."""
        self.raw = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.seen = 0
        """Characters that `expect` has passed."""
        # The first terminal that the leader of a session opens becomes its controlling terminal.
        opens = 'exec "$@" 1<>"$0" 2>&1' + (' <"$0"' if stdin is None else "")
        self.process = subprocess.Popen(
            ["sh", "-c", opens, os.ttyname(slave), *argv],
            env={"TERM": "xterm-256color", **environ},
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            start_new_session=True,
        )
        if stdin is not None:
            assert self.process.stdin
            self.process.stdin.write(stdin)
            self.process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        os.close(self._slave)
        os.close(self.master)

    def resize(self, columns: int, rows: int = 24) -> None:
        self.screen.columns = columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read(self, patience: float) -> None:
        """Takes what there is, waiting for it."""
        if select.select([self.master], [], [], patience)[0]:
            text = self._decode(os.read(self.master, 65_536))
            self.raw += text
            if self._watched:
                self.screen.feed(text)

    def expect(self, text: str) -> str:
        """Waits until the text was written after what was expected before; returns all since then, as plain text."""
        deadline = time.monotonic() + PATIENCE
        while (found := (shown := plain(self.raw)).find(text, self.seen)) < 0:
            ended = self.process.poll() is not None
            before = len(self.raw)
            self.read(0.2)
            if time.monotonic() > deadline or (ended and len(self.raw) == before):
                raise AssertionError(f"{text!r} never came; there was:\n{shown[self.seen :]}")
        passed, self.seen = shown[self.seen : found + len(text)], found + len(text)
        return passed

    def ends(self) -> int:
        """Its exit code, once it has ended; all of its output is read."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None or select.select([self.master], [], [], 0)[0]:
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not end; there was:\n{plain(self.raw)[-3000:]}")
            self.read(0.05)
        return self.process.wait(PATIENCE)
