"""How far long work is: on stderr, when somebody looks."""

import sys


class Progress:
    """One line that is written over. Call it as often as you like."""

    def __init__(self) -> None:
        self._wanted = sys.stderr.isatty()
        self._shown = ""

    def __call__(self, what: str, done: int, of: int) -> None:
        text = f"{what} {done * 100 // of if of else 100} %"
        if self._wanted and text != self._shown:
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = text

    def end(self) -> None:
        """Takes the line away."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
