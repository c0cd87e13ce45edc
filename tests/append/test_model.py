"""The log does what a plain model of it does, whatever comes in whatever batches."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from agentguid.append import chain, read
from agentguid.append.api import Append, Receipt, TapeMark
from agentguid.append.log import Log
from agentguid.protocol.events import ConversationRenamed
from tests.append.support import Lengths, Titles, held, models, outcome, said
from tests.conftest import FULL

marks = some.builds(
    TapeMark,
    some.sampled_from(["h1", "h2"]),
    some.integers(0, 1 << 50),
    some.integers(0, 1 << 50),
    some.binary(),
)
wishes = some.tuples(
    some.sampled_from(["a", "b", "conversation-ü"]),
    some.sampled_from([0, 0, 0, 0, 1, -1]),  # how far off the expected version is
    some.lists(some.text(some.characters(exclude_categories=["Cs"]), max_size=8), max_size=3),
    some.none() | some.sampled_from(["k1", "k2", "k3", "k4"]),
    some.none() | marks,
    some.none() | some.binary(max_size=8),
)


class Model(RuleBasedStateMachine):
    """A dictionary of lists stands against the real thing."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.streams: dict[str, list[str]] = {}
        self.order: list[tuple[str, str]] = []
        self.receipts: dict[str, Receipt] = {}
        self.marks: dict[str, TapeMark] = {}
        self.snapshots: dict[str, tuple[int, bytes]] = {}

    @initialize()
    def start(self) -> None:
        self.log = Log(self.directory / "agentguid.db", (Titles(), Lengths()))
        self.log.open()

    @rule(wishes=some.lists(wishes, min_size=1, max_size=6))
    def one_batch(self, wishes: list[tuple[Any, ...]]) -> None:
        versions = {stream: len(texts) for stream, texts in self.streams.items()}
        futures, expected = [], []
        with held(self.log):
            for stream, off, texts, key, mark, state in wishes:
                append = Append(
                    stream, versions.get(stream, 0) + off, said(*texts), 1, "user", None, key, mark, state
                )
                futures.append(self.log.submit(append))
                expected.append(self.append(append, texts))
                versions[stream] = len(self.streams.get(stream, ()))

        assert [outcome(future) for future in futures] == expected

    @rule(mark=marks)
    def a_mark_alone(self, mark: TapeMark) -> None:
        self.log.submit_mark(mark).result()
        self.marks[mark.tape] = mark

    @rule()
    def a_restart(self) -> None:
        self.log.close()
        self.start()

    def append(self, append: Append, texts: list[str]) -> Receipt | str:
        if append.key in self.receipts:
            known = self.receipts[append.key]
            return Receipt(known.stream, known.first, known.last, known.version, repeated=True)
        stream = self.streams.get(append.stream, [])
        if len(stream) != append.expected:
            return "Conflict"
        first = len(self.order) + 1
        self.order += [(append.stream, text) for text in texts]
        if texts:
            self.streams[append.stream] = stream + texts
        version = len(stream) + len(texts)
        receipt = Receipt(append.stream, first if texts else 0, len(self.order) if texts else 0, version)
        if append.key is not None:
            self.receipts[append.key] = receipt
        if append.mark is not None:
            self.marks[append.mark.tape] = append.mark
        if append.snapshot is not None:
            self.snapshots[append.stream] = (version, append.snapshot)
        return receipt

    def teardown(self) -> None:
        self.compare()
        self.log.close()
        shutil.rmtree(self.directory)

    def compare(self) -> None:
        db = self.log.reader()
        events = read.events(db, 0)
        titles = [one.event.title for one in events if isinstance(one.event, ConversationRenamed)]
        assert list(zip([one.stream for one in events], titles, strict=True)) == self.order
        assert [one.position for one in events] == list(range(1, len(self.order) + 1))
        for stream, texts in self.streams.items():
            assert [one.version for one in read.stream(db, stream, 0)] == list(range(1, len(texts) + 1))
            assert read.head(db, stream) == len(texts)
        for key in ("k1", "k2", "k3", "k4"):
            known = self.receipts.get(key)
            found = read.receipt(db, key)
            assert found == (
                known and Receipt(known.stream, known.first, known.last, known.version, repeated=True)
            )
        assert {tape: read.mark(db, tape) for tape in self.marks} == self.marks
        assert {stream: read.snapshot(db, stream) for stream in self.snapshots} == self.snapshots
        assert read.last(db) == self.log.position == len(self.order)
        assert list(chain.verify(db))[-1:] == ([len(self.order)] if self.order else [])
        assert models(db)["title"] == [(place, *row) for place, row in enumerate(self.order, 1)]
        db.close()


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=500 if FULL else 30, stateful_step_count=12)
