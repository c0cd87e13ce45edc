"""The tape: every record to and from a child, verbatim. Format 1, `docs/protocols/tape.md`. Stdlib only.

Offsets are logical: bytes counted over all segments, their headers included.
"""

import _thread
import io
import os
import struct
import time
import zlib
from collections.abc import Iterator

FORMAT = 1
MAGIC = b"AGTAPE\r\n"
SEGMENT = 64 << 20
"""Bytes after which a new segment is begun."""
LARGEST = 128 << 20
"""Bytes of the largest payload that is read; what claims more is no record."""
OUT, ERR, IN, START, EXIT, NOTE = range(1, 7)
CONTINUES = 1
"""Flag: the last line of this record goes on in the next one of its direction."""

_TOP = struct.Struct(
    "<8sHHQI"
)  # magic, format, length of the host's id, start offset, CRC-32 of these and the id
_HEAD = struct.Struct(
    "<IIBBHQ"
)  # payload length, CRC-32 of all that follows, direction, flags, id length, time
TOP = _TOP.size
"""Bytes of a segment's beginning, without the host's id."""
_CHUNK = 256 << 10


class Record:
    """One record as it stands on a tape, from `offset` up to `end`. `at` is in microseconds since the epoch."""

    __slots__ = ("at", "direction", "end", "flags", "id", "offset", "payload")

    def __init__(
        self, offset: int, end: int, direction: int, flags: int, name: str, at: int, payload: bytes
    ) -> None:
        self.offset = offset
        self.end = end
        self.direction = direction
        self.flags = flags
        self.id = name
        self.at = at
        self.payload = payload

    @property
    def body(self) -> int:
        """The offset of the payload's first byte."""
        return self.end - len(self.payload)

    def __repr__(self) -> str:
        return f"Record({self.offset}, {self.end}, {self.direction}, {self.flags}, {self.id!r}, {self.payload[:40]!r})"


def pack(direction: int, payload: bytes, name: bytes, flags: int, at: int) -> bytes:
    """A record's head and id, to be followed by its payload."""
    rest = _HEAD.pack(0, 0, direction, flags, len(name), at)[8:] + name
    return struct.pack("<II", len(payload), zlib.crc32(payload, zlib.crc32(rest))) + rest


def pack_top(host: bytes, start: int) -> bytes:
    """What a segment begins with."""
    bare = _TOP.pack(MAGIC, FORMAT, len(host), start, 0)[:-4]
    return bare + struct.pack("<I", zlib.crc32(host, zlib.crc32(bare))) + host


def pack_fields(**fields: object) -> bytes:
    """The payload of START and EXIT records: one `name value` a line."""
    return "".join(f"{name} {' '.join(str(value).split())}\n" for name, value in fields.items()).encode()


def fields(payload: bytes) -> dict[str, str]:
    """Reads what `pack_fields` wrote; lines that do not fit are left out."""
    lines = payload.decode(errors="replace").splitlines()
    return {name: value for name, space, value in (line.partition(" ") for line in lines) if space}


def segments(directory: str | os.PathLike[str]) -> list[tuple[int, str]]:
    """Start offset and file name of each segment, in order; of a compressed one that also lies plain: the plain one."""
    found: dict[int, str] = {}
    try:
        names = sorted(os.listdir(directory), reverse=True)
    except OSError:
        return []
    for name in names:
        stem, _, kind = name.partition(".")
        if kind in ("tape", "tape.gz") and len(stem) == 16:
            try:
                found[int(stem, 16)] = name
            except ValueError:
                continue
    return sorted(found.items())


def segment_name(start: int) -> str:
    return f"{start:016x}.tape"


