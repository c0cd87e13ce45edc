"""Where a program failed, as Python, JavaScript and Rust print it."""

import re

from agentguid.render.panels import Trace

FRAMES = 40
"""Frames that are shown; of more, the innermost."""
LOOKED = 256 * 1024
"""Characters at the end of an output that are looked at."""
_PYTHON = "Traceback (most recent call last):"
_FILE = re.compile(r'  File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.*))?$')
_JS_ERROR = re.compile(
    r"^(?:Uncaught |Unhandled )?(?P<error>(?:[\w.]*(?:Error|Exception))\b.*)$", re.MULTILINE
)
_JS_AT = re.compile(r"\s+at (?:(?P<name>.+?) \()?(?P<place>[^()\s]+:\d+:\d+)\)?$")
_RUST = re.compile(
    r"^thread '(?P<name>[^']*)'.* panicked at (?P<place>\S+:\d+:\d+):\n(?P<error>.*)$", re.MULTILINE
)


def recognise_trace(text: str) -> Trace | None:
    """The last traceback of an output; None when there is none."""
    text = text[-LOOKED:]
    for reader in (_python, _javascript, _rust):
        if found := reader(text):
            return found
    return None


def _python(text: str) -> Trace | None:
    _, mark, rest = text.rpartition(_PYTHON)
    if not mark:
        return None
    frames: list[tuple[str, str, str]] = []
    rows = rest.split("\n")[1:]
    for place, row in enumerate(rows):
        if found := _FILE.match(row):
            source = rows[place + 1].strip() if place + 1 < len(rows) else ""
            known = "" if _FILE.match(rows[place + 1] if source else "") else source
            frames.append((f"{found['file']}:{found['line']}", found["name"] or "", known[:400]))
        elif row and not row.startswith(" "):
            return Trace(row[:1000], tuple(frames[-FRAMES:])) if frames else None
    return None


def _javascript(text: str) -> Trace | None:
    for error in _JS_ERROR.finditer(text):
        frames: list[tuple[str, str, str]] = []
        for row in text[error.end() :].split("\n", FRAMES + 1)[1 : FRAMES + 1]:
            found = _JS_AT.match(row)
            if found is None:
                break
            frames.append((found["place"], found["name"] or "", ""))
        if len(frames) > 1:
            return Trace(error["error"][:1000], tuple(reversed(frames)))
    return None


def _rust(text: str) -> Trace | None:
    found = _RUST.search(text)
    return Trace(found["error"][:1000], ((found["place"], found["name"], ""),)) if found else None
