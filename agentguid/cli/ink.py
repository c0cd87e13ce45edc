"""Markdown as it streams: the same characters, styled. Nothing is left out, nothing waits for long."""

import re
from collections.abc import Iterator

Run = tuple[str, str]
"""Text and the SGR codes that it is written in; empty for none."""

_HEAD = re.compile(r" {0,3}(?:(#{1,6})(?=\s)|(`{3,}|~{3,})|(>))")
_UNDECIDED = re.compile(r" {0,3}(#{0,6}|`{0,2}|~{0,2})\Z")
"""The beginning of a line that may still become a heading, a fence or a quotation."""
BOLD, CODE, DIM, HEADING = "1", "36", "2", "1;36"


class Ink:
    """The state of one text while its pieces come."""

    def __init__(self) -> None:
        self._held = ""
        """What the next piece decides about."""
        self._at_start = True
        """At the beginning of a line."""
        self._line = ""
        """How the rest of the line is written."""
        self._fence = ""
        self._bold = False
        self._code = False

    @property
    def verbatim(self) -> bool:
        """Inside of a block of code: lines are not to be broken at words."""
        return bool(self._fence)

    def write(self, text: str) -> Iterator[Run]:
        """The piece, and what was held back before it."""
        text, self._held = self._held + text, ""
        while text:
            if self._at_start:
                if _UNDECIDED.match(text):
                    break
                self._begin_line(text)
            end = text.find("\n")
            line, rest = (text, "") if end < 0 else (text[: end + 1], text[end + 1 :])
            yield from self._inline(line)
            if end >= 0:
                self._end_line()
            text = rest
        self._held = text + self._held

    def finish(self) -> Iterator[Run]:
        """What was held back."""
        text, self._held = self._held, ""
        if text:
            yield text, self._style()

    def _begin_line(self, text: str) -> None:
        self._at_start = False
        heading, fence, quote = found.groups() if (found := _HEAD.match(text)) else (None, None, None)
        if fence and (not self._fence or fence.startswith(self._fence)):
            self._fence, self._line = "" if self._fence else fence[:3], DIM
        elif self._fence:
            self._line = CODE
        elif heading or quote:
            self._line = HEADING if heading else DIM

    def _end_line(self) -> None:
        self._at_start, self._line, self._bold, self._code = True, "", False, False

    def _inline(self, line: str) -> Iterator[Run]:
        if self._line or self._fence:
            yield line, self._style()
            return
        begin = place = 0
        while place < len(line):
            mark = "**" if line.startswith("**", place) and not self._code else line[place]
            if mark == "*" and place + 1 == len(line) and not self._code:
                break  # the next piece may bring its twin
            if mark in ("**", "`"):
                yield line[begin:place], self._style()
                yield mark, DIM
                self._toggle(mark)
                begin = place + len(mark)
            place += len(mark)
        yield line[begin:place], self._style()
        self._held = line[place:]

    def _toggle(self, mark: str) -> None:
        if mark == "`":
            self._code = not self._code
        else:
            self._bold = not self._bold

    def _style(self) -> str:
        if self._line:
            return self._line
        return CODE if self._code else BOLD if self._bold else ""