class Reader:
    """Reads a tape from `offset` on, as often as it is asked. Never raises for what the files hold.

    `offset` is then the end of the last record handed out: what to go on from.
    """

    def __init__(self, directory: str | os.PathLike[str], offset: int = 0) -> None:
        self.directory = os.fspath(directory)
        self.offset = offset
        self._segment: tuple[int, str] = (0, "")

    def records(self) -> Iterator[Record]:
        """The records from `offset` on; ends at a torn or missing tail, and may be asked again when it has grown."""
        before = -1
        while self.offset != before:
            before = self.offset
            self._segment = self._find()
            if self._segment[1]:
                try:
                    yield from self._read_segment(*self._segment)
                except (OSError, EOFError, zlib.error):
                    return

    def _find(self) -> tuple[int, str]:
        """The segment that holds `offset`. At the tail of a long tape this costs no listing."""
        following = segment_name(self.offset)
        for start, name in ((self.offset, following), (self.offset, following + ".gz"), self._segment):
            if name and os.path.exists(os.path.join(self.directory, name)):
                return start, name
        fitting = [segment for segment in segments(self.directory) if segment[0] <= self.offset]
        return fitting[-1] if fitting else (0, "")

    def _read_segment(self, start: int, name: str) -> Iterator[Record]:
        path = os.path.join(self.directory, name)
        if name.endswith(".gz"):
            import gzip  # noqa: PLC0415 - hosts import this module and never need it

            with gzip.open(path) as packed:
                yield from self._scan(packed, start)
        else:
            with open(path, "rb", buffering=0) as plain:
                yield from self._scan(plain, start)

    def _scan(self, file: io.RawIOBase | io.BufferedIOBase, start: int) -> Iterator[Record]:
        top = _read_top(file, start)
        if not top:
            return
        self.offset = max(self.offset, start + top)
        file.seek(self.offset - start)
        data, at = b"", 0
        while True:
            need = _length(data, at)
            if not need:
                return
            if len(data) - at < need:
                more = file.read(max(_CHUNK, need - len(data) + at))
                if not more:
                    return
                data, at = data[at:] + more, 0
                continue
            record = _parse(data, at, need, self.offset)
            if record is None:
                return
            self.offset = record.end
            at += need
            yield record


def _read_top(file: io.RawIOBase | io.BufferedIOBase, start: int) -> int:
    """The length of the segment's beginning; 0 when it is none of ours, torn, or of a format to come."""
    bare = file.read(_TOP.size) or b""
    if len(bare) < _TOP.size:
        return 0
    magic, version, length, begins, crc = _TOP.unpack(bare)
    host = file.read(length) or b""
    whole = len(host) == length and zlib.crc32(host, zlib.crc32(bare[:-4])) == crc
    return _TOP.size + length if whole and (magic, version, begins) == (MAGIC, FORMAT, start) else 0


def _length(data: bytes, at: int) -> int:
    """Bytes of the record at `at`, or of its head as long as that is not whole; 0 when this is no record."""
    if len(data) - at < _HEAD.size:
        return _HEAD.size
    length, _, direction, _, name, _ = _HEAD.unpack_from(data, at)
    return _HEAD.size + name + length if OUT <= direction <= NOTE and length <= LARGEST else 0


def _parse(data: bytes, at: int, length: int, offset: int) -> Record | None:
    """The record of `length` bytes at `at`, or None when it does not match its CRC."""
    _, crc, direction, flags, name, when = _HEAD.unpack_from(data, at)
    whole = memoryview(data)[at : at + length]
    if zlib.crc32(whole[8:]) != crc:
        return None
    body = _HEAD.size + name
    text = str(whole[_HEAD.size : body], "utf-8", "replace")
    return Record(offset, offset + length, direction, flags, text, when, bytes(whole[body:]))


def end(directory: str | os.PathLike[str]) -> int:
    """The logical offset behind the last whole record. Reads the last segment: not for an event loop.

    The files may be longer: after power loss with zeros, or with half a record.
    """
    reader = Reader(directory, max((start for start, _ in segments(directory)), default=0))
    for _ in reader.records():
        pass
    return reader.offset


def is_empty(directory: str) -> bool:
    """There is no record on the tape, and maybe no tape."""
    return next(Reader(directory).records(), None) is None


