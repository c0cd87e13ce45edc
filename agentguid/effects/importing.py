"""Takes the histories of agents in: what was asked for, and what is new when the user wants it watched.

How far each is here stands in the log (a mark, moved with the events), so that a daemon that comes back goes on.
"""

import asyncio
import logging
import os
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

import apsw
from msgspec.structs import replace

from agentguid.agents.histories import places
from agentguid.agents.histories.base import Session
from agentguid.append import read
from agentguid.effects import import_found as standings
from agentguid.effects.import_jobs import COPY, Heads
from agentguid.effects.import_link import Link, ReaderFailedError
from agentguid.effects.import_one import Busy, Taking
from agentguid.effects.parts import EffectParts
from agentguid.entropy import now
from agentguid.project import imports
from agentguid.protocol.commands import FinishImport
from agentguid.protocol.errors import LogBroken, NotFound, TooBusy
from agentguid.protocol.ids import CONVERSATION
from agentguid.stream.importing import Found, Importing, Progress

log = logging.getLogger(__name__)

WATCH = 30.0
"""Seconds between two looks for new sessions."""
SOON = 2.0
"""Seconds until it is tried again while the log or its read models are not ready."""
TRIES = 100
"""So often."""
KNOWN = 50_000
"""Sessions whose beginnings are remembered."""
PROBLEMS = 5
"""Sentences about failures that are kept."""


