"""The process that reads histories for the daemon: it may need much memory, be slow, or fail. Run by `import_link`.

Jobs come on stdin, what they come to goes to stdout: four bytes of length, then JSON. One job after the other; the
pipe makes it wait while the daemon has not taken what it said. It ends when stdin does.
"""

import os
import resource
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from agentguid.agents.histories import claude
from agentguid.agents.histories.base import State, Story, Told
from agentguid.agents.histories.gemini import Gemini
from agentguid.agents.histories.heads import head
from agentguid.agents.histories.opencode import OpenCode, messages, opened
from agentguid.agents.histories.readers import READERS
from agentguid.append.blobs import Blobs
from agentguid.effects.import_jobs import Batch, Fact, Heads, Job, Read
from agentguid.effects.import_lines import Line, fingerprint, lines
from agentguid.effects.import_ours import Ours
from agentguid.protocol import wire

FACTS = 64
"""In one batch: some five milliseconds of the log's time."""
BYTES = 256 << 10
"""Of one batch."""
MEMORY = 2 << 30
"""Bytes of address space: a line of 64 MiB fits, a runaway does not."""
NICE = 10
PASSED_OVER = 100
"""Bytes of an empty line that was not empty: it is too long to be read."""
HEADS = 200
"""Sessions in one answer."""


class Place(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """How far a history has been told: what is kept with the mark."""

    state: State
    seen: str = ""
    """Fingerprint of what stands before the place."""
    size: int = 0
    changed: int = 0
    """Of the file when all of it had been told; 0: it was not."""


def main() -> None:
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    jobs: msgspec.json.Decoder[Job] = msgspec.json.Decoder(Job)
    while raw := _read(sys.stdin.buffer):
        job = jobs.decode(raw)
        answers = _heads(job) if isinstance(job, Heads) else _history(job)
        try:
            for answer in answers:
                _say(answer)
        except BrokenPipeError:
            return
        except Exception as error:  # told to the daemon, which goes on with the next one
            _say(Batch(last=True, error=f"{type(error).__name__}: {error}"[:500]))


def _read(file: BinaryIO) -> bytes:
    size = file.read(4)
    return file.read(struct.unpack("!I", size)[0]) if len(size) == 4 else b""


def _say(batch: Batch) -> None:
    data = msgspec.json.encode(batch)
    sys.stdout.buffer.write(struct.pack("!I", len(data)) + data)
    sys.stdout.buffer.flush()


def _heads(job: Heads) -> Iterator[Batch]:
    for start in range(0, len(job.sessions), HEADS):
        yield Batch(sessions=[head(one) for one in job.sessions[start : start + HEADS]])
    yield Batch(last=True)


class Telling:
    """One session on its way from the file to the daemon."""

    def __init__(self, job: Read) -> None:
        self.session = job.session
        place = _place(job)
        self.offset = job.offset if place else 0
        self.state = place.state if place else State()
        self.state.cwd = self.state.cwd or job.session.cwd
        ours = Ours(job.ours) if job.ours else None
        self.story: Story = READERS[job.session.source](job.session.id, self.state, ours)
        self.blobs = Blobs(Path(job.blobs))
        self.beside: dict[str, str] = {}
        if job.session.source == claude.Claude.SOURCE:
            self.beside = claude.subagents(Path(job.session.path))
        self._within: list[str] = []
        """Files of sub-agents that are being told."""
        self._facts: list[Fact] = []
        self._size = 0
        self._kept = msgspec.json.encode(self.state) if isinstance(self.story, OpenCode) else None
        """The state at the place, where that lies behind what was told."""

    def run(self) -> Iterator[Batch]:
        if isinstance(self.story, OpenCode):
            yield from self._messages(self.story)
        else:
            yield from self._lines()

    def _messages(self, story: OpenCode) -> Iterator[Batch]:
        """Of a database, each time from the last prompt on: what an unfinished message has told is known by its ids.

        The place is that prompt's time, in milliseconds, and the state before it.
        """
        with opened(Path(self.session.path)) as db:
            for name, created, data, parts in messages(db, self.session.id, self.offset):
                if '"role":"user"' in data:
                    self._take()
                    yield self._batch()
                    self.offset, self._kept = created, msgspec.json.encode(self.state)
                story.message(name, data, parts)
                yield from self._full()
        story.end(time.time_ns() // 1000)
        self._take()
        yield self._batch(whole=True)

    def _lines(self) -> Iterator[Batch]:
        for line in lines(self.session.path, self.offset):
            yield from self._before(line)
            self._feed(line)
            self.offset = line.end
            yield from self._full()
        for file, call in self.beside.items():
            yield from self._side(file, call)
        self.story.end(time.time_ns() // 1000)
        self._take()
        yield self._batch(whole=True)

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
            yield from self._full()
        self._within.remove(file)

    def _full(self) -> Iterator[Batch]:
        self._take()
        if not self.story.open and (len(self._facts) >= FACTS or self._size >= BYTES):
            yield self._batch()

    def _take(self) -> None:
        for told in self.story.take():
            self._facts.append(self._fact(told))
            self._size += len(self._facts[-1].data)

    def _fact(self, told: Told) -> Fact:
        name, schema, data = wire.encode(self.blobs.shrink(told.event))
        return Fact(name, schema, msgspec.Raw(data), told.at, told.line)

    def _batch(self, *, whole: bool = False) -> Batch:
        size, changed = (self.session.size, self.session.changed) if whole else (0, 0)
        state = msgspec.json.decode(self._kept, type=State) if self._kept else self.state
        seen = "" if self._kept is not None else fingerprint(self.session.path, self.offset)
        place = Place(state, seen, size, changed)
        facts, self._facts, self._size = self._facts, [], 0
        return Batch(facts, self.offset, msgspec.json.encode(place), self.state.cwd, last=whole)


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


def _history(job: Read) -> Iterator[Batch]:
    return Telling(job).run()
