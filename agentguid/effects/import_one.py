"""One session on its way from the agent's file into the log, batch by batch."""

import asyncio
import contextlib

import msgspec

from agentguid.agents.histories.base import Session
from agentguid.agents.histories.places import APPENDED
from agentguid.append import read
from agentguid.append.api import Stamp, TapeMark
from agentguid.effects.import_found import Whole, mark_of
from agentguid.effects.import_jobs import Batch, Fact, Read
from agentguid.effects.import_link import Link
from agentguid.effects.import_ours import Known, Span
from agentguid.effects.parts import EffectParts
from agentguid.project import conversations, hosts, transcript, turns
from agentguid.protocol import wire
from agentguid.protocol.commands import ImportHistory
from agentguid.protocol.errors import NotFound, Refused
from agentguid.protocol.events import (
    ConversationCreated,
    ConversationRenamed,
    Event,
    ItemAdded,
    ToolFinished,
    ToolStarted,
    TurnEnded,
    TurnStarted,
)
from agentguid.protocol.ids import stream_of
from agentguid.stream.importing import Found, Progress

LATE = 60_000_000
"""Microseconds by which an agent's file may be behind what the agent has said to us."""
REST = 0.002
"""Seconds, at least, that the log has for others after a batch while an agent lives here."""


class Busy(Exception):  # noqa: N818 - not an error: it is for later
    """A turn is open in its conversation."""


class Taking:
    def __init__(self, parts: EffectParts, link: Link, found: Found, progress: Progress) -> None:
        self._parts = parts
        self._link = link
        self._found = found
        self._progress = progress
        self._conversation = found.conversation or ""
        self._mark = mark_of(found.source, found.id)
        self.again = 0
        """When there is more to tell of its file as it is; 0: never."""
        self._renamed = False
        """The user has given it a name."""
        self._held = False
        """An agent of ours has been in it."""

    async def run(self) -> bool:
        """Until all is here; whether something was new. Raises `Busy`, `NotFound` (deleted meanwhile), `ReaderFailedError`, `LogBroken`, `TooBusy`."""
        parts = self._parts
        row = conversations.get(parts.reader, self._conversation)
        if row and row.turn:
            raise Busy
        self._held = next(hosts.spans(parts.reader, self._conversation), None) is not None
        self._renamed = row is not None and (self._held or self._named())
        before = self._progress.items
        if not await self._read(self._since()):
            await self._read(0)
        new = self._progress.items > before
        self._progress.taken += new
        return new

    async def _read(self, since: int) -> bool:
        """False: more of our own part has to be known."""
        parts, one = self._parts, self._found
        mark = read.mark(parts.reader, self._mark)
        session = Session(one.source, one.id, one.path, one.size, one.changed, one.folder)
        job = Read(
            session,
            mark.offset if mark else 0,
            mark.carry if mark else b"",
            self._known(since),
            str(parts.blobs.root),
            str(parts.places.copies),
        )
        known = True
        async with contextlib.aclosing(self._link.ask(job)) as batches:
            async for batch in batches:
                if batch.stale:
                    known = False
                    continue
                begun = asyncio.get_running_loop().time()
                await self._append(batch)
                self.again = batch.again
                if len(parts.presence):
                    await asyncio.sleep(max(REST, asyncio.get_running_loop().time() - begun))
        return known

    # -- what is known already ----------------------------------------------------------------------------------------
    def _since(self) -> int:
        """What is behind the place was written later: of our own part nothing older is wanted. 0: all of it."""
        mark = read.mark(self._parts.reader, self._mark)
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            if mark and self._found.source in APPENDED:
                return max(0, msgspec.json.decode(mark.carry, type=Whole).changed - LATE)
        return 0

    def _known(self, since: int) -> Known | None:
        """Our own part in it; None when we had none."""
        if not self._held:
            return None
        db, tapes, times, ours = self._parts.reader, list[str](), list[Span](), list[Span]()
        for host, begun, ended in hosts.spans(db, self._conversation):
            log = read.at(db, [begun, ended] if ended else [begun])
            span = Span(log[begun].at, log[ended].at if ended else 0)
            if span.end and span.end < since:
                break
            tapes.append(str(self._parts.places.tapes / host))
            times.append(span)
        for started, end in turns.ours(db, self._conversation):
            if end and end < since:
                break
            ours.append(Span(started, end or 0))
        return Known(tapes, ours, times, since)

    def _named(self) -> bool:
        stream = stream_of(self._conversation)
        renamed = read.events(
            self._parts.reader, 0, stream=stream, types=("conversation.renamed",), limit=100
        )
        return any(recorded.origin is None for recorded in renamed)

    def _is_here(self, event: Event) -> bool:
        """Told before, by a file that was since written anew."""
        db = self._parts.reader
        match event:
            case TurnStarted(turn=turn):
                return turns.get(db, turn) is not None
            case ItemAdded(item=item) | ToolStarted(item=item):
                return transcript.get(db, item) is not None
            case ToolFinished(item=item):
                row = transcript.get(db, item)
                if row is None or row.finish is None:
                    return False
                told = read.at(db, [row.finish])[row.finish].event
                return event.incomplete or not (isinstance(told, ToolFinished) and told.incomplete)
            case TurnEnded(turn=turn):
                known = turns.get(db, turn)
                return known is not None and known.end_position != known.position
            case ConversationRenamed(title=title):
                named = conversations.get(db, self._conversation)
                return self._renamed or (named is not None and named.title == title)
        return False

    # -- into the log -------------------------------------------------------------------------------------------------
    async def _append(self, batch: Batch) -> None:
        mark = TapeMark(self._mark, batch.offset, batch.offset, batch.carry)
        told = [(_event(fact), fact) for fact in batch.facts]
        told = [(event, fact) for event, fact in each_once(told) if not self._is_here(event)]
        if not told:
            await asyncio.wrap_future(self._parts.log.submit_mark(mark))
            return
        cwd = batch.cwd if batch.cwd.startswith("/") else "/"
        command = ImportHistory(
            conversation=self._conversation,
            source=self._found.source,
            session=self._found.id,
            cwd=cwd[:4096],
            title=self._found.name,
            facts=[event for event, _ in told],
        )
        actor = f"agent:{self._found.source}"
        try:
            await self._parts.dispatch(
                command, actor=actor, cause=self._mark, mark=mark, stamp=self._stamp(told)
            )
        except NotFound:
            raise
        except Refused as refused:
            raise Busy from refused
        self._progress.items += sum(
            isinstance(event, ItemAdded | ToolStarted | TurnStarted) for event, _ in told
        )

    def _stamp(self, told: list[tuple[Event, Fact]]) -> "Stamps":
        return Stamps(self._found, told)


