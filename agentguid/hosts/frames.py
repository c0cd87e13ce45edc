"""What a host and the daemon say to one another over the host's socket. Version 1, `docs/protocols/host.md`. Stdlib only.

A frame: u32 length of the payload, u8 kind, payload; all numbers little-endian.
"""

import signal
import struct
from collections.abc import Iterator

VERSION = 1
HELLO, INPUT, SIGNAL, ACK, EOF, END, SYNC, RESIZE = range(1, 9)
"""From the daemon."""
WELCOME, POKE, TAKEN, SYNCED = range(65, 69)
"""From the host."""
KNOWN = frozenset((*range(1, 9), *range(65, 69)))
EXITED, PAUSED, FULL = 1, 2, 4
"""State bits: the child has ended; the host waits for acknowledgements; the tape cannot be written."""
STATUSES = ("new", "known", "refused")
LARGEST_INPUT = 64 << 20
"""Bytes of one input."""
LARGEST = LARGEST_INPUT + 0x10000
"""Bytes of a frame's payload."""
LARGEST_ANSWER = 1 << 20
"""Bytes of a payload from the host."""
SMALL = 64
"""Bytes of a frame's payload before HELLO."""

_MAGIC = b"agentguid"
HEAD = struct.Struct("<IB")
_NUMBER = struct.Struct("<H")
_OFFSET = struct.Struct("<Q")
_GRACE = struct.Struct("<I")
_SIZE = struct.Struct("<HH")  # rows, columns
_WELCOME = struct.Struct("<HIIQB")  # version, host's pid, child's pid, end of the tape, state
_POKE = struct.Struct("<QB")  # end of the tape, state


class FrameError(ValueError):
    """These bytes are not of this protocol; whoever sent them is not to be listened to."""


class Frames:
    """Cuts a byte stream into frames. Holds at most one unfinished frame of `limit` bytes."""

    def __init__(self, limit: int = LARGEST) -> None:
        self.limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Kind and payload of each frame that `data` completes. Raises FrameError."""
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= HEAD.size:
            length, kind = HEAD.unpack_from(buffer, at)
            if kind not in KNOWN or length > self.limit:
                raise FrameError(f"kind {kind}, length {length}")
            if len(buffer) - at - HEAD.size < length:
                break
            at += HEAD.size + length
            with memoryview(buffer) as view:
                payload = bytes(view[at - length : at])
            yield kind, payload
        del buffer[:at]


def frame(kind: int, payload: bytes = b"") -> bytes:
    return HEAD.pack(len(payload), kind) + payload


def hello(version: int = VERSION) -> bytes:
    return frame(HELLO, _MAGIC + _NUMBER.pack(version))


def read_hello(payload: bytes) -> int:
    """The version that the daemon speaks."""
    if not payload.startswith(_MAGIC):
        raise FrameError("no HELLO")
    return _unpack(_NUMBER, payload[len(_MAGIC) :][: _NUMBER.size])[0]


def input_(name: str, data: bytes) -> bytes:
    encoded = name.encode()
    return frame(INPUT, _NUMBER.pack(len(encoded)) + encoded + data)


def read_input(payload: bytes) -> tuple[str, bytes]:
    """Id and bytes."""
    name, rest = _named(payload)
    if not name:
        raise FrameError("an input without an id")
    return name, rest


def offset(kind: int, value: int) -> bytes:
    """ACK or SYNCED."""
    return frame(kind, _OFFSET.pack(value))


def read_offset(payload: bytes) -> int:
    return _unpack(_OFFSET, payload)[0]


def end(grace: int) -> bytes:
    """`grace` in milliseconds."""
    return frame(END, _GRACE.pack(grace))


def signal_(name: str) -> bytes:
    """`name` as `INT`, `TERM`."""
    return frame(SIGNAL, name.encode())


def read_signal(payload: bytes) -> int:
    """The signal's number."""
    number = getattr(signal, f"SIG{payload.decode('ascii', 'replace')}", None)
    if not isinstance(number, signal.Signals):
        raise FrameError("no such signal")
    return int(number)


def read_end(payload: bytes) -> int:
    return _unpack(_GRACE, payload)[0]


def resize(rows: int, columns: int) -> bytes:
    return frame(RESIZE, _SIZE.pack(rows, columns))


def read_resize(payload: bytes) -> tuple[int, int]:
    """Rows, columns."""
    rows, columns = _unpack(_SIZE, payload)
    if not rows or not columns:
        raise FrameError("a terminal of no size")
    return rows, columns


def welcome(pid: int, child: int, tape_end: int, state: int) -> bytes:
    return frame(WELCOME, _WELCOME.pack(VERSION, pid, child, tape_end, state))


def read_welcome(payload: bytes) -> tuple[int, int, int, int, int]:
    """Version, the host's pid, the child's pid, end of the tape, state. What later versions append is left out."""
    version, pid, child, tape_end, state = _unpack(_WELCOME, payload[: _WELCOME.size])
    return version, pid, child, tape_end, state


def poke(tape_end: int, state: int) -> bytes:
    return frame(POKE, _POKE.pack(tape_end, state))


def read_poke(payload: bytes) -> tuple[int, int]:
    """End of the tape, state."""
    tape_end, state = _unpack(_POKE, payload[: _POKE.size])
    return tape_end, state


def taken(name: str, status: str, reason: str = "") -> bytes:
    encoded = name.encode()
    return frame(
        TAKEN, bytes([STATUSES.index(status)]) + _NUMBER.pack(len(encoded)) + encoded + reason.encode()
    )


def read_taken(payload: bytes) -> tuple[str, str, str]:
    """Id, status, reason."""
    if not payload or payload[0] >= len(STATUSES):
        raise FrameError("TAKEN without a status")
    name, reason = _named(payload[1:])
    return name, STATUSES[payload[0]], reason.decode(errors="replace")


def _named(payload: bytes) -> tuple[str, bytes]:
    (length,) = _unpack(_NUMBER, payload[: _NUMBER.size])
    if len(payload) < _NUMBER.size + length:
        raise FrameError("an id is cut off")
    try:
        name = payload[_NUMBER.size : _NUMBER.size + length].decode()
    except UnicodeDecodeError as error:
        raise FrameError("an id is not UTF-8") from error
    return name, payload[_NUMBER.size + length :]


def _unpack(form: struct.Struct, payload: bytes) -> tuple[int, ...]:
    try:
        return form.unpack(payload)
    except struct.error as error:
        raise FrameError(str(error)) from error
