"""The end of a child and of all that it started. Stdlib only."""

import os
import signal
import time
from collections.abc import Callable

from agentguid.hosts import kin
from agentguid.hosts.child import Child
from agentguid.hosts.loop import Loop

AGAIN = 0.03
"""Seconds between two looks at who is left."""
TRIES = 50
"""Looks in a row for who forks that fast."""
PATIENCE = 3.0
"""Seconds of SIGKILL after which whoever is left is told of and let be."""


class Ending:
    """Asked for once or more often; `over` is called with who is left, which is nobody but in strange cases."""

    def __init__(self, child: Child, directory: str, loop: Loop, over: Callable[[kin.Kin], None]) -> None:
        self.asked = False
        self.open = False
        """The child has ended, and some that it started may live."""
        self._child, self._tape, self._loop, self._over = child, directory, loop, over
        self._kill_at = 0.0
        self._ended = False

    def ask(self, grace: float) -> None:
        """SIGTERM half-way, SIGKILL after `grace` seconds."""
        self.asked, self._kill_at = True, time.monotonic() + grace
        if self._ended:
            return self.child_ended()
        if grace:
            self._loop.after("term", grace / 2, self._ask_nicely)
        return self._loop.after("kill", grace, self._look)

    def child_ended(self) -> None:
        """Its zombie still keeps the number of its group. What it left is told, and killed when its time is up."""
        self._loop.cancel("term")
        self._ended, self.open = True, self.asked
        if self.asked:
            self.send(signal.SIGTERM)
            self._look()

    def _ask_nicely(self) -> None:
        self.send(signal.SIGTERM)

    def send(self, number: int) -> kin.Kin:
        """To the group, which no fork escapes, and to whoever has left it. Who lived when it was sent."""
        found = kin.descendants(os.getpid(), [self._tape])
        self._child.kill(number)
        kin.strike(found, number)
        return found

    def _alone(self, late: float) -> bool:
        """Nobody was seen, which says little of processes that end as soon as they have forked: orphans of theirs are ours."""
        self._child.reap()
        alone = self._child.reap_adopted()
        for _ in range(TRIES if late >= 0 else 0):
            if alone:
                break
            kin.strike_young(os.getpid(), signal.SIGKILL)
            alone = self._child.reap_adopted()
        return alone

    def _look(self) -> None:
        """Again and again: a process may fork while it is looked for."""
        late = time.monotonic() - self._kill_at
        left = self.send(signal.SIGKILL if late >= 0 else 0)
        if self.open and (late > PATIENCE or (not left and self._alone(late))):
            self.open = False
            self._loop.cancel("kill")
            return self._over(left)
        return self._loop.after("kill", AGAIN if late < PATIENCE else 1.0, self._look)