class Stamps:
    """When each event of a batch happened, and where its history says so. See `dispatch.Stamped`."""

    def __init__(self, found: Found, told: list[tuple[Event, Fact]]) -> None:
        self._found = found
        self._facts = {id(event): fact for event, fact in told}
        times = [fact.at for _, fact in told if fact.at] or [found.began or found.changed]
        self._first, self._last = times[0], times[-1]

    def __call__(self, event: Event) -> Stamp:
        fact = self._facts.get(id(event))
        if fact is None:
            at = self._first if isinstance(event, ConversationCreated) else self._last
            return Stamp(at, self._origin(""))
        return Stamp(fact.at or self._first, self._origin(fact.line))

    def _origin(self, line: str) -> str:
        origin = {"source": self._found.source, "session": self._found.id, "line": line}
        return msgspec.json.encode(origin).decode()


def each_once(told: list[tuple[Event, Fact]]) -> list[tuple[Event, Fact]]:
    """Without what a file says twice."""
    seen: dict[tuple[type[Event], str], tuple[Event, Fact]] = {}
    for number, (event, fact) in enumerate(told):
        name = getattr(event, "item", None) or getattr(event, "turn", None) or str(number)
        seen.setdefault((type(event), name), (event, fact))
    return list(seen.values())


def _event(fact: Fact) -> Event:
    return wire.decode(fact.name, fact.schema, bytes(fact.data))
