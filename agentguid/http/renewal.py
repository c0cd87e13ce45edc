"""For work on the pages: tells open ones when a template, a style or a script has changed (the setting `hot_reload`)."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path

from agentguid.stream.page import event

PAUSE = 0.4
"""Seconds between two looks."""
FILES = 5000


class Renewal:
    """Looks at the files' times. Lives in the event loop; the looking is done in a thread."""

    def __init__(self) -> None:
        self.next = asyncio.Event()
        """Set at the next change; take it, then wait."""

    async def watch(self, root: Path) -> None:
        """Until cancelled."""
        before = await asyncio.to_thread(times, root)
        while True:
            await asyncio.sleep(PAUSE)
            found = await asyncio.to_thread(times, root)
            if found != before:
                before = found
                self.next.set()
                self.next = asyncio.Event()


def times(root: Path) -> dict[str, tuple[int, int]]:
    """Time and size of each file below a directory."""
    found: dict[str, tuple[int, int]] = {}
    for folder, _, names in os.walk(root):
        for name in names[: FILES - len(found)]:
            with contextlib.suppress(OSError):  # an editor replaces files
                stat = os.stat(path := os.path.join(folder, name))
                found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


async def until_renewed(stream: AsyncGenerator[bytes, None], renewal: Renewal) -> AsyncGenerator[bytes, None]:
    """The stream; `renewed` as its last message when a file changes."""
    changed = asyncio.ensure_future(renewal.next.wait())
    piece: asyncio.Future[bytes] | None = None
    try:
        while True:
            piece = asyncio.ensure_future(anext(stream))
            await asyncio.wait({changed, piece}, return_when=asyncio.FIRST_COMPLETED)
            if changed.done():
                yield event("renewed", "files have changed")
                return
            try:
                yield piece.result()
            except StopAsyncIteration:
                return
    finally:
        changed.cancel()
        if piece is not None and not piece.done():
            piece.cancel()
            await asyncio.wait({piece})
        await stream.aclose()
