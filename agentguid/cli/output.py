"""What is printed: tables and JSON on stdout, talk on stderr; agents' text only after `safe`."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from agentguid.cli.cells import cells, columns, cut, fold, pad

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_HIDDEN = (0x2028, 0x2029, 0xFEFF, *range(0xE0000, 0xE0080))
_SURROGATES = range(0xD800, 0xE000)
_C0 = {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)}
_SAFE = (
    _C0
    | {0x7F: "\u2421"}
    | {code: f"<U+{code:04X}>" for code in (*range(0x80, 0xA0), *_BIDI, *_HIDDEN)}
    | dict.fromkeys(_SURROGATES, "\ufffd")
)
_IN_JSON = {
    code: json.dumps(chr(code))[1:-1] for code in (*range(0x80, 0xA0), *_BIDI, *_HIDDEN, *_SURROGATES)
} | {0x7F: "\\u007f"}
_STYLES = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
NARROW = 12
"""Cells that the last column of a table has at least."""
STATUS_STYLES = {
    "running": "green",
    "starting": "green",
    "waiting": "yellow",
    "silent": "yellow",
    "stuck": "yellow",
    "retrying": "yellow",
} | dict.fromkeys(("error", "lost", "interrupted"), "red")


def safe(text: str) -> str:
    """The text with everything that steers a terminal shown instead of obeyed: escapes, controls, bidi marks."""
    return text.translate(_SAFE)


def one_line(text: str, limit: int = 100) -> str:
    """The text on one line of at most `limit` cells, safe."""
    return cut(safe(" ".join(text[: 4 * limit].split())), limit)


def as_json(value: object) -> str:
    """One line of JSON that a terminal may show as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_IN_JSON)


def print_json(value: object) -> None:
    print(as_json(value), flush=True)


def say(text: str) -> None:
    """Talk: for the person, not for the next program."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """Says more than a few words; on a terminal in lines that are broken at words. Indented ones, commands, stay whole."""
    for line in safe(text).splitlines():
        say(line if line.startswith("  ") else "\n  ".join(fold(line, columns(sys.stderr) - 2)))


def coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str | None, stream: TextIO) -> str:
    """The text in a style, when the stream is a terminal that wants colour."""
    if style is None or not text or not coloured(stream):
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def sgr(style: str | None) -> str:
    """The terminal's numbers for a style; nothing for none."""
    return _STYLES[style] if style else ""


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    styles: Mapping[str, str] | None = None,
    spare: Sequence[str] = (),
) -> None:
    """Prints aligned columns; the last one is cut to the terminal. A cell whose whole text is in `styles` is painted.

    Where that leaves little of it, columns go, in the order of `spare`.
    """
    table = [list(headings), *([safe(cell).replace("\n", " ") for cell in row] for row in rows)]
    room, left_out = columns(), [name for name in spare if name in headings]
    while left_out and room - _before_last(table) < NARROW:
        place = table[0].index(left_out.pop(0))
        table = [[*row[:place], *row[place + 1 :]] for row in table]
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    last = max(NARROW, room - _before_last(table))
    for number, row in enumerate(table):
        row[-1] = cut(row[-1], last)
        line = "  ".join(
            paint(pad(text, width), (styles or {}).get(text) if number else "dim", sys.stdout)
            for text, width in zip(row, [*widths[:-1], 0], strict=True)
        )
        print(line.rstrip())


def _before_last(table: Sequence[Sequence[str]]) -> int:
    """The cells that stand before the last column."""
    return sum(max(map(cells, column)) + 2 for column in list(zip(*table, strict=True))[:-1])


def print_fields(fields: Mapping[str, Any]) -> None:
    """Prints names and values, one pair a line."""
    width, room = max(map(len, fields), default=0), columns()
    for name, value in fields.items():
        text = cut(safe(str(value)).replace("\n", " "), max(NARROW, room - width - 2))
        print(f"{paint(name.ljust(width), 'dim', sys.stdout)}  {text}".rstrip())


def ago(milliseconds: int | None) -> str:
    """How long ago a time in ms since the epoch was, roughly."""
    import time

    return "-" if not milliseconds else span(time.time() - milliseconds / 1000)


def span(seconds: float) -> str:
    """A length of time, roughly."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def counted(count: int, one: str, several: str) -> str:
    """A number and what it is of."""
    return f"{count} {one if count == 1 else several}"


def size(count: int) -> str:
    """A number of bytes, roughly."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def day(milliseconds: int | None) -> str:
    """The local day of a time in ms since the epoch."""
    import time

    return time.strftime("%Y-%m-%d", time.localtime(milliseconds / 1000)) if milliseconds else "never"


def clock(milliseconds: int) -> str:
    """A point in time of these days, by the clock of this machine."""
    import time

    there = time.localtime(milliseconds / 1000)
    today = there[:3] == time.localtime()[:3]
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M", there)
