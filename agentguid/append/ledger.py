"""The write side of the log: what one append does to the tables. Runs in the writer thread only."""

import os
from collections.abc import Callable, Sequence
from hashlib import sha256

import apsw
import msgspec
from msgspec import Struct

from agentguid.append import chain, read
from agentguid.append.api import Append, Receipt, Stamp, TapeMark
from agentguid.append.engine import Engine, Head, Raised
from agentguid.protocol import wire
from agentguid.protocol.errors import Conflict
from agentguid.protocol.events import Recorded

HEADS = 10_000
"""Streams whose heads are kept in memory between batches."""

Encoded = tuple[str, int, bytes]
"""Type, schema number, JSON data."""


class Prepared(Struct, gc=False):
    """An append with its events already encoded, by the thread that submitted it."""

    append: Append
    encoded: list[Encoded]
    size: int


def prepare(append: Append) -> Prepared:
    """Raises what the encoder raises when an event cannot be written as JSON (a lone surrogate in a text, say)."""
    encoded = [wire.encode(event) for event in append.events]
    size = 512 + sum(len(data) + 256 for _, _, data in encoded) + len(append.snapshot or b"")
    return Prepared(append, encoded, size)


class Ledger:
    """Knows where the log and its streams stand, including what the open transaction has done so far."""

    def __init__(self, db: apsw.Connection, engine: Engine) -> None:
        self._db = db
        self._engine = engine
        self.touched: dict[str, None] = {}
        """Streams that have grown, or whose read models were completed, in this transaction."""
        self._then: list[Callable[[], None]] = []
        self.load()

    def load(self) -> None:
        """Reads where the log stands; everything held in memory is forgotten."""
        self.position = read.last(self._db)
        found = self._db.execute("SELECT chain FROM event WHERE position = ?", (self.position,)).get
        self._chain: bytes = found or chain.GENESIS
        self._heads: dict[str, Head] = {}
        self._dirty: dict[str, Head] = {}
        self.touched.clear()
        self._then.clear()

    def begin(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def finish(self) -> None:
        """Writes the heads down. The caller commits."""
        if self._dirty:
            self._db.executemany(
                "INSERT INTO stream_state VALUES (?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET "
                "version = excluded.version, position = excluded.position, projected = excluded.projected",
                [
                    (stream, head.version, head.position, head.projected)
                    for stream, head in self._dirty.items()
                ],
            )
            self._dirty = {}

    def then(self, act: Callable[[], None]) -> None:
        """Does something once the open transaction is on the disk; never, when it is rolled back."""
        self._then.append(act)

    def committed(self) -> list[str]:
        """The transaction is on the disk. Gives the streams that it touched."""
        for act in self._then:
            act()
        self._then.clear()
        touched = list(self.touched)
        self.touched.clear()
        if len(self._heads) > HEADS:
            self._heads.clear()
        return touched

    def rollback(self) -> None:
        """Ends a transaction that failed, and starts from what is on the disk."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self.load()

    def head(self, stream: str) -> Head:
        """Where a stream stands. Call `changed` after changing it."""
        head = self._heads.get(stream)
        if head is None:
            head = self._heads[stream] = self._engine.head(self._db, stream)
        return head

    def changed(self, stream: str, head: Head) -> None:
        self._dirty[stream] = head
        self.touched[stream] = None

    def append(self, prepared: Prepared) -> Receipt:
        """All of it, or nothing and an exception: `Conflict` when the stream is not where the append expects it."""
        append = prepared.append
        if append.key is not None and (known := read.receipt(self._db, append.key)):
            return known
        head = self.head(append.stream)
        if head.version != append.expected:
            raise Conflict(f"{append.stream} is at version {head.version}, not {append.expected}")
        self._db.execute("SAVEPOINT append")
        try:
            receipt = self._write_despite_projections(prepared, head)
        except BaseException:
            # After a full disk or an I/O error SQLite may have ended the whole transaction by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK TO append")
                self._db.execute("RELEASE append")
            raise
        self._db.execute("RELEASE append")
        return receipt

    def mark(self, mark: TapeMark) -> None:
        """Moves a tape mark."""
        self._db.execute(
            "INSERT INTO tape VALUES (?, ?, ?, ?) ON CONFLICT (tape) DO UPDATE SET "
            '"offset" = excluded."offset", anchor = excluded.anchor, carry = excluded.carry',
            (mark.tape, mark.offset, mark.anchor, mark.carry),
        )

    def _write_despite_projections(self, prepared: Prepared, head: Head) -> Receipt:
        """A projection that raises is left out from here on; its part and that of the others are written again."""
        raised: list[Raised] = []
        skip = head.skip
        while True:
            try:
                receipt, link = self._write(prepared, head, skip)
                break
            except Raised as one:
                self._db.execute("ROLLBACK TO append")
                raised.append(one)
                skip |= {one.projection}
        if raised:
            self._engine.set_aside(self._db, receipt.stream, raised)
        if receipt.first:
            self.position, self._chain = receipt.last, link
            head.version, head.position, head.skip = receipt.version, receipt.last, skip
            self.changed(receipt.stream, head)
        return receipt

    def _write(self, prepared: Prepared, head: Head, skip: frozenset[str]) -> tuple[Receipt, bytes]:
        append, count, link = prepared.append, len(prepared.encoded), self._chain
        receipt = Receipt(append.stream, 0, 0, head.version)
        if count:
            receipt = Receipt(append.stream, self.position + 1, self.position + count, head.version + count)
            link = self._insert(prepared, head)
            self._engine.inline(self._db, head, self._recorded(append, prepared.encoded, head), skip)
        self._beside(append, receipt)
        return receipt, link

    def _insert(self, prepared: Prepared, head: Head) -> bytes:
        """The rows of the events; returns the chain value of the last."""
        append, position, version, link = prepared.append, self.position, head.version, self._chain
        stream, actor, cause = append.stream, append.actor, append.cause
        stamps = append.stamps or [Stamp(append.at)] * len(prepared.encoded)
        salts = os.urandom(chain.SALT * len(prepared.encoded))
        events, datas = [], []
        for (name, schema, data), stamp in zip(prepared.encoded, stamps, strict=True):
            position += 1
            version += 1
            salt, salts = salts[: chain.SALT], salts[chain.SALT :]
            hashed = sha256(salt + data).digest()
            header = (position, stream, version, name, schema, stamp.at, actor, cause, stamp.origin)
            link = chain.link(link, header, hashed)
            events.append((*header, hashed, link))
            datas.append((position, data.decode(), salt))
        self._db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", events)
        self._db.executemany("INSERT INTO event_data VALUES (?, ?, ?)", datas)
        return link

    def _recorded(self, append: Append, encoded: Sequence[Encoded], head: Head) -> list[Recorded]:
        position, version = self.position, head.version
        stamps = append.stamps or [Stamp(append.at)] * len(encoded)
        return [
            Recorded(
                position + place,
                append.stream,
                version + place,
                name,
                stamp.at,
                append.actor,
                append.cause,
                msgspec.json.decode(stamp.origin) if stamp.origin else None,
                event,
            )
            for place, (event, (name, _, _), stamp) in enumerate(
                zip(append.events, encoded, stamps, strict=True), 1
            )
        ]

    def _beside(self, append: Append, receipt: Receipt) -> None:
        """What moves together with the events."""
        if append.key is not None:
            self._db.execute(
                "INSERT INTO receipt VALUES (?, ?, ?, ?, ?)",
                (append.key, receipt.stream, receipt.first, receipt.last, receipt.version),
            )
        if append.mark is not None:
            self.mark(append.mark)
        if append.snapshot is not None:
            self._db.execute(
                "INSERT INTO snapshot VALUES (?, ?, ?) ON CONFLICT (stream) DO UPDATE SET "
                "version = excluded.version, state = excluded.state",
                (append.stream, receipt.version, append.snapshot),
            )
