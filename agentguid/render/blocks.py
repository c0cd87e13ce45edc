"""Where a growing Markdown text may be cut, so that its parts drawn one by one read as the whole does.

Conservative: it cuts at blank lines and around fences of the outermost level; never within lists, indented code or a
fence; and not at all any more once the text has something whose meaning reaches further: raw HTML, definitions of
links, footnotes. Each line is looked at once, so that a text of any length costs its length.
"""

import re
from dataclasses import dataclass

import pyromark

from agentguid.render.markdown import LIMIT, OPTIONS

_FENCE = re.compile(r"( *)(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*)$")
_MARKER = re.compile(r"( {0,3})([-+*]|\d{1,9}[.)])(?:( +)|\t|$)")
_PERHAPS = re.compile(r"(?:[-+*]|\d{1,9}[.)]?)$")
"""The beginning of a line that may yet become an item of a list."""
_HEAD = 12
"""Characters that tell whether a line is an item of a list."""
_UNKNOWN = 99
"""Column of the content of a list of which no more is known than that there may be one."""


@dataclass(slots=True, frozen=True)
class Block:
    """A finished part, in characters of the text."""

    start: int
    end: int
    text: str


class Splitter:
    """Fed with a text piece by piece. `blocks` only grow; what follows `done` is unfinished."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.done = 0
        """Where the unfinished rest begins."""
        self.fence: str | None = None
        """The rest is a block of code, which begins at `code`; its opening line says this."""
        self.code = 0
        self.stuck = False
        """Nothing is cut any more."""
        self._lines: list[str] = []
        """Of the rest."""
        self._line: list[str] = []
        """The pieces of the line that is not complete yet; it begins at `_at`."""
        self._at = 0
        self._head = ""
        self._close: re.Pattern[str] | None = None
        """The line that ends the fence."""
        self._outer = True
        """The fence is no part of a list."""
        self._content = 0
        """In a list: the column at which the content of its items begins; 0 outside."""
        self._indented = False
        """In what may be indented code."""
        self._blank = True
        """The line before was blank."""

    def feed(self, piece: str) -> None:
        """The text goes on."""
        if "\r" in piece:
            self._stick()
        *complete, last = piece.split("\n")
        for part in complete:
            if self.stuck:
                return
            line = "".join([*self._line, part])
            self._line, self._head = [], ""
            self._take(line)
        if last and not self.stuck:
            self._line.append(last)
            self._head = (self._head + last)[:_HEAD]
            if (
                self._blank
                and self._lines
                and self._close is None
                and not self._goes_on(self._head, _perhaps)
            ):
                self._cut()

    def _take(self, line: str) -> None:
        """A complete line, without its end."""
        end = self._at + len(line) + 1
        if end > LIMIT:
            return self._stick()
        ended = self._in_fence(line) if self._close is not None else self._outside(line, end)
        if self.stuck:
            return None
        self._lines.append(line)
        self._at = end
        if ended:
            self._cut()
        return None

    def _stick(self) -> None:
        self.stuck, self._lines, self._line = True, [], []
        if self._close is None or not self._outer:
            self.fence = None

    def _in_fence(self, line: str) -> bool:
        """Whether it ends with this line, and the block with it."""
        assert self._close is not None
        if self._close.fullmatch(line):
            self._close = None
            indent = len(line) - len(line.lstrip(" "))
            if not self._outer and not self._content <= indent <= 3:
                self._stick()
            return self._outer
        if not self._outer and line and line[0] not in " \t":
            self._stick()  # whether it belongs to the list cannot be told so simply
        return False

    def _outside(self, line: str, end: int) -> bool:
        """Whether the block ends with this line."""
        if not line.strip(" \t"):
            self._blank = True
            return not (self._content or self._indented)  # those may go on
        if self._blank and self._lines and not self._goes_on(line, _MARKER.match):
            self._cut()
            if self.stuck:
                return False
        if line[0] in " \t":
            self._indented = True
        self._blank = False
        if fence := _FENCE.match(line):
            self._opens(fence, end)
        elif marker := _MARKER.match(line):
            sure = self._content or not self._lines
            self._content = max(self._content, _column(marker) if sure else _UNKNOWN)
        return False

    def _goes_on(self, line: str, item: object) -> bool:
        """Whether a line after a blank one may belong to what stands before that."""
        return line[0] in " \t" or bool(self._content and item(line))  # type: ignore[operator]

    def _opens(self, fence: re.Match[str], end: int) -> None:
        indent, mark = len(fence.group(1)), fence.group(2)
        if indent > 3 and not self._content:
            return  # indented code, or the paragraph goes on
        self._outer = not self._content or indent == 0
        if self._outer:
            if self._lines:
                self._cut()
                if self.stuck:
                    return
            self.fence, self.code = fence.group(3), end
        elif not self._content <= indent <= 3:
            self._stick()
        self._close = re.compile(
            rf"{' {0,3}' if self._outer else ' *'}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*"
        )

    def _cut(self) -> None:
        """The lines so far are finished, unless they reach further."""
        part = "".join(f"{line}\n" for line in self._lines)
        if part.strip(" \t\n"):
            if _reaches_on(part):
                return self._stick()
            self.blocks.append(Block(self.done, self._at, part))
        self.done, self._lines, self.fence = self._at, [], None
        self._content, self._indented, self._blank = 0, False, True
        return None


def _column(marker: re.Match[str]) -> int:
    spaces = len(marker.group(3) or "")
    return len(marker.group(1)) + len(marker.group(2)) + spaces if 0 < spaces < 5 else _UNKNOWN


def _perhaps(line: str) -> bool:
    return bool(_PERHAPS.match(line) or _MARKER.match(line))


def _reaches_on(part: str) -> bool:
    """Raw HTML may stay open, definitions and footnotes are used elsewhere."""
    if "[^" in part or ("]:" in part and pyromark.reference_definitions(part, options=OPTIONS)):
        return True
    return "<" in part and any(
        isinstance(event, dict) and not event.keys().isdisjoint(("Html", "InlineHtml"))
        for event in pyromark.events(part, options=OPTIONS)
    )
