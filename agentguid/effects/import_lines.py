"""Lines of a file that somebody else may be writing: one after the other, bounded, from a place on."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

LONGEST = 64 << 20
"""Bytes of a line that is read; a longer one is passed over."""
PRINT = 256
"""Bytes before a place that tell whether it is still the same file."""
RESTING = 60.0
"""Seconds after which a last line without an end is taken for whole."""


class Line(Struct, frozen=True, gc=False):
    data: bytes
    """Without its end; empty when it was too long."""
    offset: int
    end: int
    """Where the next one begins."""


def lines(path: str, offset: int) -> Iterator[Line]:
    """The whole lines from a place on. Nothing when there is no such file any more."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below, also when nobody reads to the end
    except OSError:
        return
    with file:
        file.seek(offset)
        while data := file.readline(LONGEST):
            begin, offset = offset, offset + len(data)
            if data.endswith(b"\n"):
                yield Line(data.rstrip(b"\r\n"), begin, offset)
            elif len(data) == LONGEST:
                while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
                    offset += len(rest)
                offset += len(rest)
                yield Line(b"", begin, offset)
            elif time.time() - Path(path).stat().st_mtime > RESTING:
                yield Line(data, begin, offset)


def fingerprint(path: str, offset: int) -> str:
    """What stands before a place, in short; the same again when the file has only grown."""
    if not offset:
        return ""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, offset - PRINT))
            data = file.read(min(PRINT, offset))
    except OSError:
        return "gone"
    return hashlib.blake2b(data, digest_size=8).hexdigest()
