"""A transcript on a terminal: text that is wrapped at words as it streams, and a few lines below it that change.

The cursor always stands where the text ends. What is below it is erased before anything is written and drawn again
after, so that a resized terminal, whatever it does with long lines, is right again with the next character.
"""

import sys
from collections.abc import Sequence
from typing import TextIO

from agentguid.cli.calls import Line
from agentguid.cli.cells import cell, cells, columns, cut
from agentguid.cli.ink import Ink, Run
from agentguid.cli.output import coloured, sgr

_ERASE_BELOW = "\x1b[J"
_ERASE_LINE = "\x1b[K"
_DOWN = "\x1bD"
"""A line down in the same column; scrolls at the end of the screen."""
_SAVE, _RESTORE = "\x1b7", "\x1b8"
MOST = 12
"""Lines below the text."""


class Screen:
    """One terminal."""

    streams_thoughts = True

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._colour = coloured(out)
        self._column = 0
        self._block = ""
        """What was written last: words, a thought or notes. A blank line stands before another."""
        self._word: list[Run] = []
        """The characters since the last place where a line may end."""
        self._ink = Ink()
        self._below: Sequence[Line] = ()
        self._drawn = False
        self.calls: Sequence[str] = ()
        """Tools that run."""

    def words(self, text: str) -> None:
        """A piece of what the agent says, in Markdown."""
        self._begin("words")
        for run in self._ink.write(text):
            self._put(run, whole_words=not self._ink.verbatim)
        self._out.flush()

    def thought(self, text: str) -> None:
        """A piece of what the agent thinks."""
        self._begin("thought")
        self._put((text, "2;3"))
        self._out.flush()

    def end(self) -> None:
        """The text is at its end; what comes begins on a line of its own."""
        self._erase()
        for run in self._ink.finish():
            self._put(run)
        self._ink = Ink()
        self._line()
        self._out.flush()

    def note(self, *lines: Line) -> None:
        """Whole lines about what happens."""
        self._begin("notes")
        self._line()
        for text, style in lines:
            self._put((text, sgr(style)))
            self._put(("\n", ""))
        self._out.flush()

    def working(self, calls: Sequence[str]) -> None:
        self.calls = calls

    def below(self, lines: Sequence[Line]) -> None:
        """Draws what stands below the text, instead of what stood there."""
        if self._drawn and lines == self._below:
            return
        self._below = lines
        self._erase()
        room = columns() - 1
        shown = [(cut(text, room), style) for text, style in lines[:MOST]]
        if shown:
            down = len(shown) + (1 if self._column else 0)
            self._out.write(_DOWN * down + f"\x1b[{down}A" + _SAVE + ("\r\n" if self._column else "\r"))
            self._out.write("\r\n".join(self._painted(text, sgr(style)) for text, style in shown) + _RESTORE)
            self._drawn = True
        self._out.flush()

    def close(self) -> None:
        """Leaves the terminal as text was written to it, at the beginning of a line."""
        self._erase()
        self._line()
        self._out.flush()

    def _begin(self, block: str) -> None:
        self._erase()
        if self._block not in ("", block):
            self._line()
            self._put(("\n", ""))
        self._block = block

    # -- below: characters ---------------------------------------------------------------------------------------
    def _erase(self) -> None:
        if self._drawn:
            self._out.write(_ERASE_BELOW)
            self._drawn = False

    def _line(self) -> None:
        if self._column:
            self._put(("\n", ""))

    def _put(self, run: Run, *, whole_words: bool = True) -> None:
        """Writes text, with line ends where they are needed. The last column is left free: terminals differ there."""
        text, style = run
        room, begin = columns() - 1, 0
        for place, char in enumerate(text):
            wide = 8 - self._column % 8 if char == "\t" else cell(char)
            if char != "\n" and self._column + wide > room and wide:
                self._out.write(self._painted(text[begin:place], style))
                begin = place
                if char == " ":
                    begin, wide = place + 1, 0
                self._wrap(whole_words and char not in " \t")
            self._column = 0 if char == "\n" else self._column + wide
            if char in "\n\t -/" or wide == 2:
                self._word.clear()
            else:
                self._word.append((char, style))
        self._out.write(self._painted(text[begin:], style))

    def _wrap(self, whole_words: bool) -> None:
        """Ends the line before the word that does not fit; a word that began with the line is cut."""
        width = cells("".join(char for char, _ in self._word))
        if whole_words and 0 < width < self._column:
            again = "".join(self._painted(char, style) for char, style in self._word)
            self._out.write(f"\x1b[{width}D{_ERASE_LINE}\r\n{again}")
            self._column = width
        else:
            self._out.write("\r\n")
            self._word.clear()
            self._column = 0

    def _painted(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if style and text and self._colour else text
