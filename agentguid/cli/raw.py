"""The user's own terminal, lent to a program elsewhere: raw while it lasts, and as it was afterwards, whatever happens."""

import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import tty
from types import FrameType
from typing import Self

from agentguid.cli.keyboard import _ended

LEAVE = (b"\x1d", b"\x1b[93;5u", b"\x1b[27;5;93~")
"""Ctrl+], as terminals send it in their different modes."""
_MODE = re.compile(rb"\x1b(?:\[\?([\d;]{1,40})([hl])|\[([<>=])([\d;]{0,20})(u)|\[>4(?:;(\d))?m)")
_MODES = {
    b"1": b"\x1b[?1l",
    b"9": b"\x1b[?9l",
    **{mode: b"\x1b[?%sl" % mode for mode in (b"1000", b"1002", b"1003", b"1004", b"1005", b"1006", b"1015")},
    b"2004": b"\x1b[?2004l",
    b"1049": b"\x1b[?1049l",
    b"1047": b"\x1b[?1047l",
    b"47": b"\x1b[?47l",
}
"""What programs switch on, and what switches it off."""


class Modes:
    """What the program has switched on in the terminal and not off again."""

    def __init__(self) -> None:
        self._on: dict[bytes, bytes] = {}
        self._rest = b""

    def see(self, data: bytes) -> None:
        """Looks through what is shown."""
        data = self._rest + data
        cut = data.rfind(b"\x1b", max(0, len(data) - 50))
        self._rest = data[cut:] if cut >= 0 and not _MODE.match(data, cut) else b""
        for found in _MODE.finditer(data):
            modes, how, kind, _, _, other = found.groups()
            if kind:
                self._set(b"keys", b"\x1b[<99u", on=kind != b"<")
            elif modes is None:
                self._set(b"other keys", b"\x1b[>4;0m", on=other not in (None, b"0"))
            for mode in (modes or b"").split(b";"):
                if mode == b"25":
                    self._set(mode, b"\x1b[?25h", on=how == b"l")
                elif mode in _MODES:
                    self._set(mode, _MODES[mode], on=how == b"h")

    def _set(self, name: bytes, undo: bytes, *, on: bool) -> None:
        if on:
            self._on[name] = undo
        else:
            self._on.pop(name, None)

    @property
    def undo(self) -> bytes:
        """Switches all of it off."""
        return b"".join(self._on.values())


class Raw:
    """Standard input and output, which must be a terminal."""

    def __init__(self) -> None:
        self._in, self._out = sys.stdin.fileno(), sys.stdout.fileno()
        self._modes = Modes()
        self._at_start = True
        """The cursor stands at the beginning of a line, as far as we know."""

    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns, _, _ = struct.unpack(
            "HHHH", fcntl.ioctl(self._out, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
        )
        return rows or 24, columns or 80

    def wait(self, seconds: float | None, readers: list[int], writers: list[int]) -> set[int]:
        """The descriptors that something can be done with. Another size of the terminal ends it too."""
        ready, writable, _ = select.select([*readers, self._wake], writers, [], seconds)
        if self._wake in ready:
            os.read(self._wake, 4096)
        return {fd for fd in (*ready, *writable) if fd != self._wake}

    @property
    def keys(self) -> int:
        """The descriptor to read from."""
        return self._in

    def typed(self) -> bytes:
        """What was typed; empty at the end of input."""
        try:
            return os.read(self._in, 64 << 10)
        except OSError:
            return b""

    def show(self, data: bytes) -> None:
        self._modes.see(data)
        self._at_start = data.endswith((b"\n", b"\r"))
        self._write(data)

    def note(self, text: str) -> None:
        """A line of our own."""
        self._write(f"{'' if self._at_start else chr(13) + chr(10)}\x1b[2m[{text}]\x1b[0m\r\n".encode())
        self._at_start = True

    def clear(self) -> None:
        """What comes does not go on from what stands there."""
        self._write(self._modes.undo + b"\x1b[0m\x1b[H\x1b[2J")
        self._modes = Modes()

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._out, data) :]

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._in)
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._woken, False)
        self._handlers = {
            number: signal.signal(number, handler)
            for number, handler in (
                (signal.SIGWINCH, lambda *_: None),
                (signal.SIGCONT, self._again),
                (signal.SIGTSTP, self._pause),
                (signal.SIGTERM, _ended),
                (signal.SIGHUP, _ended),
            )
        }
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        tty.setraw(self._in, termios.TCSANOW)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        try:
            termios.tcsetattr(self._in, termios.TCSANOW, self._before)
            self._write(self._modes.undo + b"\x1b[0m" + (b"" if self._at_start else b"\r\n") + b"\x1b[J")
        except (OSError, termios.error):
            pass  # the terminal is gone
        os.close(self._wake)
        os.close(self._woken)

    def _pause(self, _number: int, _frame: FrameType | None) -> None:
        """Stopped from outside: the shell gets its terminal as it was."""
        termios.tcsetattr(self._in, termios.TCSANOW, self._before)
        os.kill(os.getpid(), signal.SIGSTOP)

    def _again(self, _number: int, _frame: FrameType | None) -> None:
        tty.setraw(self._in, termios.TCSANOW)
