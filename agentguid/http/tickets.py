"""One-time links, and the count of failed attempts. Memory only: a restart makes every link void."""

import secrets
import time
from collections import deque
from collections.abc import Callable

from agentguid.http.who import digest

LIFETIME = 300.0
"""Seconds that a ticket holds."""
OUTSTANDING = 100
"""Tickets that may wait; beyond that the oldest goes."""
FAILURES = 10
"""Failed sign-ins of one address a minute, after which it is told to wait."""
ADDRESSES = 1000


class Tickets:
    """Tickets that sign a browser in: 256 random bits each, single use."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}

    def issue(self) -> str:
        """A new ticket."""
        while len(self._ends) >= OUTSTANDING:
            del self._ends[next(iter(self._ends))]
        ticket = secrets.token_urlsafe(32)
        self._ends[digest(ticket)] = self._clock() + LIFETIME
        return ticket

    def holds(self, ticket: str) -> bool:
        """Whether `take` would succeed now. Uses nothing up."""
        return self._ends.get(digest(ticket), 0.0) > self._clock()

    def take(self, ticket: str) -> bool:
        """Uses the ticket up."""
        return self._ends.pop(digest(ticket), 0.0) > self._clock()


class Failures:
    """Failed attempts by address, in the last minute. Right ones are never held up, unless `late` is asked before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: dict[str, deque[float]] = {}

    def add(self, address: str) -> bool:
        """Notes one; True when there have been too many."""
        now = self._clock()
        if address not in self._times and len(self._times) >= ADDRESSES:
            del self._times[next(iter(self._times))]
        times = self._times.setdefault(address, deque(maxlen=FAILURES + 1))
        times.append(now)
        while times[0] < now - 60:
            times.popleft()
        return len(times) > FAILURES

    def late(self, address: str) -> bool:
        """Whether one more would be too many. Notes nothing."""
        since = self._clock() - 60
        return sum(time >= since for time in self._times.get(address, ())) >= FAILURES
