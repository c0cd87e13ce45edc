"""Work on files that may never come back: a network share that is gone, a disk that sleeps.

Not the event loop's own pool: that one is small, everything uses it, and the interpreter waits for its threads at the end.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from agentguid.protocol.errors import TooBusy

T = TypeVar("T")
PATIENCE = 5.0
"""Seconds after which nobody waits any longer."""
THREADS = 8
"""At most so many at work, those that nobody waits for included."""

_running: set[threading.Thread] = set()


async def aside(work: Callable[[], T], patience: float = PATIENCE) -> T:
    """What `work` gives or raises, from a thread of its own. `TooBusy` when it takes too long or too much of it hangs."""
    if len(_running) >= THREADS:
        raise TooBusy("Too many folders of this machine do not answer; try again in a moment.")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def done(settle: Callable[[Any], None], value: Any) -> None:
        _running.discard(thread)
        if not answer.done():
            settle(value)

    def run() -> None:
        try:
            settle: tuple[Callable[[Any], None], Any] = (answer.set_result, work())
        except Exception as error:
            settle = (answer.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left who asked
            loop.call_soon_threadsafe(done, *settle)

    thread = threading.Thread(target=run, name="folders", daemon=True)
    _running.add(thread)
    thread.start()
    try:
        async with asyncio.timeout(patience):
            return await answer
    except TimeoutError:
        raise TooBusy(
            f"This folder did not answer within {patience:g} s. Is it on a network that is away?"
        ) from None
