"""A daemon whose own program is changed before it begins, so that it fails where a test wants it to."""

from collections.abc import Callable

from tests.support.daemon import Daemon

Started = Callable[..., Daemon]
HASTY = "import agentguid.effects.failing as f, agentguid.effects.retries as r; f.FIRST = r.AFTER = 0.2\n"
FULL = """
import os
from agentguid.dispatch import Dispatcher
from agentguid.protocol import commands
from agentguid.protocol.errors import LogBroken
real = Dispatcher.__call__
async def call(self, command, **more):
    if type(command).__name__ == "{command}" and not os.path.exists("room"):
        raise LogBroken("nothing was appended, the log cannot be written: database or disk is full")
    return await real(self, command, **more)
Dispatcher.__call__ = call
"""
