"""Lines of a file that somebody else may be writing: one after the other, bounded, from a place on."""

import hashlib
import os
import time
from collections.abc import Iterator

import msgspec
from msgspec import Struct

LONGEST = 64 << 20
"""Bytes of a line that is read; a longer one is passed over."""
PRINT = 256
"""Bytes before a place that tell whether it is still the same file."""
RESTING = 60.0
"""Seconds after which a last line without an end is taken for whole, if it is."""
LEFT = 3600.0
"""Seconds after which it is taken as it is: nobody writes on."""


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
            elif _is_told(data, time.time() - os.fstat(file.fileno()).st_mtime):
                yield Line(data, begin, offset)


def again(path: str, offset: int) -> int:
    """When a line without an end that stands behind the last one is taken, microseconds since the epoch; 0: there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return 0
    if status.st_size <= offset:
        return 0
    waits = RESTING if time.time() - status.st_mtime <= RESTING else LEFT
    return int((status.st_mtime + waits) * 1_000_000) + 1


def _is_told(data: bytes, quiet: float) -> bool:
    """Whether a line without an end is taken, so many seconds after somebody wrote."""
    if not RESTING < quiet <= LEFT:
        return quiet > LEFT
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


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
