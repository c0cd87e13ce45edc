"""What we did ourselves in an agent's session, so that its history does not tell it twice."""

import re
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

from agentguid.hosts import tape

SLACK = 2_000_000
"""Microseconds by which the times of an agent may differ from ours."""
NAMES = 2_000_000
"""Ids of one session that are remembered, 8 bytes each."""
_NAME = re.compile(rb'"(?:uuid|id|tool_use_id|toolCallId|itemId|call_id|callId)"\s*:\s*"([^"\\]{6,80})"')
_TAIL = 200
"""Bytes of a record that are looked at again with the next one."""


class Span(Struct, frozen=True, array_like=True):
    """A time in which we worked on the session; an end of 0: it has not ended. Microseconds since the epoch."""

    begin: int
    end: int


class Known(Struct, frozen=True):
    """What is known of our own part in a session."""

    tapes: list[str]
    """Directories with the tapes of our hosts."""
    turns: list[Span]
    hosts: list[Span]
    since: int = 0
    """Nothing older is wanted, and nothing older need be in it. Microseconds since the epoch; 0: everything."""


class Ours:
    """See `base.Ours`. What an agent says has ids, and our tapes have them too: what is on a tape was ours, whatever
    its time. Where a tape is gone, and for agents whose ids differ between protocol and file, the time decides.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._names: set[bytes] = set()
        self._whole = False not in [self._read(Path(folder)) for folder in known.tapes]

    def did(self, names: Sequence[str], at: int, *, sure: bool) -> bool | None:
        if any(_short(name.encode()) in self._names for name in names):
            return True
        if not names or not sure:
            return None
        return False if self._whole and self._names else self.ran(at)

    def ran(self, at: int) -> bool:
        if any(_within(at, span) for span in self._known.turns):
            return True
        return not self._whole and any(_within(at, span) for span in self._known.hosts)

    def _read(self, folder: Path) -> bool:
        """False when the tape is not there, or not from its beginning, or too long."""
        if not folder.is_dir():
            return False
        segments, left = tape.segments(folder), b""
        for record in self._since(folder, segments).records():
            if record.direction != tape.OUT:
                continue
            data = left + record.payload
            self._names.update(_short(match[1]) for match in _NAME.finditer(data))
            left = data[-_TAIL:]
            if len(self._names) > NAMES:
                return False
        return bool(segments) and segments[0][0] == 0

    def _since(self, folder: Path, segments: Sequence[tuple[int, str]]) -> tape.Reader:
        """From the first segment on that may say something new."""
        for start, name in segments:
            with suppress(OSError):
                if (folder / name).stat().st_mtime * 1_000_000 >= self._known.since:
                    return tape.Reader(folder, start)
        return tape.Reader(folder, 1 << 62)


def _short(name: bytes) -> bytes:
    return blake2b(name, digest_size=8).digest()


def _within(at: int, span: Span) -> bool:
    return span.begin - SLACK <= at and (not span.end or at <= span.end + SLACK)
