"""Text as a reader can take it: sizes, times, and characters that would otherwise deceive."""

import datetime as dt
import os
import re

from markupsafe import Markup, escape

# What a reader cannot see or what changes the order of what he sees: C0 and C1 controls but tab and newline,
# zero-width characters, marks and overrides of the writing direction, tags.
DECEPTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
_CONTROLS[0x7F] = 0x2421
_TICKED = re.compile("(?<!`)`([^`\n]+)`(?!`)")
_PROSE: dict[int, int | str] = {**_CONTROLS, **{code: f"⟦U+{code:04X}⟧" for code in range(0x202A, 0x202F)}}


def lines(content: str) -> str:
    """The text with one kind of line end."""
    return content.replace("\r\n", "\n").replace("\r", "\n")


def inert(content: str) -> str:
    """Text for prose: controls become their pictures, overrides of the direction their numbers; marks and joiners stay."""
    return lines(content).translate(_PROSE)


def prose(content: object) -> Markup:
    """The same, escaped."""
    return escape(inert(str(content)))


def visible(content: object) -> Markup:
    """Text for code, commands and names: escaped, and each deceptive character shown by its number."""
    return Markup(show_odd(str(escape(lines(str(content))))))  # noqa: S704  escaped


def ticked(content: object) -> Markup:
    """What stands between backticks, as code. What is not escaped yet is escaped."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(content))))  # noqa: S704  escaped


def show_odd(escaped: str) -> str:
    """HTML text with each deceptive character shown by its number. The page's script copies it as the character again."""
    return DECEPTIVE.sub(_show, escaped)


def _show(match: re.Match[str]) -> str:
    return f'<span class="odd">U+{ord(match.group()):04X}</span>'


def size(count: int | None) -> str:
    """Bytes in words."""
    value = float(count or 0)
    for unit in ("B", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def duration(milliseconds: int) -> str:
    """A span of time in words, at the precision that matters."""
    seconds = milliseconds / 1000
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


def minutes(microseconds: int) -> str:
    """How long something lasts by now: whole minutes, hours, days."""
    count = max(0, microseconds) // 60_000_000
    if count < 60:
        return f"{count} min"
    return f"{count // 60} h" if count < 48 * 60 else f"{count // 1440} d"


def number(count: int) -> str:
    """A count, short: 950, 26.8k, 1.2M."""
    if count < 1000:
        return str(count)
    short = f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"
    return short.replace(".0", "")


def cost(dollars: float) -> str:
    """Money as agents reckon it."""
    return f"${dollars:.2f}" if dollars >= 0.01 or dollars == 0 else f"${dollars:.4f}"


def folder(path: str) -> str:
    """A path with the home directory as `~`."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if path == home or path.startswith(home + "/") else path


def _local(micros: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(micros // 1_000_000, dt.UTC).astimezone()


def moment(micros: int) -> str:
    """A point in time as the server's clock shows it. The page's script makes ages of it."""
    when = _local(micros)
    return f"{when.day} {when:%b}, {when:%H:%M}"


def instant(micros: int) -> str:
    """A point in time for machines."""
    return dt.datetime.fromtimestamp(micros // 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clip(content: str, limit: int = 64 * 1024) -> str:
    """The beginning of a text that may be of any size."""
    return (
        content
        if len(content) <= limit
        else content[:limit] + f"\n… ({len(content) - limit:,} characters more)"
    )


_WAIT = re.compile(r"\bin (\d{1,6}(?:\.\d+)?) s\b")
_UNTIL = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?(?: UTC|Z)")


def timed(content: str, at: int) -> list[tuple[str, str]]:
    """A sentence said at a time (microseconds), in pieces, each with the point in time that it means or nothing.

    `in 5 s` and `2026-11-26 01:30 UTC` are such: a page can count down to them.
    """
    pieces: list[tuple[str, str]] = []
    place = 0
    for match in sorted((*_WAIT.finditer(content), *_UNTIL.finditer(content)), key=lambda one: one.start())[
        :20
    ]:
        if match.start() < place:
            continue
        waits = match.re is _WAIT
        when = (
            instant(at + int(float(match[1]) * 1_000_000))
            if waits
            else f"{match[1]}T{match[2]}:{match[3] or '00'}Z"
        )
        pieces += [(content[place : match.start()], ""), (match.group(), when)]
        place = match.end()
    return [*pieces, (content[place:], "")]


def one_line(content: str, limit: int = 200) -> str:
    """The first words, on one line."""
    short = " ".join(content[: limit * 4].split())
    return short if len(short) <= limit else short[: limit - 1] + "…"
