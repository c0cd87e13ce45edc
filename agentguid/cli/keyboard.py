"""Single keys from the terminal while output goes on."""

import codecs
import os
import re
import signal
import sys
import termios
import tty
from types import FrameType
from typing import Self

ENTER, ESCAPE, BACKSPACE, CLEAR, LEAVE = "enter", "escape", "backspace", "clear", "leave"
_NAMED = {"\r": ENTER, "\n": ENTER, "\x1b": ESCAPE, "\x7f": BACKSPACE, "\b": BACKSPACE}
_NAMED |= {"\x15": CLEAR, "\x17": CLEAR, "\x04": LEAVE, "\x03": LEAVE}
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\x1b\[])", re.DOTALL)
"""What arrow keys and the like send."""


def interactive() -> bool:
    """Whether somebody sits at a terminal that we may draw on, and we are in its foreground."""
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        return os.tcgetpgrp(sys.stdout.fileno()) == os.getpgrp()
    except OSError:
        return False


def parse(text: str) -> list[str]:
    """The keys in what was typed: characters, or one of the names above."""
    known = (_NAMED.get(char, char) for char in _SEQUENCE.sub("", text))
    return [key for key in known if len(key) > 1 or key.isprintable()]


class Keys:
    """The keyboard, without waiting for Enter and without an echo, until it is left."""

    def __init__(self) -> None:
        self.descriptor = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def read(self) -> list[str]:
        """The keys that were pressed. Call it when the descriptor is readable; the end of input is LEAVE."""
        data = os.read(self.descriptor, 4096)
        return parse(self._decode(data)) if data else [LEAVE]

    def forget(self) -> None:
        """What was typed and not read yet was not meant for what is asked now."""
        termios.tcflush(self.descriptor, termios.TCIFLUSH)

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self.descriptor)
        tty.setcbreak(self.descriptor)
        signal.signal(signal.SIGCONT, self._again)
        signal.signal(signal.SIGTERM, _ended)
        signal.signal(signal.SIGHUP, _ended)
        return self

    def __exit__(self, *_: object) -> None:
        termios.tcsetattr(self.descriptor, termios.TCSANOW, self._before)
        os.close(self.descriptor)

    def _again(self, _number: int, _frame: FrameType | None) -> None:
        """Back from Ctrl+Z: the shell has made the terminal its own meanwhile."""
        tty.setcbreak(self.descriptor)


def _ended(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
