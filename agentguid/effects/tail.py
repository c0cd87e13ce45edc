"""The near end of a tape: records in, translated outputs out, and how far that has come."""

import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Struct

from agentguid.agents.base import Adapter, Dialect, Fact, Launch, Line, Output
from agentguid.append.api import TapeMark
from agentguid.hosts import lines, tape
from agentguid.hosts.tape import Record
from agentguid.protocol.events import ItemAdded, ToolStarted
from agentguid.protocol.ids import item_id
from agentguid.protocol.items import Body

log = logging.getLogger(__name__)

TORN = (
    "The end of this agent's tape was lost, most likely when the power failed. "
    "What is above is complete; the raw record of its last moments is not."
)
"""Said when the log has more than the tape: it reached the disk first."""


DAMAGED = (
    "The tape of this agent is damaged, most likely by a fault of the disk: what it said from here on cannot be read. "
    "It was ended. Check the disk, then send the message again."
)


GARBLED = (
    "Some of what the agent wrote here is no text (no UTF-8). It stands as \ufffd; the tape has the bytes."
)
GARBLED_PART = 0xFFFE
"""Of the notice that says so, among the items of its line. The last but one that there can be."""


AT_ONCE = 512
"""Lines that are translated before others get their turn."""


class Batch(Struct, frozen=True):
    """What some lines of the tape came to."""

    outputs: list[Output]
    end: int
    """Offset behind the last of them."""
    at: int
    """When the host wrote it, microseconds since the epoch."""
    known: list[str] = []
    """Items that the log has already: they are not live any more."""
    lines: int = 0


