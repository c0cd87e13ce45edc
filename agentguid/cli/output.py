"""What is printed: tables and JSON on stdout, talk on stderr; agents' text only after `safe`."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

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
STATUS_STYLES = {
    "running": "green",
    "starting": "green",
    "waiting": "yellow",
    "silent": "yellow",
} | dict.fromkeys(("error", "lost", "interrupted"), "red")


def safe(text: str) -> str:
    """The text with everything that steers a terminal shown instead of obeyed: escapes, controls, bidi marks."""
    return text.translate(_SAFE)


def one_line(text: str, limit: int = 100) -> str:
    """The text on one line of at most `limit` characters, safe."""
    flat = " ".join(text[: 4 * limit].split())
    return safe(flat if len(flat) <= limit else flat[: limit - 1] + "…")


def as_json(value: object) -> str:
    """One line of JSON that a terminal may show as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_IN_JSON)


def print_json(value: object) -> None:
    print(as_json(value), flush=True)


def say(text: str) -> None:
    """Talk: for the person, not for the next program."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)


def coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str | None, stream: TextIO) -> str:
    """The text in a style, when the stream is a terminal that wants colour."""
    if style is None or not text or not coloured(stream):
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], styles: Mapping[str, str] | None = None
) -> None:
    """Prints aligned columns; the last one is cut to the terminal. A cell whose whole text is in `styles` is painted."""
    cells = [[safe(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(_width(row[n]) for row in [list(headings), *cells]) for n in range(len(headings))]
    room = _columns() - sum(widths[:-1]) - 2 * (len(widths) - 1)
    heading = "  ".join(_pad(text, width) for text, width in zip(headings, widths, strict=True)).rstrip()
    print(paint(heading, "dim", sys.stdout))
    for row in cells:
        row[-1] = _cut(row[-1], room)
        padded = zip(row, widths, strict=True)
        print("  ".join(paint(_pad(c, w), (styles or {}).get(c), sys.stdout) for c, w in padded).rstrip())


def print_fields(fields: Mapping[str, Any]) -> None:
    """Prints names and values, one pair a line."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        print(f"{paint(name.ljust(width), 'dim', sys.stdout)}  {safe(str(value))}")


def ago(milliseconds: int | None) -> str:
    """How long ago a time in ms since the epoch was, roughly."""
    import time

    if not milliseconds:
        return "-"
    seconds = max(0, int(time.time() - milliseconds / 1000))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def day(milliseconds: int | None) -> str:
    """The local day of a time in ms since the epoch."""
    import time

    return time.strftime("%Y-%m-%d", time.localtime(milliseconds / 1000)) if milliseconds else "never"


def _columns() -> int:
    return os.get_terminal_size().columns if sys.stdout.isatty() else 10_000


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _cut(text: str, room: int) -> str:
    if _width(text) <= room or room < 8:
        return text
    while _width(text) > room - 1:
        text = text[:-1]
    return text + "…"