class Importer:
    """One for the daemon."""

    def __init__(
        self,
        parts: EffectParts,
        importing: Importing,
        let_go: Callable[[str], Awaitable[None]],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`let_go` ends the idle agent of a conversation: it does not know of what was done elsewhere."""
        self._parts = parts
        self._let_go = let_go
        self._state = importing
        self._environ = environ
        self._copies = parts.places.copies
        shutil.rmtree(self._copies, ignore_errors=True)  # of a daemon that was killed
        self._heads: dict[tuple[str, str], Session] = {}
        self._link = Link()
        self._seen: Mapping[tuple[str, str], tuple[int, int]] = {}
        """The sessions as they were when the watch last took all of them in."""
        self._again: dict[tuple[str, str], int] = {}
        """Those of which there is more to tell although they do not change, and when."""
        self._bad: dict[tuple[str, str], tuple[int, int]] = {}
        """Those that could not be read, as they were."""
        self._looking = asyncio.Lock()
        importing.look, importing.count = self.look, self.count

    async def run(self) -> None:
        """For ever."""
        try:
            while True:
                self._state.asked.clear()
                try:
                    await self._look_after_all()
                except Exception:  # an import that fails must not end the daemon
                    log.exception("importing failed; it is tried again in %d seconds", WATCH)
                    self._state.progress.running = False
                try:
                    async with asyncio.timeout(WATCH):
                        await self._state.asked.wait()
                except TimeoutError:
                    continue
        finally:
            await self._link.close()

    async def _look_after_all(self) -> None:
        for request in imports.unfinished(self._parts.reader):
            await self._serve(request)
        if self._parts.import_watch:
            await self._watch()

    async def look(self) -> list[Found]:
        """Every session that lies on this machine, newest first."""
        return (await self._look())[0]

    async def _look(self) -> tuple[list[Found], bool]:
        """And whether the read models knew of every conversation: what they do not show would be made twice."""
        async with self._looking:
            sessions = await self._sessions()
            found, sure = await asyncio.to_thread(self._standing, sessions)
        found.sort(key=lambda one: -one.changed)
        waits = [one for one in found if one.standing == "here" and one.again]
        self._again = {(one.path, one.id): one.again for one in waits}
        return found, sure

    async def _due(self) -> list[Found]:
        """What is to be read, once that is sure."""
        while True:
            await self._ready()
            found, sure = await self._look()
            if sure:
                return [one for one in found if one.due]

    async def count(self) -> dict[str, int]:
        """Files of sessions, by agent; without those in a database."""
        listed = await asyncio.to_thread(places.found, self._environ, self._copies, tuple(places.FILES))
        return dict(Counter(one.source for one in listed))

    # -- what is there ------------------------------------------------------------------------------------------------
    async def _sessions(self) -> list[Session]:
        listed = await asyncio.to_thread(places.found, self._environ, self._copies)
        unknown = [one for one in listed if self._is_unknown(one)]
        if len(self._heads) + len(unknown) > KNOWN:
            self._heads.clear()
            unknown = listed[:KNOWN]
        if unknown:
            await self._learn(unknown)
        return [self._known(one) for one in listed]

    def _known(self, one: Session) -> Session:
        head = self._heads.get(one.key)
        if head is None:  # it could not be looked at: it is there nevertheless
            return replace(one, title=one.title or one.id)
        return replace(one, cwd=head.cwd, title=head.title, began=head.began)

    def _is_unknown(self, one: Session) -> bool:
        """What had no prompt yet is looked at again when it has changed."""
        head = self._heads.get(one.key)
        return head is None or not (head.title or head.changed == one.changed)

    async def _learn(self, sessions: Sequence[Session]) -> None:
        """What they are about."""
        link = Link()
        try:
            async for batch in link.ask(Heads(list(sessions))):
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

    # -- taking it in -------------------------------------------------------------------------------------------------
    async def _serve(self, request: imports.Request) -> None:
        self._state.begin(request.id)
        found = await self._due()
        if request.sources:
            found = [one for one in found if one.source in request.sources]
        if request.sessions:
            named = set(request.sessions)
            found = [one for one in found if f"{one.source}:{one.id}" in named or one.id in named]
        try:
            progress = await self._take(found, request.id)
            finish = FinishImport(request=request.id, sessions=progress.taken, failed=progress.failed)
            await self._parts.dispatch(finish, actor="daemon")
        finally:  # it runs until the log says that it does not
            self._state.progress.running = False
        log.info("took in %d sessions of agents, %d failed", progress.taken, progress.failed)

    async def _watch(self) -> None:
        """Only when a file has changed since, or something without an end has become old."""
        listed = standings.signature(await asyncio.to_thread(places.found, self._environ, self._copies))
        time = now()
        if listed == self._seen and not any(at <= time for at in self._again.values()):
            return
        found = await self._due()
        found = [one for one in found if self._bad.get((one.path, one.id)) != (one.size, one.changed)]
        if not found:  # what the last import came to stays on its page
            self._seen = listed
            return
        try:
            progress = await self._take(found, "")
        finally:
            self._state.progress.running = False
        self._seen = {} if progress.waiting else listed

    async def _take(self, found: Sequence[Found], request: str) -> Progress:
        progress = self._state.progress = Progress(running=True, request=request, total=len(found))
        try:
            for one in found:
                progress.title = one.title
                await self._one(one, progress)
                progress.done += 1
        finally:
            await self._link.close()
            await self._sweep()
        return progress

    async def _sweep(self) -> None:
        """What a process that was killed has left. What is looked at meanwhile is copied elsewhere."""
        await asyncio.to_thread(shutil.rmtree, self._copies / COPY, ignore_errors=True)

    async def _one(self, one: Found, progress: Progress) -> None:
        for _ in range(TRIES):
            try:
                taking = Taking(self._parts, self._link, one, progress)
                new = await taking.run()
                if taking.again:
                    self._again[one.path, one.id] = taking.again
                return await self._let_go(one.conversation or "") if new else None
            except (Busy, NotFound):
                progress.waiting += 1
                return None
            except ReaderFailedError as error:
                return self._failed(one, progress, str(error))
            except (LogBroken, TooBusy) as error:
                log.warning("an import waits: %s", error)
                await asyncio.sleep(SOON)
            except Exception as error:  # of one session: the others are taken in nevertheless
                log.exception("%s was not taken in", one.path)
                return self._failed(one, progress, f"{type(error).__name__}: {error}"[:300])
        return self._failed(one, progress, "the log could not be written")

    def _failed(self, one: Found, progress: Progress, why: str) -> None:
        progress.failed += 1
        self._bad[one.path, one.id] = (one.size, one.changed)
        if len(progress.problems) < PROBLEMS:
            progress.problems = [*progress.problems, f"{one.path}: {why}"]
        log.warning("%s was not taken in: %s", one.path, why, extra={"at": now()})
