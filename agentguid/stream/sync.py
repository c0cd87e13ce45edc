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
from agentguid.protocol.events import Recorded
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

    def __init__(self, conversation: str | None, turn: str | None, after: int, pieces: Pieces | None) -> None:
        self.conversation = conversation
        """None: of a turn that has not begun."""
        self.turn = turn
        self.after = after
        """Told up to here."""
        self.pieces = pieces

    def has(self, conversation: str | None, recorded: Recorded) -> bool:
        """Whether an event belongs to it. Events that name no turn belong to the one that runs."""
        turn = getattr(recorded.event, "turn", None)
        if self.conversation is None and turn is not None and turn == self.turn:
            self.conversation = conversation
        return self.conversation == conversation and (self.turn is None or turn in (None, self.turn))


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
        pieces = Pieces(self._live, conversation) if live and conversation else None
        start = self.position if after is None else max(0, min(after, self.position))
        self.subscriptions[key] = Subscription(conversation, turn, start, pieces)
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
                await asyncio.sleep(
                    0
                )  # others get their turn, also when this socket takes everything at once
            else:
                await self._ear.wait(IDLE)

    def _next(self) -> list[Output]:
        """The most urgent thing that there is to say."""
        if self._replies:
            replies: list[Output] = list(self._replies)
            self._replies.clear()
            self._room.set()
            return replies
        return self._past() or self._present() or self._pieces()

    def _past(self) -> list[Output]:
        for one in list(self.subscriptions.values()):
            while one.conversation and one.after < self.position:
                found = read.events(
                    self._db, one.after, upto=self.position, stream=stream_of(one.conversation), limit=BATCH
                )
                one.after = found[-1].position if len(found) == BATCH else self.position
                if told := [Seen(seen, True, True) for seen in found if one.has(one.conversation, seen)]:
                    return list(told)
        return []

    def _present(self) -> list[Output]:
        upto = self._feed.position
        if upto - self.position > FAR:
            gap, self.position = Gap(self.position), upto
            self._move()
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
        found = [one for one in self.subscriptions.values() if one.has(conversation, recorded)]
        return bool(found)

    def _pieces(self) -> list[Output]:
        found: dict[tuple[str, int], Output] = {}
        for one in self.subscriptions.values():
            if one.pieces and one.conversation:
                for item, offset, text in one.pieces.next():
                    found.setdefault((item.item, offset), Piece(one.conversation, item, offset, text))
        return list(found.values())
