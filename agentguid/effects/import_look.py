"""Looks which sessions of agents lie on this machine, and how each stands to what is here. Reads only."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import apsw
from msgspec.structs import replace

from agentguid.agents.histories import places
from agentguid.agents.histories.base import Session
from agentguid.append import read
from agentguid.effects import import_found as standings
from agentguid.effects.import_jobs import Heads
from agentguid.effects.import_link import Link, ReaderFailedError
from agentguid.effects.parts import EffectParts
from agentguid.project import hosts
from agentguid.protocol.ids import CONVERSATION
from agentguid.stream.importing import Found

log = logging.getLogger(__name__)

KNOWN = 50_000
"""Sessions whose beginnings are remembered."""


class Looking:
    def __init__(self, parts: EffectParts, environ: Mapping[str, str], copies: Path) -> None:
        self._parts = parts
        self._environ = environ
        self._copies = copies
        self._heads: dict[tuple[str, str], Session] = {}
        self.again: dict[tuple[str, str], int] = {}
        """Those of which there is more to tell although they do not change, and when."""
        self._one = asyncio.Lock()

    async def look(self) -> list[Found]:
        """Every session that lies on this machine, newest first."""
        return (await self._look(ours=False))[0]

    async def due(self, *, ours: bool = False) -> list[Found]:
        """What is to be read, once that is sure; see `listed`."""
        while True:
            await self._ready()
            found, sure = await self._look(ours=ours)
            if sure:
                return [one for one in found if one.due]

    async def count(self) -> dict[str, int]:
        """Files of sessions, by agent; without those in a database."""
        listed = await asyncio.to_thread(places.found, self._environ, self._copies, tuple(places.FILES))
        return dict(Counter(one.source for one in listed))

    async def listed(self, *, ours: bool = False) -> list[Session]:
        """By size and time only. `ours`: those that an agent of ours has held, of agents whose files only grow."""
        return await asyncio.to_thread(self._ours if ours else self._all)

    def _all(self) -> list[Session]:
        return places.found(self._environ, self._copies)

    def _ours(self) -> list[Session]:
        db: apsw.Connection = self._parts.log.reader()
        try:
            held = hosts.holders(db)
        finally:
            db.close()
        if not held:
            return []
        listed = places.found(self._environ, self._copies, places.APPENDED)
        return [one for one in listed if one.id in held]

    async def _look(self, *, ours: bool) -> tuple[list[Found], bool]:
        """And whether the read models knew of every conversation: what they do not show would be made twice."""
        async with self._one:
            sessions = await self.listed(ours=ours)
            if not ours:  # those have their names already
                await self._learn(sessions)
            found, sure = await asyncio.to_thread(self._standing, [self._known(one) for one in sessions])
        found.sort(key=lambda one: -one.changed)
        waits = [one for one in found if one.standing == "here" and one.again]
        self.again = {(one.path, one.id): one.again for one in waits}
        return found, sure

    def _known(self, one: Session) -> Session:
        head = self._heads.get(one.key)
        if head is None:  # it could not be looked at: it is there nevertheless
            return replace(one, title=one.title or one.id)
        return replace(one, cwd=head.cwd, title=head.title, began=head.began)

    def _is_unknown(self, one: Session) -> bool:
        """What had no prompt yet is looked at again when it has changed."""
        head = self._heads.get(one.key)
        return head is None or not (head.title or head.changed == one.changed)

    async def _learn(self, listed: Sequence[Session]) -> None:
        """What they are about."""
        unknown = [one for one in listed if self._is_unknown(one)]
        if len(self._heads) + len(unknown) > KNOWN:
            self._heads.clear()
            unknown = list(listed[:KNOWN])
        if not unknown:
            return
        link = Link()
        try:
            async for batch in link.ask(Heads(unknown)):
                self._heads |= {one.key: one for one in batch.sessions}
        except ReaderFailedError as error:
            log.warning("sessions of agents were not looked at: %s", error)
        finally:
            await link.close()

    def _standing(self, sessions: Sequence[Session]) -> tuple[list[Found], bool]:
        """In a thread."""
        db: apsw.Connection = self._parts.log.reader()
        try:
            with db:  # all of it as it is at one time
                sure = not read.behind(db, CONVERSATION, self._parts.signature, limit=1)
                found = standings.standing(db, sessions)
            return found, sure
        finally:
            db.close()

    async def _ready(self) -> None:
        """Until the read models know of every conversation."""
        while True:
            grown = self._parts.feed.grown()
            if not read.behind(self._parts.reader, CONVERSATION, self._parts.signature, limit=1):
                return
            await grown.wait()
