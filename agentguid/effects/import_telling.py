"""One history, told from the place that the last telling came to: facts in batches, each with the place it ends at."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from agentguid.agents.histories import claude
from agentguid.agents.histories.base import State, Story, Told
from agentguid.agents.histories.gemini import Gemini
from agentguid.agents.histories.opencode import Kept, OpenCode, messages
from agentguid.agents.histories.readers import READERS
from agentguid.append.blobs import Blobs
from agentguid.effects.import_jobs import COPY, Batch, Fact, Read
from agentguid.effects.import_lines import Line, again, fingerprint, lines
from agentguid.effects.import_ours import Ours
from agentguid.protocol import wire

FACTS = 32
"""In one batch: some three milliseconds of the log's time, for which a live line waits at most."""
BYTES = 256 << 10
"""Of one batch."""
HELD = 8 << 20
"""Bytes of a turn after which the time decides whether it is ours, if nothing else has."""
PASSED_OVER = 100
"""Bytes of an empty line that was not empty: it is too long to be read."""

_database = Kept()
"""Of this process: one session after the other is read from the same copy."""


class Place(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """How far a history has been told: what is kept with the mark."""

    state: State
    seen: str = ""
    """Fingerprint of what stands before the place."""
    size: int = 0
    changed: int = 0
    """Of the file when all of it had been told; 0: it was not."""
    again: int = 0
    """When there is more to say of it as it is: of a turn or a line without an end. Microseconds since the epoch."""


class Telling:
    """One session on its way from the file to the daemon."""

    def __init__(self, job: Read) -> None:
        self.session = job.session
        place = _place(job)
        self.stale = place is None and bool(job.ours and job.ours.since)
        self.offset = job.offset if place else 0
        self.state = place.state if place else State()
        self.state.cwd = self.state.cwd or job.session.cwd
        ours = Ours(job.ours) if job.ours else None
        self.story: Story = READERS[job.session.source](job.session.id, self.state, ours)
        self.blobs, self.copies = Blobs(Path(job.blobs)), Path(job.copies)
        self.beside: dict[str, str] = {}
        if job.session.source == claude.Claude.SOURCE:
            self.beside = claude.subagents(Path(job.session.path))
        self._within: list[str] = []
        """Files of sub-agents that are being told."""
        self._facts: list[Fact] = []
        self._size = 0
        self._held = 0
        """Bytes that were read while it is open whose turn it is."""
        self._place = (self.offset, job.carry if place else b"")
        """The place that was said last."""
        self._kept = msgspec.json.encode(self.state) if isinstance(self.story, OpenCode) else None
        """The state at the place, where that lies behind what was told."""

    def run(self) -> Iterator[Batch]:
        if self.stale:
            yield Batch(stale=True, last=True)
        elif isinstance(self.story, OpenCode):
            yield from self._messages(self.story)
        else:
            yield from self._lines()

    def _messages(self, story: OpenCode) -> Iterator[Batch]:
        """Of a database, each time from the last prompt on: what an unfinished message has told is known by its ids.

        The place is that prompt's time, in milliseconds, and the state before it.
        """
        db = _database.opened(Path(self.session.path), self.copies / COPY)
        for name, created, data, parts in messages(db, self.session.id, self.offset):
            if '"role":"user"' in data:
                story.settle((), final=True)
                yield from self._told()
                yield self._batch()
                self.offset, self._kept = created, msgspec.json.encode(self.state)
            story.message(name, data, parts)
            yield from self._full(len(data) + sum(len(text) for _, text in parts))
        yield from self._end()

    def _lines(self) -> Iterator[Batch]:
        for line in lines(self.session.path, self.offset):
            yield from self._before(line)
            self._feed(line)
            self.offset = line.end
            yield from self._full(len(line.data))
        for file, call in self.beside.items():
            yield from self._side(file, call)
        yield from self._end()

    def _before(self, line: Line) -> Iterator[Batch]:
        """What a sub-agent did stands before its call's result."""
        if not self.beside or b'"tool_result"' not in line.data:
            return
        for file, call in list(self.beside.items()):
            if call.encode() in line.data:
                if self.state.ours:  # also what it says later: it is on our tape
                    mine: list[str] = self.state.more.setdefault("mine", [])
                    mine.append(Path(file).stem)
                yield from self._side(file, call)

    def _feed(self, line: Line, call: str = "") -> None:
        if line.data and call and isinstance(self.story, claude.Claude):
            self.story.feed(line.data, line.offset, call)
        elif line.data:
            self.story.feed(line.data, line.offset)
        elif line.end - line.offset > PASSED_OVER:
            self.story.line = f"@{line.offset:x}"
            megabytes = (line.end - line.offset) / 1_000_000
            self.story.notice(
                f"A line of {megabytes:.1f} MB is left out; it is in {self.session.path}.", "warning"
            )

    def _side(self, file: str, call: str) -> Iterator[Batch]:
        """The file of a sub-agent, from where it was told to last time."""
        done: dict[str, int] = self.state.more.setdefault("files", {})
        name = Path(file).stem
        if name in self.state.more.get("mine", ()) or file in self._within:
            return
        self._within.append(file)
        for line in lines(file, done.get(name, 0)):
            yield from self._before(line)  # it may have sub-agents of its own
            self._feed(line, call)
            done[name] = line.end
            yield from self._full(len(line.data))
        self._within.remove(file)

    def _full(self, size: int) -> Iterator[Batch]:
        """What has come together, once it is much; `size` bytes have been read for it."""
        self._held = self._held + size if self.story.open else 0
        if self._held > HELD:
            self.story.settle((), final=True)
        yield from self._told()
        if not self.story.open and self._is_full():
            yield self._batch()

    def _told(self) -> Iterator[Batch]:
        """Takes what is told. Of more than a batch the first ones leave the place where it is: from there it is read
        again, should this end here, and what came in is known by its ids."""
        for told in self.story.take():
            if self._is_full():
                yield Batch(self._taken(), *self._place, self.state.cwd)
            self._facts.append(self._fact(told))
            self._size += len(self._facts[-1].data)

    def _is_full(self) -> bool:
        return len(self._facts) >= FACTS or self._size >= BYTES

    def _taken(self) -> list[Fact]:
        facts, self._facts, self._size = self._facts, [], 0
        return facts

    def _end(self) -> Iterator[Batch]:
        """All that the file says by now."""
        self.story.end(time.time_ns() // 1000)
        yield from self._told()
        yield self._batch(whole=True)

    def _fact(self, told: Told) -> Fact:
        name, schema, data = wire.encode(self.blobs.shrink(told.event))
        return Fact(name, schema, msgspec.Raw(data), told.at, told.line)

    def _batch(self, *, whole: bool = False) -> Batch:
        """With the place up to which it has told; `whole`: that is all of the file."""
        state = msgspec.json.decode(self._kept, type=State) if self._kept else self.state
        seen = "" if self._kept is not None else fingerprint(self.session.path, self.offset)
        place = Place(state, seen)
        if whole:
            place.size, place.changed, place.again = self.session.size, self.session.changed, self._again()
        self._place = self.offset, msgspec.json.encode(place)
        return Batch(self._taken(), *self._place, self.state.cwd, last=whole, again=place.again)

    def _again(self) -> int:
        """When another look at what is there has more to tell; 0: never."""
        times = [self.story.again]
        if self._kept is None:
            done, mine = self.state.more.get("files", {}), self.state.more.get("mine", ())
            names = {file: Path(file).stem for file in self.beside}
            times += [again(file, done.get(name, 0)) for file, name in names.items() if name not in mine]
            times.append(again(self.session.path, self.offset))
        return min(filter(None, times), default=0)


def _place(job: Read) -> Place | None:
    """None: from the beginning."""
    if not job.carry or job.session.source == Gemini.SOURCE:
        return None  # a chat of Gemini repeats what it had, so that all of it must be known
    try:
        place = msgspec.json.decode(job.carry, type=Place)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # of another version
    if job.session.source == OpenCode.SOURCE:
        return place
    same = fingerprint(job.session.path, job.offset) == place.seen
    return place if same else None
