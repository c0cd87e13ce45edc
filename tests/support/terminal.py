"""A program on a real terminal (pty): what it writes, keys for it, and its size."""

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
    ) -> None:
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.raw = ""
        self.seen = 0
        """Characters that `expect` has passed."""
        self.process = subprocess.Popen(
            argv,
            env={"TERM": "xterm-256color", **environ},
            cwd=cwd,
            stdin=slave if stdin is None else subprocess.PIPE,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
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
        os.close(self.master)

    def resize(self, columns: int, rows: int = 24) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read(self, patience: float) -> bool:
        """Takes what there is, waiting for it; False at the end."""
        if not select.select([self.master], [], [], patience)[0]:
            return True
        try:
            data = os.read(self.master, 65_536)
        except OSError:  # the other side is gone
            return False
        self.raw += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, text: str) -> str:
        """Waits until the text was written after what was expected before; returns all since then, as plain text."""
        deadline = time.monotonic() + PATIENCE
        while (found := (shown := plain(self.raw)).find(text, self.seen)) < 0:
            if not self.read(0.2) or time.monotonic() > deadline:
                raise AssertionError(f"{text!r} never came; there was:\n{shown[self.seen :]}")
        before, self.seen = shown[self.seen : found + len(text)], found + len(text)
        return before

    def ends(self) -> int:
        """Its exit code, once it has ended; all of its output is read."""
        deadline = time.monotonic() + PATIENCE
        while self.read(0.2):
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not end; there was:\n{plain(self.raw)[-3000:]}")
            if self.process.poll() is not None and not select.select([self.master], [], [], 0)[0]:
                break
        return self.process.wait(PATIENCE)

    @property
    def text(self) -> str:
        """All so far, as plain text."""
        return plain(self.raw).replace("\r\n", "\n")