class Tail:
    """Reads a tape from its anchor on. Facts up to the committed offset are left out: they are in the log already."""

    def __init__(
        self, directory: Path, dialect: Dialect, host: str, launch: Launch, mark: TapeMark | None
    ) -> None:
        self.host = host
        self._committed = mark.offset if mark else 0
        self.torn = False
        """The log has more than the tape: the tape's end was lost. Known once `look_for_loss` was asked."""
        try:
            self.adapter: Adapter = dialect.adapter(host, launch, mark.carry if mark else None)
        except msgspec.DecodeError:  # of another version: what it says is on the tape as well
            self.adapter, mark = dialect.adapter(host, launch, None), None
        self.exited = False
        self.code: int | None = None
        """Exit status, once `exited`."""
        self.offset = self.anchor = mark.anchor if mark else 0
        self._carry = mark.carry if mark else self.adapter.carry()
        self._directory = directory
        self._reader = tape.Reader(directory, self.anchor)
        self._records = self._reader.records()
        self._splitter = lines.Splitter()
        self._record: Record | None = None
        """Begun, but not yet translated whole."""
        self._garbled: str | None = ""
        """The turn of which it was said that some of it is no text."""
        self._lines: Iterator[lines.Line] = iter(())
        """Those of it that are still to come."""

    @property
    def mark(self) -> TapeMark:
        """Where the log stands once everything read so far is in it."""
        return TapeMark(self.host, max(self.offset, self._committed), self.anchor, self._carry)

    def next(self, most: int = AT_ONCE) -> Batch | None:
        """The next lines, `most` of them at most, translated; None when the tape has no more for now.

        A record may hold a quarter of a million.
        """
        outputs: list[Output] = []
        known: list[str] = []
        if self._record is None:
            self._record = next(self._records, None)
            if self._record is None:
                self._records = self._reader.records()
                return None
            outputs += self._begin(self._record)
        record, end = self._record, self.offset
        taken = 0
        for taken, line in enumerate(islice(self._lines, most), 1):  # noqa: B007
            # Of a line that nothing ends, the end is where it broke off: it was told with the record that says so.
            translated, end = self._translate(line), line.end if line.ended else record.end
            if end <= self._committed:
                translated, already = _unfinished(translated)
                known += already
            outputs += translated
        if taken < most:
            self._record, end = None, record.end
        return self._settle(Batch(outputs, end, record.at, known, taken))

    def _begin(self, record: Record) -> list[Output]:
        self._lines = self._splitter.feed(record)
        if record.direction == tape.NOTE and record.end > self._committed:
            return [self._notice(record.offset, record.payload.decode(errors="replace"), self.adapter.turn)]
        return []

    def look_for_loss(self) -> None:
        """Of a tape that has been read to its end and grows no more. Reads some of it again: not for an event loop.

        Where nothing was found behind the anchor, the tape may have ended before it.
        """
        self.torn = self._committed > min(self._reader.offset, tape.end(self._directory))

    def damaged(self, told: int) -> bool:
        """There is nothing more to be read, although the host had said before that the tape goes up to `told`."""
        return told > self._reader.offset

    def vanish(self, at: int, why: str = "") -> Batch:
        """The host is gone without a word, or what it says cannot be read: closes what is open."""
        outputs: list[Output] = []
        if why or self.torn:
            outputs.append(self._notice(max(self.offset, self._committed), why or TORN, self.adapter.turn))
        for line in self._splitter.close():
            outputs += self._translate(line)
        outputs += self._translate(lines.Line("exit", self.offset, b"", at, self.offset))
        self._record = None
        return self._settle(Batch(outputs, self.offset, at))

    def _translate(self, line: lines.Line) -> list[Output]:
        if line.direction == "exit":
            self.exited, self.code = True, line.code
        turn = self.adapter.turn
        try:
            outputs = list(self.adapter.feed(_line(line)))
        except (
            Exception
        ):  # the border of an adapter: its bug costs one line, shown as it is, and never the turn
            log.exception("an adapter failed on a line", extra={"host": self.host, "offset": line.offset})
            text = line.data.decode(errors="replace")
            item = item_id(self.host, line.offset)
            return [Fact(ItemAdded(item=item, turn=self.adapter.turn, kind="unknown", body=Body(text)))]
        # A piece of a line may end in the middle of a character.
        whole = line.direction == "out" and not line.piece
        if whole and not line.data.isascii() and turn != self._garbled:
            outputs[:0] = self._tell_garbled(line, turn, outputs)
        return outputs

    def _tell_garbled(self, line: lines.Line, turn: str | None, outputs: list[Output]) -> list[Output]:
        """Once a turn. What is shown as unknown says it already."""
        if any(map(_is_unknown, outputs)) or not _garbled(line.data):
            return []
        self._garbled = turn
        return [self._notice(line.offset, GARBLED, turn, GARBLED_PART)]

    def _notice(self, offset: int, text: str, turn: str | None, part: int = 0) -> Fact:
        item = item_id(self.host, offset, part)
        return Fact(ItemAdded(item=item, turn=turn, kind="notice", body=Body(text), level="warning"))

    def _settle(self, batch: Batch) -> Batch:
        self.offset = batch.end
        if self._record is None and self.adapter.idle and self._splitter.empty:
            self.anchor, self._carry = batch.end, self.adapter.carry()
        return batch


def _unfinished(outputs: list[Output]) -> tuple[list[Output], list[str]]:
    """What is not in the log although its line is, and the items that are."""
    facts = [output.event for output in outputs if isinstance(output, Fact)]
    known = [event.item for event in facts if isinstance(event, ItemAdded | ToolStarted)]
    return [output for output in outputs if not isinstance(output, Fact)], known


def _garbled(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def _is_unknown(output: Output) -> bool:
    return isinstance(output, Fact) and isinstance(output.event, ItemAdded) and output.event.kind == "unknown"


def _line(line: lines.Line) -> Line:
    """The adapters' view of a line: hosts and agents do not know one another."""
    data = line.note.encode() if line.direction == "exit" else line.data
    return Line(line.direction, line.offset, data, line.at, line.id, line.piece, line.ended, line.code)
