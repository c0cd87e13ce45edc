"""Sign-ins that have been begun and wait for the browser to come back. Memory only: a restart makes them void."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from agentguid.entropy import new_id, now
from agentguid.signin import oauth

LIFETIME = 600.0
"""Seconds to sign in at the provider, with a second factor and all."""
OUTSTANDING = 20
"""That may wait; beyond that the oldest goes."""
KEPT = 20
"""Of which is kept what became of them."""

Mode = Literal["custom", "cli-local", "cli-remote"]
"""`custom`: a client of the user's own. `cli-local`: the browser finds us where it is sent back to. `cli-remote`: it
does not, and the user carries the address over."""
Outcome = Literal["pending", "success", "error"]


@dataclass(slots=True)
class Start:
    id: str
    """Names it, and gives no right."""
    url: str
    """Of the provider's page, with the state in it."""
    redirect: str
    mode: Mode
    actor: str
    client: oauth.Client
    verifier: str
    until: int
    """Microseconds since the epoch."""
    ends: float
    outcome: Outcome = "pending"
    error: str = ""

    @property
    def host(self) -> str:
        """Where the user signs in."""
        return urlsplit(self.url).hostname or ""

    def __repr__(self) -> str:
        return f"Start({self.id!r}, {self.outcome})"


class Starts:
    """By the digest of the state. Who brings the state back uses it up, whatever comes of it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[bytes, Start] = {}
        self._ended: dict[str, Start] = {}

    def begin(
        self, client: oauth.Client, scopes: tuple[str, ...], redirect: str, mode: Mode, actor: str
    ) -> Start:
        """A new one."""
        self._sweep()
        while len(self._waiting) >= OUTSTANDING:
            self._end(self._waiting.pop(next(iter(self._waiting))), "Others were begun after it.")
        state, of = secrets.token_urlsafe(32), oauth.verifier()
        url = oauth.authorization(client, scopes, redirect, state, of)
        until, ends = now() + int(LIFETIME * 1e6), self._clock() + LIFETIME
        made = Start(new_id(), url, redirect, mode, actor, client, of, until, ends)
        self._waiting[_digest(state)] = made
        return made

    def take(self, state: str) -> Start | None:
        """The one that this state belongs to; once."""
        self._sweep()
        return self._waiting.pop(_digest(state), None)

    def settle(self, start: Start, error: str = "") -> None:
        """What has become of one that was taken."""
        self._end(start, error)

    def cancel(self, id: str) -> bool:  # noqa: A002
        """False: it waits no more."""
        found = next((key for key, one in self._waiting.items() if one.id == id), None)
        if found is None:
            return False
        self._end(self._waiting.pop(found), "It was cancelled.")
        return True

    def get(self, id: str) -> Start | None:  # noqa: A002
        self._sweep()
        waiting = next((one for one in self._waiting.values() if one.id == id), None)
        return waiting or self._ended.get(id)

    def latest(self) -> Start | None:
        """The last that still waits."""
        self._sweep()
        return next(reversed(self._waiting.values()), None)

    def _end(self, start: Start, error: str) -> None:
        start.outcome, start.error = ("error" if error else "success"), error
        start.verifier = ""
        self._ended[start.id] = start
        while len(self._ended) > KEPT:
            del self._ended[next(iter(self._ended))]

    def _sweep(self) -> None:
        late = [key for key, one in self._waiting.items() if one.ends <= self._clock()]
        for key in late:
            minutes = LIFETIME / 60
            self._end(self._waiting.pop(key), f"Nobody came back within {minutes:g} minutes. Begin again.")


def _digest(state: str) -> bytes:
    """Looked up by this, so that no comparison takes longer the more of it is right."""
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()
