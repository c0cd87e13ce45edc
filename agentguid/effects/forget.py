"""Deleted conversations go for good after a week, or at once when that was asked for; then the blobs that nobody names."""

import asyncio
import logging
import os
import shutil
from pathlib import Path

import apsw

from agentguid.agents.histories.places import SOURCES
from agentguid.append import read
from agentguid.append.redact import is_forgotten
from agentguid.effects import scratch
from agentguid.effects.import_found import mark_of
from agentguid.effects.parts import EffectParts
from agentguid.effects.terminals import commands_of
from agentguid.entropy import now
from agentguid.hosts.orphans import held
from agentguid.project import blob_uses, hosts, imports
from agentguid.protocol.errors import LogBroken
from agentguid.protocol.events import ConversationDeleted
from agentguid.protocol.ids import CONVERSATION, conversation_of

log = logging.getLogger(__name__)

KEPT = 7 * 86_400_000_000
"""Microseconds between the deletion of a conversation and the end of its bytes."""
LOOK = 3.0
"""Seconds between two looks at what was deleted."""
COLLECT = 3600.0
"""Seconds between two collections of blobs."""
RESTING = 3600.0
"""Seconds that a blob is kept after it was last put: what names it may still be on its way."""
PAGE = 200
LONGEST = 3600
"""Seconds until one is tried again that could not be forgotten; it begins with `LOOK`, and doubles."""


class Forgetting:
    """One for the daemon. What it has not done when the daemon ends is found again in the log."""

    def __init__(self, parts: EffectParts) -> None:
        self._parts = parts
        self._after = 0
        self._waiting: dict[str, int] = {}
        """Streams of deleted conversations, and when each is due."""
        self._failed: dict[str, int] = {}
        """How often each of them could not be forgotten."""

    async def run(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        collected = loop.time() - COLLECT + LOOK
        while True:
            try:
                await self.look()
                if loop.time() - collected >= COLLECT:
                    collected = loop.time()
                    await self.collect()
            # A file that cannot be removed is no reason to end.
            except (LogBroken, OSError, apsw.Error) as error:
                log.warning("what was deleted, or blobs that nothing names, stay for now: %s", error)
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Forgets what is due."""
        await self._find()
        for stream in [stream for stream, due in self._waiting.items() if due <= now()]:
            try:
                if await self._ended(stream):
                    await self._forget(stream)
                    del self._waiting[stream]
                    self._failed.pop(stream, None)
            except Exception as error:  # of one conversation: the others are forgotten nevertheless
                self._postpone(stream, error)

    def _postpone(self, stream: str, error: Exception) -> None:
        failed = self._failed[stream] = self._failed.get(stream, 0) + 1
        pause = min(LOOK * 2.0 ** min(failed, 32), LONGEST)
        self._waiting[stream] = now() + int(pause * 1_000_000)
        if failed == 1:
            ours = not isinstance(error, LogBroken | OSError)
            log.warning(
                "a deleted conversation cannot be forgotten, its bytes stay for now: %s",
                error,
                exc_info=ours,
                extra={"conversation": conversation_of(stream)},
            )

    async def _find(self) -> None:
        reader = self._parts.reader
        while page := read.events(reader, self._after, types=("conversation.deleted",), limit=PAGE):
            self._after = page[-1].position
            for recorded in page:
                at_once = isinstance(recorded.event, ConversationDeleted) and recorded.event.now
                if not is_forgotten(reader, recorded.stream):
                    due = recorded.at + (0 if at_once else KEPT)
                    self._waiting[recorded.stream] = min(due, self._waiting.get(recorded.stream, due))
            await asyncio.sleep(0)

    async def _ended(self, stream: str) -> bool:
        """Nothing is written to it any more: its hosts are known, and none of them lives."""
        conversation = conversation_of(stream)
        assert conversation is not None
        if not self._parts.current(conversation) or hosts.of(self._parts.reader, conversation):
            return False
        return not any(held(self._parts.places, host) for host in await self._tapes(conversation))

    async def _tapes(self, conversation: str) -> list[str]:
        """Of its agents and of what those had us run."""
        had = hosts.all_of(self._parts.reader, conversation)
        return [*had, *await commands_of(self._parts.places, had)]

    async def _forget(self, stream: str) -> None:
        conversation = conversation_of(stream)
        assert conversation is not None
        had = await self._tapes(conversation)
        for host in had:
            await asyncio.to_thread(_remove, self._parts.places.tapes / host)
            await scratch.remove(self._parts.places, host)
        await asyncio.wrap_future(self._parts.log.forget(stream, [*had, *self._marks(conversation)]))
        log.info("a deleted conversation is gone for good", extra={"conversation": conversation})

    def _marks(self, conversation: str) -> list[str]:
        """Of the histories that were taken in: a mark has beginnings of prompts."""
        reader = self._parts.reader
        told = imports.sessions(reader, conversation)
        held = [(source, name) for name in hosts.sessions(reader, conversation) for source in SOURCES]
        return [mark_of(source, name) for source, name in {*told, *held}]

    async def collect(self) -> None:
        """Removes the blobs that no event names."""
        parts, removed = self._parts, 0
        if read.behind(parts.reader, CONVERSATION, parts.signature, limit=1):
            return
        for shelf in await asyncio.to_thread(parts.blobs.shelves):
            resting = await asyncio.to_thread(parts.blobs.resting, shelf, RESTING)
            for start in range(0, len(resting), PAGE):
                some = [one for one in resting[start : start + PAGE] if not blob_uses.used(parts.reader, one)]
                if some:
                    removed += await asyncio.wrap_future(
                        parts.log.collect(parts.blobs, some, blob_uses.used, RESTING)
                    )
                await asyncio.sleep(0)
        if removed:
            log.info("removed %d blobs that nothing names any more", removed)


def _remove(folder: Path) -> None:
    """Raises OSError when something of it is left: nobody shall be told that it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        raise OSError(f"{folder} cannot be removed")
