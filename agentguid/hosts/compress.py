"""What becomes of old tapes: their segments are compressed, and by a rule the oldest go. The log never needs them."""

import gzip
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from agentguid.hosts import tape


class Kept(Struct, frozen=True):
    """A tape whose host is gone and which is committed to its end."""

    tape: str
    age: float
    """Seconds since its last record."""
    size: int
    """Bytes on the disk."""


def victims(tapes: Sequence[Kept], keep_age: float | None, keep_bytes: int | None) -> list[str]:
    """The tapes to delete: those older than `keep_age` seconds, then the oldest until `keep_bytes` are left. None: no limit."""
    found, total = [], 0
    for kept in sorted(tapes, key=lambda kept: (kept.age, kept.tape)):
        total += kept.size
        too_old = keep_age is not None and kept.age > keep_age
        too_much = keep_bytes is not None and total > keep_bytes
        if too_old or too_much:
            found.append(kept.tape)
    return found


def compress(directory: Path, upto: int | None = None) -> int:
    """Compresses the segments that lie wholly before `upto`; all of them when it is None: only for a tape that has ended.

    Returns the bytes saved. Readers find the same records before, while and after; a crash leaves one or both forms.
    Takes 20 ms a megabyte: not for an event loop. Raises OSError.
    """
    found = tape.segments(directory)
    if not found:
        return 0  # the tape is gone, or is no longer beside a log that was restored
    ends = [start for start, _ in found[1:]]
    saved = 0
    for (_, name), end in zip(
        found, [*ends, None], strict=False
    ):  # a host may have died before it wrote anything
        done = upto is None if end is None else upto is None or end <= upto
        if done and not name.endswith(".gz"):
            saved += _pack(directory / name)
    return saved


def _pack(plain: Path) -> int:
    temporary, packed = plain.with_suffix(".part"), plain.with_suffix(".tape.gz")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(plain, "rb") as source, open(fd, "wb") as file:
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    was = plain.stat()
    os.utime(temporary, ns=(was.st_atime_ns, was.st_mtime_ns))  # a tape is as old as its last record
    saved = was.st_size - temporary.stat().st_size
    temporary.rename(packed)
    _sync_names(plain.parent)
    plain.unlink()
    return saved


def _sync_names(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
