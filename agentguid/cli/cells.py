"""How wide text is on a terminal, in cells."""

import os
import sys
from typing import TextIO
from unicodedata import category, east_asian_width

UNKNOWN = 10_000
"""Cells of a line when the output is no terminal: as many as there are."""


def cells(text: str) -> int:
    """The cells that the text takes: two for wide characters, none for what joins the one before."""
    return len(text) if text.isascii() else sum(map(cell, text))


def cell(char: str) -> int:
    """The cells of one character."""
    if char.isascii():
        return 1
    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def cut(text: str, room: int) -> str:
    """The text, at most `room` cells of it; `…` says that there was more."""
    if len(text) <= 4 * room + 8 and cells(text) <= room:
        return text
    used = 0
    for place, char in enumerate(text):
        used += cell(char)
        if used > room - 1:
            return text[:place] + "…"
    return text


def cut_left(text: str, room: int) -> str:
    """The end of the text, at most `room` cells: of a path its end says most."""
    return text if cells(text) <= room else "…" + cut(text[::-1], room)[-2::-1]


def fold(text: str, room: int) -> list[str]:
    """The text in lines of at most `room` cells, broken at spaces only: a long word stays whole."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cells(longer) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def pad(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def columns(stream: TextIO | None = None) -> int:
    """Cells of a line of the terminal that a stream (stdout) is."""
    out = stream or sys.stdout
    if not out.isatty():
        return UNKNOWN
    try:
        return os.get_terminal_size(out.fileno()).columns or 80
    except OSError:
        return 80
