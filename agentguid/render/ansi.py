"""Terminal output as HTML: its colours in our inks, everything else that a terminal would obey left out.

What a program prints to move the cursor, to set titles or to make links (OSC 8) says nothing to a reader and may be
meant to deceive: it is dropped. A line that was overwritten (progress bars) shows what stood there last.
"""

import re

from markupsafe import Markup

from agentguid.render.text import visible

_SEQUENCE = re.compile(
    r"\x1b\[([0-9;:]*)m"  # colours: kept
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # other CSI
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,2048}(?:\x07|\x1b\\)"  # OSC, DCS and the like with their end; without it only:
    r"|\x1b[ -/]*[0-~]"  # short ones
    r"|\x1b"
    r"|(.)\x08(?=\2)|_\x08|\x07|\x0e|\x0f"  # bold and underlined as typewriters do it, bells, character sets
)
_CONTROL = re.compile("[\x07\x08\x0e\x0f\x1b\r]")
_INKS = ("d", "r", "g", "y", "b", "m", "c", "")
"""Classes of the eight colours: `a-` and the letter. White is the ink of the text itself."""


class Style:
    """The graphic rendition in force."""

    def __init__(self) -> None:
        self.ink, self.marks = "", ""

    def set(self, parameters: str) -> None:
        """The parameters of an SGR sequence."""
        codes = [int(code or 0) for code in parameters.replace(":", ";").split(";")[:32] if len(code) < 6]
        place = 0
        while place < len(codes):
            code = codes[place]
            if code in (38, 48):
                taken, ink = _extended(codes[place + 1 :])
                self.ink = ink if code == 38 else self.ink
                place += taken
            else:
                self._one(code)
            place += 1

    def _one(self, code: int) -> None:
        if code == 0:
            self.ink = self.marks = ""
        elif code in _MARKS:
            self.marks += "" if _MARKS[code] in self.marks else _MARKS[code]
        elif code in _ENDS:
            self.marks = "".join(mark for mark in self.marks if mark not in _ENDS[code])
        elif 30 <= code <= 37 or 90 <= code <= 97:
            self.ink = _INKS[code % 10]
        elif code == 39:
            self.ink = ""

    @property
    def classes(self) -> str:
        return " ".join(f"a-{one}" for one in (self.ink, *self.marks) if one)


_MARKS = {1: "1", 2: "d", 3: "i", 4: "u", 7: "v", 9: "s"}
_ENDS = {22: "1d", 23: "i", 24: "u", 27: "v", 29: "s"}


def _extended(rest: list[int]) -> tuple[int, str]:
    """How many parameters a 256-colour or true colour takes, and the nearest ink."""
    if rest[:1] == [5] and len(rest) > 1:
        return 2, _of_256(rest[1])
    if rest[:1] == [2]:
        return 4, nearest(*rest[1:4]) if len(rest) > 3 else ""
    return len(rest), ""


def _of_256(index: int) -> str:
    if index < 16:
        return _INKS[index % 8]
    if index < 232:
        red, green, blue = ((index - 16) // step % 6 * 51 for step in (36, 6, 1))
        return nearest(red, green, blue)
    return "d" if 232 <= index < 248 else ""


def nearest(red: int, green: int, blue: int) -> str:
    """The ink whose hue a colour has; none for one that is nearly grey."""
    high, low = max(red, green, blue), min(red, green, blue)
    if high - low < 48:
        return "d" if high < 160 else ""
    half = (high + low) / 2
    return {
        (True, False, False): "r",
        (False, True, False): "g",
        (False, False, True): "b",
        (True, True, False): "y",
        (True, False, True): "m",
        (False, True, True): "c",
    }[red > half, green > half, blue > half]


def plain(output: str) -> str:
    """The text alone."""
    return _SEQUENCE.sub("", _overwritten(output)) if _CONTROL.search(output) else output


def html(output: str) -> Markup:
    """Terminal output as HTML. Unfinished and unknown sequences are left out; nothing else is lost."""
    if not _CONTROL.search(output):
        return visible(output)
    style, parts, place = Style(), list[str](), 0
    output = _overwritten(output)
    for found in _SEQUENCE.finditer(output):
        _write(parts, output[place : found.start()], style.classes)
        place = found.end()
        if found.group(1) is not None:
            style.set(found.group(1))
    _write(parts, output[place:], style.classes)
    return Markup("".join(parts))  # noqa: S704  every piece went through `visible`


def _write(parts: list[str], text: str, classes: str) -> None:
    if text:
        shown = visible(text)
        parts.append(f'<span class="{classes}">{shown}</span>' if classes else shown)


def _overwritten(output: str) -> str:
    """Each line as it stood at last, when a program went back to its beginning."""
    if "\r" not in output:
        return output
    whole = output.replace("\r\n", "\n")
    return "\n".join(_last(line) if "\r" in line else line for line in whole.split("\n"))


def _last(line: str) -> str:
    written = [piece for piece in line.split("\r") if piece]
    return written[-1] if written else ""
