"""What a terminal has shown, read off its tape: by each reader from his own place on, at his own pace.

The tape is the buffer, so a slow reader costs no memory. It is short: who falls behind what was cut out of it is told.
"""

from pathlib import Path

from msgspec import Struct

from agentguid.hosts import tape

REPLAY = 256 << 10
"""Bytes of the past that a new reader gets, about."""
PIECE = 256 << 10
"""Bytes after which a step ends."""


class Begin(Struct, frozen=True):
    """What follows begins at this offset of the tape. Who comes back names it, and the bytes that he had since."""

    at: int
    whole: bool = True
    """False: what came before is not told. It may begin in the middle of anything."""


class Exit(Struct, frozen=True):
    """The program has ended, and nothing more comes."""

    code: int | None
    """Minus the signal; None: nobody knows, for its host is gone."""
    note: str = ""
    """Why it could not be started."""


class Shown:
    """One reader's place."""

    def __init__(self, directory: Path, begin: Begin, skip: int = 0) -> None:
        self._directory = directory
        self._tape = tape.Reader(directory, begin.at)
        self._skip = skip
        self.exit: Exit | None = None

    @property
    def offset(self) -> int:
        """Up to here it was read; a `Begin.at` of the future."""
        return self._tape.offset

    def take(self) -> bytes:
        """What comes next. Nothing: wait until the tape has grown, `exit` was found, or all this is `lost`."""
        data = bytearray()
        for record in self._tape.records():
            if record.direction == tape.OUT:
                cut = min(self._skip, len(record.payload))
                self._skip -= cut
                data += record.payload[cut:]
            elif record.direction == tape.EXIT:
                self.exit = exit_of(record)
            if len(data) >= PIECE:
                break
        return bytes(data)

    def lost(self) -> bool:
        """What comes next was cut out of the tape."""
        return not _there(self._directory, self.offset)

    def gone(self) -> bool:
        """All of the tape was deleted."""
        return not tape.segments(self._directory)


def exit_of(record: tape.Record) -> Exit:
    said = tape.fields(record.payload)
    code = said.get("code", "")
    return Exit(int(code) if code.lstrip("-").isdigit() else None, said.get("note", ""))


def last_words(directory: Path) -> Begin:
    """Where the last `REPLAY` bytes begin. Reads up to two segments: not for an event loop."""
    there = tape.segments(directory)
    begin = Begin(0)
    for start, _ in reversed(there[-2:]):
        total = 0
        found = list(tape.Reader(directory, start).records())
        begin = Begin(found[0].offset if found else start, whole=start == there[0][0])
        for record in reversed(found):
            total += len(record.payload) if record.direction == tape.OUT else 0
            if total >= REPLAY:
                return Begin(record.offset, whole=False)
    return begin


def words(directory: Path) -> bytes:
    """The last of it. As slow as `last_words`."""
    reader, found = Shown(directory, last_words(directory)), bytearray()
    while data := reader.take():
        found += data
    return bytes(found[-REPLAY:])


def resumed(directory: Path, at: int) -> Begin | None:
    """The place that a reader says he came from; None when there is no such place any longer."""
    if at < 0 or not _there(directory, at):
        return None
    if at >= (end := tape.end(directory)):
        return Begin(at) if at == end else None
    return Begin(at) if next(tape.Reader(directory, at).records(), None) else None


def exited(directory: Path) -> Exit | None:
    """The end that is on the tape. Reads its last segment: not for an event loop."""
    there = tape.segments(directory)
    found = list(tape.Reader(directory, there[-1][0]).records()) if there else []
    return exit_of(found[-1]) if found and found[-1].direction == tape.EXIT else None


def trim(directory: Path) -> None:
    """Deletes all segments but the first, which says whose processes these are, and the last three."""
    for _, name in tape.segments(directory)[1:-3]:
        (directory / name).unlink(missing_ok=True)


def _there(directory: Path, offset: int) -> bool:
    """Whether the tape is whole from `offset` on: it is not in a place that was cut out."""
    there = tape.segments(directory)
    before = [segment for segment in there if segment[0] <= offset]
    if len(before) == len(there):
        return bool(there)
    start, name = before[-1]
    try:
        return offset < start + (directory / name).stat().st_size
    except OSError:
        return False  # it is being cut out
