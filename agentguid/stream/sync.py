"""What one `/sync` socket is to be told: it follows the log by position, with one batch in memory at most.

The past of a conversation that it subscribes to is read first, then everything goes on together.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import apsw
from msgspec import Struct

from agentguid.append import read
from agentguid.project import transcript, turns
from agentguid.protocol.events import Recorded, ToolFinished, TurnEnded, TurnStarted
from agentguid.protocol.ids import conversation_of, stream_of
from agentguid.stream.events import Pieces
from agentguid.stream.feed import Feed
from agentguid.stream.live import LiveText, OpenItem

BATCH = 100
"""Events that are read at a time."""
FAR = 5_000
"""Events behind which a socket is not taken through all of them: it is told the gap."""
REPLIES = 64
"""Answers that may wait for a socket; a client that asks more waits itself."""
SUBSCRIPTIONS = 500


class Seen(Struct, frozen=True):
    """An event."""

    recorded: Recorded
    subscribed: bool
    """To its conversation or turn: else only what is public may be told."""
    past: bool = False
    """Read because a subscription asked for it: what is told to everybody has been told, or never will be."""


class Piece(Struct, frozen=True):
    """Live text."""

    conversation: str
    item: OpenItem
    offset: int
    text: str


class Gap(Struct, frozen=True):
    """What happened after this position is left out."""

    after: int


class Reply(Struct, frozen=True):
    """An answer to what the client said."""

    message: dict[str, Any]


Output = Seen | Piece | Gap | Reply


class Subscription:
    """One conversation, or one turn of it, as one socket follows it."""

    def __init__(self, conversation: str | None, turn: str | None, after: int, live: bool) -> None:
        self.conversation = conversation
        """None: of a turn that has not begun."""
        self.turn = turn
        self.after = after
        """Told up to here."""
        self.live = live
        self.pieces: Pieces | None = None
        """Of the live text, once it is wanted and the conversation known."""
        self.running = False
        """Whether its turn has begun and not ended, as of what was told."""

    def has(self, conversation: str | None, recorded: Recorded, turn: str | None) -> bool:
        """Whether an event, of this turn, belongs to it. What is of no turn belongs to the one that runs."""
        if self.turn is None:
            return self.conversation == conversation
        if self.conversation is None and turn == self.turn:
            self.conversation = conversation
        if self.conversation != conversation:
            return False
        if isinstance(recorded.event, TurnStarted | TurnEnded):
            self.running = isinstance(recorded.event, TurnStarted) and turn == self.turn
        return self.admits(turn)

    def admits(self, turn: str | None) -> bool:
        """Whether what is of this turn, or of none, belongs to it."""
        return self.turn in (None, turn) or (turn is None and self.running)


IDLE = 60.0
"""Seconds after which a socket looks again although nothing was heard."""


class SyncReader:
    """One socket's place in the log and what it has subscribed to."""

    def __init__(self, db: apsw.Connection, feed: Feed, live: LiveText) -> None:
        self._db = db
        self._feed = feed
        self._live = live
        self._replies: deque[Reply] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self._ear = feed.subscribe(None, live=True)
        self._closed = False
        self.position = feed.position
        """Told up to here, but for subscriptions that are further back."""
        self.subscriptions: dict[str, Subscription] = {}

    async def reply(self, message: dict[str, Any]) -> None:
        """Queues an answer; waits while too many do."""
        await self._room.wait()
        self._replies.append(Reply(message))
        if len(self._replies) >= REPLIES:
            self._room.clear()
        self._ear.hear(own=True)

    def subscribe(
        self, key: str, conversation: str | None, turn: str | None, after: int | None, live: bool
    ) -> None:
        """Follows a conversation or turn, from a position on (None: from now). The same key replaces."""
        start = self.position if after is None else max(0, min(after, self.position))
        self.subscriptions[key] = one = Subscription(conversation, turn, start, live)
        self._settle(one)
        self._ear.hear(own=True)

    def unsubscribe(self, key: str) -> None:
        self.subscriptions.pop(key, None)

    def close(self) -> None:
        """The client has gone: `outputs` ends."""
        self._closed = True
        self._ear.close()
        self._ear.hear(own=True)

    async def outputs(self) -> AsyncIterator[list[Output]]:
        """What to send, in batches; reads on when the batch has been taken. Ends when the client has gone or the daemon
        stops."""
        while not (self._closed or self._feed.closing.is_set()):
            self._ear.look()
            if batch := self._next():
                yield batch
            if batch or self._behind():
                # Others get their turn, also when this socket takes everything at once.
                await asyncio.sleep(0)
            else:
                await self._ear.wait(IDLE)

    def _next(self) -> list[Output]:
        """The most urgent thing that there is to say."""
        if self._replies:
            replies: list[Output] = list(self._replies)
            self._replies.clear()
            self._room.set()
            return replies
        if one := self._behind():
            return self._past(one)
        return self._present() or self._pieces()

    def _behind(self) -> Subscription | None:
        """One that is still to be told of the past."""
        for one in self.subscriptions.values():
            if one.conversation and one.after < self.position:
                return one
        return None

    def _past(self, one: Subscription) -> list[Output]:
        """One batch of it; nothing when none of that belongs to the subscription."""
        assert one.conversation
        found = read.events(
            self._db, one.after, upto=self.position, stream=stream_of(one.conversation), limit=BATCH
        )
        one.after = found[-1].position if len(found) == BATCH else self.position
        return [Seen(seen, True, True) for seen in found if one.has(one.conversation, seen, self._turn(seen))]

    def _present(self) -> list[Output]:
        upto = self._feed.position
        if upto - self.position > FAR:
            gap, self.position = Gap(self.position), upto
            self._move()
            for one in self.subscriptions.values():
                self._settle(one)
            return [gap]
        if upto == self.position:
            return []
        found = read.events(self._db, self.position, upto=upto, limit=BATCH)
        self.position = found[-1].position if len(found) == BATCH else upto
        self._move()
        return [Seen(one, self._subscribed(one)) for one in found]

    def _move(self) -> None:
        for one in self.subscriptions.values():
            one.after = self.position

    def _subscribed(self, recorded: Recorded) -> bool:
        conversation = conversation_of(recorded.stream)
        turn = self._turn(recorded) if self.subscriptions else None
        found = [one for one in self.subscriptions.values() if one.has(conversation, recorded, turn)]
        return bool(found)

    def _turn(self, recorded: Recorded) -> str | None:
        """What an event is of; of a tool's end only the item knows."""
        if isinstance(recorded.event, ToolFinished):
            row = transcript.get(self._db, recorded.event.item)
            return row.turn if row else None
        return getattr(recorded.event, "turn", None)

    def _settle(self, one: Subscription) -> None:
        """Looks up where its turn began, and whether it runs where the subscription goes on."""
        if one.turn is None or (known := turns.get(self._db, one.turn)) is None:
            return
        one.conversation = known.conversation
        one.after = min(max(one.after, known.position - 1), self.position)
        ended = known.end_position is not None and known.end_position <= one.after
        one.running = known.position <= one.after and not ended

    def _pieces(self) -> list[Output]:
        found: dict[tuple[str, int], Output] = {}
        for one in self.subscriptions.values():
            if one.live and one.conversation:
                one.pieces = one.pieces or Pieces(self._live, one.conversation)
                for item, offset, text in one.pieces.next():
                    if one.admits(item.turn):
                        found.setdefault((item.item, offset), Piece(one.conversation, item, offset, text))
        return list(found.values())
