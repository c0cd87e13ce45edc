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


class Retries:
    """One for the daemon. Keeps nothing: what is wanted is in the read models."""

    def __init__(self, parts: EffectParts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """For ever."""
        parts = self._parts
        while True:
            grown = parts.feed.grown()
            wait = LOOK
            for retry in retries.soonest(parts.reader):
                if retry.at > now():
                    wait = min(wait, (retry.at - now()) / 1_000_000)
                    break
                await self._again(retry)
                wait = CALM
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(wait, 0.0)):
                    await grown.wait()
            await asyncio.sleep(min(CALM, wait))

    async def _again(self, retry: Retry) -> None:
        parts, conversation = self._parts, retry.conversation
        if not parts.current(conversation):
            return  # its read models are being made anew: looked at again then
        body = retries.prompt(parts.reader, retry.turn)
        if body is None:
            await parts.dispatch(CancelRetry(conversation=conversation), actor="daemon")
            return
        again = RetryTurn(conversation=conversation, turn=retry.turn, message=new_id(), body=body)
        with contextlib.suppress(Refused):  # it has gone on by now
            await parts.dispatch(again, actor="daemon", key=f"retry-{retry.turn}", cause=retry.turn)
