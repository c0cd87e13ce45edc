"""Tries again what broke off at a limit, when its time has come: also a time that came while the daemon was away."""

import asyncio
import contextlib
import logging

from agentguid.effects.parts import EffectParts
from agentguid.entropy import new_id, now
from agentguid.project import retries
from agentguid.project.retries import Retry
from agentguid.protocol.commands import CancelRetry, RetryTurn
from agentguid.protocol.errors import Refused

log = logging.getLogger(__name__)

LOOK = 30.0
"""Seconds between two looks at most: the machine may have slept, and its clock may have been set."""
CALM = 0.2
"""Seconds between two looks at least, however much is written to the log."""
MOST = 20
"""Retries that are looked at."""
AFTER = 5.0
"""Seconds until a retry is tried again that could not be begun: the disk is full, say."""


class Retries:
    """One for the daemon. Keeps nothing that matters: what is wanted is in the read models."""

    def __init__(self, parts: EffectParts) -> None:
        self._parts = parts
        self._failed: dict[str, int] = {}
        """By turn: when its retry, which could not be begun, may be tried again."""

    async def run(self) -> None:
        """For ever."""
        parts = self._parts
        while True:
            grown = parts.feed.grown()
            wait = await self._look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(wait, 0.0)):
                    await grown.wait()
            await asyncio.sleep(min(CALM, wait))

    async def _look(self) -> float:
        """Begins what is due; seconds until the next look."""
        wait = LOOK
        # Those that fail do not hide those behind them.
        for retry in retries.soonest(self._parts.reader, MOST + len(self._failed)):
            at = max(retry.at, self._failed.get(retry.turn, 0))
            if at > now():
                wait = min(wait, (at - now()) / 1_000_000)
            elif await self._tried(retry):
                wait = min(wait, CALM)
            else:
                wait = min(wait, AFTER)
        self._failed = {turn: at for turn, at in self._failed.items() if at > now()}
        return wait

    async def _tried(self, retry: Retry) -> bool:
        try:
            with contextlib.suppress(Refused):  # it has gone on by now
                await self._again(retry)
        except Exception as error:  # the border of an effect: starting again would not make room on a disk
            self._failed[retry.turn] = now() + int(AFTER * 1_000_000)
            log.warning("a retry waits: %s", error, extra={"conversation": retry.conversation})
            return False
        return True

    async def _again(self, retry: Retry) -> None:
        parts, conversation = self._parts, retry.conversation
        if not parts.current(conversation):
            return  # its read models are being made anew: looked at again then
        body = retries.prompt(parts.reader, retry.turn)
        if body is None:
            await parts.dispatch(CancelRetry(conversation=conversation), actor="daemon")
            return
        again = RetryTurn(conversation=conversation, turn=retry.turn, message=new_id(), body=body)
        await parts.dispatch(again, actor="daemon", key=f"retry-{retry.turn}", cause=retry.turn)
