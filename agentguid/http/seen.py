"""When each device and token was last here. Not in the log: it would be an event a request, and nobody folds it.

Kept in memory, and in a small file that is written at most once a minute; a crash costs the last minute of it.
"""

import asyncio
import json
import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

from agentguid.entropy import now

PAUSE = 60.0
"""Seconds between two writes."""
KEPT = 1000
"""Credentials that are remembered, the latest ones."""


class Seen:
    """By the id of the credential. Lives in the event loop."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._times: dict[str, int] = _read(path) if path else {}
        self._open: Counter[str] = Counter()
        self._written = dict(self._times)

    def begin(self, credential: str) -> None:
        """A request of it has come."""
        self._times[credential] = now()
        self._open[credential] += 1

    def end(self, credential: str) -> None:
        """The answer is given: for a page's stream that may be hours later."""
        self._times[credential] = now()
        self._open[credential] -= 1
        if self._open[credential] <= 0:
            del self._open[credential]

    def at(self, credential: str) -> int | None:
        """Microseconds since the epoch; now, while it has something open; None: never seen."""
        return now() if self._open[credential] else self._times.get(credential)

    def here(self, credential: str) -> bool:
        """It has a page open, or a stream."""
        return self._open[credential] > 0

    async def keep(self) -> None:
        """Writes the file when something has changed, until it is cancelled, and then once more."""
        try:
            while True:
                await asyncio.sleep(PAUSE)
                await asyncio.to_thread(self._write, self._latest())
        finally:
            self._write(self._latest())

    def _latest(self) -> dict[str, int]:
        for credential in self._open:
            self._times[credential] = now()
        latest = sorted(self._times.items(), key=lambda one: one[1])[-KEPT:]
        self._times = dict(latest)
        return dict(latest)

    def _write(self, times: dict[str, int]) -> None:
        if self._path is None or times == self._written:
            return
        beside = self._path.with_suffix(".new")
        with suppress(OSError):  # a full disk: it is tried again
            beside.write_text(json.dumps(times))
            os.chmod(beside, 0o600)
            beside.replace(self._path)
            self._written = times


def _read(path: Path) -> dict[str, int]:
    with suppress(OSError, ValueError):
        read = json.loads(path.read_text())
        if isinstance(read, dict):
            return {str(name): at for name, at in read.items() if isinstance(at, int)}
    return {}