class Writer:
    """Appends to the tape in `directory`, which it makes when missing. A torn tail is cut first.

    After an OSError of `append` the tape ends where it did before; the same may be tried again.
    """

    def __init__(self, directory: str, host: str, *, segment: int = SEGMENT) -> None:
        os.makedirs(directory, 0o700, exist_ok=True)
        self.directory = directory
        self.limit = segment
        self._host = host.encode()
        self._fd = -1
        self._dirty = self._new_name = True
        self._aside = _thread.allocate_lock()
        """Held while a thread syncs. What it has not brought to the disk is `_dirty` again when it lets go."""
        self.start = 0
        self.end = 0
        """The logical offset at which the next record begins (or the next segment)."""
        self._continue()

    def _continue(self) -> None:
        there = segments(self.directory)
        if not there:
            return self._begin(0)
        start, name = there[-1]
        reader = Reader(self.directory, start)
        for _ in reader.records():
            pass
        path = os.path.join(self.directory, name)
        if name.endswith(".gz"):
            return self._begin(reader.offset)
        if reader.offset == start:
            os.unlink(path)
            return self._begin(start)
        self._fd = os.open(path, os.O_RDWR)
        os.ftruncate(self._fd, reader.offset - start)
        self.start, self.end = start, reader.offset
        return None

    def _begin(self, start: int) -> None:
        """Opens a new segment; the one before is on the disk first, so that a tape never has a gap."""
        if self._fd >= 0:
            self.sync()
        path = os.path.join(self.directory, segment_name(start))
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        top = pack_top(self._host, start)
        try:
            _write_all(fd, [top], 0)
        except OSError:
            os.close(fd)
            os.unlink(path)
            raise
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self.start, self.end = fd, start, start + len(top)
        self._dirty = self._new_name = True

    def append(
        self, direction: int, payload: bytes = b"", *, name: str = "", flags: int = 0, at: int | None = None
    ) -> int:
        """Writes one record and returns the tape's new end. Raises OSError (disk full): then nothing was written."""
        when = time.time_ns() // 1000 if at is None else at
        head = pack(direction, payload, name.encode(), flags, when)
        size = len(head) + len(payload)
        if self.end + size - self.start > self.limit and self.end > self.start + _TOP.size + len(self._host):
            self._begin(self.end)
        try:
            _write_all(self._fd, [head, payload], self.end - self.start)
        except OSError:
            os.ftruncate(self._fd, self.end - self.start)
            raise
        self._dirty = True
        self.end += size
        return self.end

    def sync(self) -> None:
        """Brings everything to the disk; costs nothing when it is there. Waits for a sync on its way: it may yet fail."""
        with self._aside:
            pass
        if self._dirty:
            os.fdatasync(self._fd)
            self._dirty = False
        if self._new_name:
            for directory in (self.directory, os.path.dirname(self.directory)):
                fd = os.open(directory, os.O_RDONLY)
                try:
                    os.fsync(fd)
                finally:
                    os.close(fd)
            self._new_name = False

    def sync_aside(self) -> bool:
        """As `sync`, in a thread of its own: what is written meanwhile does not wait for the disk.

        True: all is there. Else it is on its way, and asking again tells whether it has arrived or begins anew.
        """
        if self._new_name:
            self.sync()
        elif self._dirty and not self._aside.locked():
            fd = os.dup(self._fd)
            self._dirty = False
            self._aside.acquire()
            try:
                _thread.start_new_thread(self._sync_copy, (fd,))
            except RuntimeError:  # the user may have no more threads
                self._sync_copy(fd)
        # In this order: a thread that fails says so before it lets go.
        return not (self._aside.locked() or self._dirty)

    def _sync_copy(self, fd: int) -> None:
        try:
            os.fdatasync(fd)
        except OSError:
            self._dirty = True
        finally:
            os.close(fd)
            self._aside.release()

    def close(self) -> None:
        """Closes without a sync."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _write_all(fd: int, parts: list[bytes], at: int) -> None:
    size = sum(map(len, parts))
    written = os.pwritev(fd, parts, at)
    if written < size:
        rest = memoryview(b"".join(parts))
        while written < size:
            written += os.pwrite(fd, rest[written:], at + written)
