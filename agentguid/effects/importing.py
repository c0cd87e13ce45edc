"""Takes the histories of agents in: what was asked for, and by itself as much as the user wants watched.

How far each is here stands in the log (a mark, moved with the events), so that a daemon that comes back goes on.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence

from agentguid.append import read
from agentguid.effects import import_found as standings
from agentguid.effects.import_jobs import COPY
from agentguid.effects.import_link import Link, ReaderFailedError
from agentguid.effects.import_look import Looking
from agentguid.effects.import_one import Busy, Taking
from agentguid.effects.parts import EffectParts
from agentguid.entropy import now
from agentguid.project import imports
from agentguid.protocol.commands import FinishImport
from agentguid.protocol.errors import LogBroken, NotFound, TooBusy
from agentguid.protocol.ids import IMPORT
from agentguid.stream.importing import Found, Importing, Progress

log = logging.getLogger(__name__)

WATCH = 30.0
"""Seconds between two looks for what is new, at least."""
SHARE = 100
"""So many times as long as a look takes is waited for the next: of very many files it is a hundredth of the time."""
SOON = 2.0
"""Seconds until it is tried again while the log or its read models are not ready."""
TRIES = 100
"""So often."""
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
        self._copies = parts.places.copies
        shutil.rmtree(self._copies, ignore_errors=True)  # of a daemon that was killed
        self._looking = Looking(parts, environ, self._copies)
        self._link = Link()
        self._seen: Mapping[tuple[str, str], tuple[int, int]] = {}
        """The sessions as they were when the watch last took all of them in."""
        self._cost = 0.0
        """Seconds that the last look for what has changed took."""
        self._bad: dict[tuple[str, str], tuple[int, int]] = {}
        """Those that could not be read, as they were."""
        importing.look, importing.count = self._looking.look, self._looking.count

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
                    async with asyncio.timeout(max(WATCH, SHARE * self._cost)):
                        await self._state.asked.wait()
                except TimeoutError:
                    continue
        finally:
            await self._link.close()

    async def _look_after_all(self) -> None:
        for request in imports.unfinished(self._parts.reader):
            await self._serve(request)
        if (watched := self._watched()) != "off":
            await self._watch(watched)

    def _watched(self) -> str:
        """`all`, `ours` or `off`; off while it is not known what the user chose."""
        reader = self._parts.reader
        if read.behind(reader, IMPORT, self._parts.signature, limit=1):
            return "off"
        return imports.watch(reader) or self._parts.import_watch

    # -- taking it in -------------------------------------------------------------------------------------------------
    async def _serve(self, request: imports.Request) -> None:
        self._state.begin(request.id)
        found = await self._looking.due()
        if request.sources:
            found = [one for one in found if one.source in request.sources]
        if request.sessions:
            named = set(request.sessions)
            found = [one for one in found if f"{one.source}:{one.id}" in named or one.id in named]
        try:
            progress = self._state.progress = Progress(running=True, request=request.id, total=len(found))
            await self._take(found, progress, lambda: True)
            finish = FinishImport(request=request.id, sessions=progress.taken, failed=progress.failed)
            await self._parts.dispatch(finish, actor="daemon")
        finally:  # it runs until the log says that it does not
            self._state.progress.running = False
        log.info("took in %d sessions of agents, %d failed", progress.taken, progress.failed)

    async def _watch(self, watched: str) -> None:
        """Only when a file has changed since, or something without an end has become old."""
        ours, begun = watched == "ours", asyncio.get_running_loop().time()
        listed = standings.signature(await self._looking.listed(ours=ours))
        self._cost = asyncio.get_running_loop().time() - begun
        time = now()
        if listed == self._seen and not any(at <= time for at in self._looking.again.values()):
            return
        found = await self._looking.due(ours=ours)
        found = [one for one in found if self._bad.get((one.path, one.id)) != (one.size, one.changed)]
        if not found:  # what the last import came to stays on its page
            self._seen = listed
            return
        progress = Progress(running=True, total=len(found))
        if not ours:  # tails of our own conversations come quietly
            self._state.progress = progress
        try:
            await self._take(found, progress, lambda: self._watched() == watched)
        finally:
            progress.running = False
        self._seen = {} if progress.waiting or progress.done < progress.total else listed

    async def _take(self, found: Sequence[Found], progress: Progress, wanted: Callable[[], bool]) -> None:
        """One after the other, as long as it is wanted."""
        try:
            for one in found:
                if not wanted():
                    break
                progress.title = one.title
                await self._one(one, progress)
                progress.done += 1
        finally:
            await self._link.close()
            await self._sweep()

    async def _sweep(self) -> None:
        """What a process that was killed has left. What is looked at meanwhile is copied elsewhere."""
        await asyncio.to_thread(shutil.rmtree, self._copies / COPY, ignore_errors=True)

    async def _one(self, one: Found, progress: Progress) -> None:
        for _ in range(TRIES):
            try:
                taking = Taking(self._parts, self._link, one, progress)
                new = await taking.run()
                if taking.again:
                    self._looking.again[one.path, one.id] = taking.again
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
