"""The way of a command: decide, append (which projects and wakes), receipt. The whole write path, on one screen.

The state of a stream is kept with its version and moved on as soon as an append is queued, not when it is on the
disk: commands on one stream follow one another at the pace of the rules, and the log commits them together. When an
append fails, what was decided after it fails as well (its version does not fit) and is decided anew.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial, reduce
from typing import Any

import apsw
import msgspec
from msgspec.structs import replace

from agentguid.append import read
from agentguid.append.api import Append, Receipt, Stamp, TapeMark
from agentguid.append.blobs import LIMIT, Blobs
from agentguid.append.log import Log
from agentguid.decide.rules import Rules, rules_of
from agentguid.entropy import now
from agentguid.notes import tell
from agentguid.protocol.commands import Command
from agentguid.protocol.errors import Conflict, Refused
from agentguid.protocol.events import Event
from agentguid.protocol.names import BODIES

RETRIES = 5
LANES = 1_000
"""Streams whose state is kept."""
SNAPSHOT = 200
"""Events after which the state is written down again."""
SLICE = 100
"""Events that are read at a time, so that a long stream does not hold up the others."""


Submit = Callable[[Append], "Future[Receipt]"]
Stamped = Callable[[Event], Stamp]
"""When, and where, an event happened that is imported."""


class Lane(msgspec.Struct, eq=False):
    """What is known of one stream, including appends that are still on their way."""

    stream: str
    rules: Rules
    lock: asyncio.Lock
    """Held while a command is decided and queued, so that commands keep their order."""
    state: Any = None
    """None: to be read."""
    version: int = 0
    kept: int = 0
    """Version of the newest snapshot."""
    flying: int = 0
    """Appends that are queued."""
    generation: int = 0
    """Counts how often the state was dropped."""
    users: int = 0


class Order(msgspec.Struct, frozen=True):
    command: Command
    actor: str
    key: str | None
    cause: str | None
    mark: TapeMark | None
    stamp: Stamped | None = None


class Dispatcher:
    """Lives in the event loop; `reader` is the loop's own connection."""

    def __init__(self, log: Log, reader: apsw.Connection, blobs: Blobs) -> None:
        self._log = log
        self._reader = reader
        self._blobs = blobs
        self._lanes: OrderedDict[str, Lane] = OrderedDict()

    async def __call__(
        self,
        command: Command,
        *,
        actor: str,
        key: str | None = None,
        cause: str | None = None,
        mark: TapeMark | None = None,
        stamp: Stamped | None = None,
    ) -> Receipt:
        """Carries a command out; returns when its events are on the disk and in the read models.

        With a `key` it is carried out once, however often it comes. `mark` moves with the events, also when there are
        none. Commands on one stream are appended in the order of the calls, unless one fails: a caller for whom that
        matters (the reader of a tape) awaits each before the next. Once cancelled, a command may still be carried out.

        With `stamp` it is an import: its events bear the times that `stamp` says, and whatever else waits goes first.

        Raises `Refused` (`NotFound`), `Invalid`, `TooBusy`, `LogBroken`; `Conflict` when the stream is written from
        elsewhere all the time.
        """
        order = Order(command, actor, key, cause, mark, stamp)
        lane = self._lane(*rules_of(command))
        lane.users += 1
        try:
            for _ in range(RETRIES):
                with suppress(Conflict):
                    return await self._attempt(order, lane)
            return await self._attempt(order, lane)
        finally:
            lane.users -= 1

    async def _attempt(self, order: Order, lane: Lane) -> Receipt:
        if known := self._known(order):
            return known
        refusal: Refused | None = None
        async with lane.lock:
            if lane.state is None:
                await self._load(lane)
            generation = lane.generation
            try:
                events = await self._shrunk(lane.rules.decide(order.command, lane.state))
            except Refused as error:
                events, refusal = [], error
            if lane.generation != generation:
                raise Conflict("what was decided on has failed")
            # What was decided on may still fail: then an append conflicts, even one without events.
            append = _append(lane, events, replace(order, key=None, mark=None) if refusal else order)
            needed = events or append.key or append.mark or lane.flying
            submit = self._log.submit_later if order.stamp else self._log.submit
            queued = self._queue(lane, append, submit) if needed else None
        receipt = await asyncio.shield(queued) if queued else Receipt(lane.stream, 0, 0, lane.version)
        if refusal is None:
            return receipt
        if known := self._known(order):
            return known
        raise refusal

    def _queue(self, lane: Lane, append: Append, submit: Submit) -> asyncio.Future[Receipt]:
        queued = asyncio.wrap_future(submit(append))
        queued.add_done_callback(partial(_landed, lane, lane.generation, append))
        lane.flying += 1
        lane.state = reduce(lane.rules.evolve, append.events, lane.state)
        lane.version += len(append.events)
        if append.snapshot:
            lane.kept = lane.version
        return queued

    async def _load(self, lane: Lane) -> None:
        """From the newest snapshot, if this code made it; in slices, between which others get their turn."""
        version, frozen = read.snapshot(self._reader, lane.stream) or (0, b"")
        state = lane.rules.thaw(frozen) if frozen else lane.rules.initial
        if state is None:
            version, state = 0, lane.rules.initial
        lane.kept = version
        while page := read.stream(self._reader, lane.stream, version, SLICE):
            state = reduce(lane.rules.evolve, (recorded.event for recorded in page), state)
            version = page[-1].version
            if len(page) < SLICE:
                break
            await asyncio.sleep(0)
        lane.state, lane.version = state, version

    async def _shrunk(self, events: list[Event]) -> list[Event]:
        """Big texts become blobs, in a thread, before the commit that names them."""
        if any(map(_big, events)):
            return await asyncio.to_thread(lambda: [self._blobs.shrink(event) for event in events])
        return events

    def _known(self, order: Order) -> Receipt | None:
        return None if order.key is None else read.receipt(self._reader, order.key)

    def _lane(self, stream: str, rules: Rules) -> Lane:
        lane = self._lanes.setdefault(stream, Lane(stream, rules, asyncio.Lock()))
        self._lanes.move_to_end(stream)
        if len(self._lanes) > LANES:
            idle = next((one.stream for one in self._lanes.values() if not one.users), stream)
            del self._lanes[idle]
        return lane


def _append(lane: Lane, events: list[Event], order: Order) -> Append:
    snapshot = None
    if events and lane.version + len(events) - lane.kept >= SNAPSHOT:
        snapshot = lane.rules.freeze(reduce(lane.rules.evolve, events, lane.state))
    stamps = [order.stamp(event) for event in events] if order.stamp else ()
    return Append(
        *(
            lane.stream,
            lane.version,
            events,
            now(),
            order.actor,
            order.cause,
            order.key,
            order.mark,
            snapshot,
        ),
        stamps,
    )


def _landed(lane: Lane, generation: int, append: Append, queued: asyncio.Future[Receipt]) -> None:
    """An append that failed, or that had been made before, takes with it the state that counted on it."""
    lane.flying -= 1
    failed = queued.cancelled() or queued.exception() is not None or queued.result().repeated
    if not failed:
        if not append.stamps:  # what is imported happened elsewhere: the importer says how much it was
            tell(lane.stream, append.events, queued.result().first, append.actor)
    elif lane.generation == generation:
        lane.generation += 1
        lane.state = None


def _big(event: Event) -> bool:
    """May hold a text above the limit for events: a character is at most four bytes."""
    bodies = BODIES.get(type(event), ())
    return any((body := getattr(event, name)) and len(body.text) > LIMIT // 4 for name in bodies)
