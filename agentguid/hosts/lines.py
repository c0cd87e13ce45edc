"""Turns the records of a tape into lines, as adapters are fed them."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from agentguid.hosts import tape
from agentguid.hosts.tape import Record

LONGEST = 64 << 20
"""Bytes of a line that is still one line."""


class Line(Struct, frozen=True, gc=False):
    """The fields of `agents.base.Line`, and `end`."""

    direction: Literal["out", "err", "in", "exit"]
    offset: int
    """Where its first byte lies on the tape."""
    data: bytes
    """Without the line's end."""
    at: int
    """When the host taped its last part, microseconds since the epoch."""
    end: int
    """Just behind its last byte on the tape; grows from line to line. Of a record's last line: the record's end."""
    id: str | None = None
    piece: bool = False
    """Part of a line that was too long to be one. Its last part is a piece as well."""
    ended: bool = True
    """False: nothing more came of this line, not even its end."""
    code: int | None = None
    note: str = ""
    """Of `exit`: why the program could not be started."""


class Unfinished:
    """The line that one direction is in the middle of."""

    __slots__ = ("at", "data", "end", "offset", "piece")

    def __init__(self) -> None:
        self.data = bytearray()
        self.offset = self.end = self.at = 0
        self.piece = False

    @property
    def open(self) -> bool:
        return bool(self.data) or self.piece


class Splitter:
    """Fed records in order, gives lines in order. Holds at most `LONGEST` bytes of a line in each direction.

    Starting anew at the beginning of a record before which `empty` held, it gives the same lines from there on.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self.longest = longest
        self._unfinished = {"out": Unfinished(), "err": Unfinished()}

    @property
    def empty(self) -> bool:
        """No line is unfinished: a fold may start after the last record."""
        return not any(line.open for line in self._unfinished.values())

    def feed(self, record: Record) -> Iterator[Line]:
        """The lines that this record completes. START and NOTE records hold none."""
        if record.direction == tape.OUT:
            yield from self._cut("out", record)
        elif record.direction == tape.ERR:
            yield from self._cut("err", record)
        elif record.direction == tape.IN:
            data = record.payload.removesuffix(b"\n")
            yield Line("in", record.body, data, record.at, record.end, id=record.id)
        elif record.direction == tape.EXIT:
            yield from self.close()
            said = tape.fields(record.payload)
            code = int(said["code"]) if said.get("code", "").lstrip("-").isdigit() else None
            yield Line(
                "exit", record.offset, b"", record.at, record.end, code=code, note=said.get("note", "")
            )

    def close(self) -> Iterator[Line]:
        """What is unfinished when nothing more will come (the host vanished)."""
        for name in ("out", "err"):
            unfinished = self._unfinished[name]
            if unfinished.open:
                yield self._take(name, unfinished, ended=False)

    def _cut(self, name: Literal["out", "err"], record: Record) -> Iterator[Line]:
        body, payload, at = record.body, record.payload, 0
        unfinished = self._unfinished[name]
        while at < len(payload):
            stop = payload.find(b"\n", at)
            if stop < 0:
                yield from self._keep(name, unfinished, record, at, len(payload))
                if not record.flags & tape.CONTINUES and unfinished.open:
                    yield self._take(name, unfinished, ended=False)
                return
            end = body + stop + 1
            if unfinished.open or stop - at > self.longest:
                yield from self._keep(name, unfinished, record, at, stop)
                unfinished.end, unfinished.at = end, record.at
                yield self._take(name, unfinished)
            else:
                yield Line(name, body + at, _bare(payload[at:stop]), record.at, end)
            at = stop + 1

    def _keep(
        self, name: Literal["out", "err"], unfinished: Unfinished, record: Record, at: int, stop: int
    ) -> Iterator[Line]:
        """Adds payload[at:stop] to the unfinished line; each time it is full and more comes, a piece goes out."""
        while at < stop:
            if len(unfinished.data) >= self.longest:
                unfinished.piece = True
                yield self._take(name, unfinished, more=True)
            if not unfinished.data:
                unfinished.offset = record.body + at
            portion = min(stop, at + self.longest - len(unfinished.data))
            unfinished.data += memoryview(record.payload)[at:portion]
            unfinished.end, unfinished.at = record.body + portion, record.at
            at = portion

    def _take(
        self, name: Literal["out", "err"], unfinished: Unfinished, *, ended: bool = True, more: bool = False
    ) -> Line:
        data = bytes(unfinished.data)
        line = Line(
            name,
            unfinished.offset,
            data if unfinished.piece or not ended else _bare(data),
            unfinished.at,
            unfinished.end,
            piece=unfinished.piece,
            ended=ended,
        )
        unfinished.data = bytearray()
        unfinished.piece = more
        return line


def _bare(data: bytes) -> bytes:
    return data[:-1] if data.endswith(b"\r") else data
