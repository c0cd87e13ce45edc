"""Asks the daemon how it is: whether its loop turns, the log can be read, and the writer thread answers.

Under systemd each good answer is a sign of life, and a daemon that gives none is ended and started again (agents go on).
Without it the only thing that is seen to is a writer thread that has ended: then the daemon ends too.
"""

import asyncio
import contextlib
import logging
import time
from concurrent.futures import Future
from typing import Any

import apsw

from agentguid import systemd
from agentguid.append import read
from agentguid.append.log import Log
from agentguid.protocol.errors import AgentguidError, LogBroken, TooBusy

log = logging.getLogger(__name__)

UNWATCHED = 30.0
"""Seconds between looks when nobody waits for them."""


class Unwell(AgentguidError):  # noqa: N818 — named as the errors of the protocol are
    """The daemon cannot do its work any more."""


async def watch(events: Log, reader: apsw.Connection) -> None:
    """Runs beside the server. Raises Unwell when the writer thread has ended."""
    wanted = systemd.watchdog()
    pause = wanted / 3 if wanted else UNWATCHED
    while True:
        began = time.monotonic()
        if await well(events, reader, patience=pause):
            systemd.notify("WATCHDOG=1")
        else:
            log.error("the log's writer thread has not answered for %.0f s; does the disk?", pause)
        await asyncio.sleep(max(0.0, began + pause - time.monotonic()))


async def well(events: Log, reader: apsw.Connection, patience: float) -> bool:
    """Whether the log answers within `patience` seconds. That this runs at all says that the loop turns.

    A full disk is answered with an error, and an answer it is: starting again would not make room.
    """
    read.last(reader)
    try:
        asked: Future[Any] = events.ping()
    except TooBusy:
        return False
    except LogBroken as broken:
        raise Unwell(str(broken)) from broken
    with contextlib.suppress(LogBroken):
        try:
            async with asyncio.timeout(patience):
                await asyncio.wrap_future(asked)
        except TimeoutError:
            return False
    return True
