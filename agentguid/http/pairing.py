"""Browsers that wait for a device which is signed in already to let them in (device authorization, as in RFC 8628).

Memory only: a restart makes every code void. See docs/adr/0040.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agentguid.dispatch import Dispatcher
from agentguid.entropy import new_id, now
from agentguid.http.problems import ProblemError
from agentguid.http.tickets import LIFETIME, OUTSTANDING, Failures
from agentguid.http.who import digest
from agentguid.protocol.commands import SignInDevice
from agentguid.protocol.errors import NotFound, Refused

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters that are not taken for one another, and make no words."""
LETTERS = 8
GRACE = 60.0
"""Seconds that a browser has at least to come in once it has been let in."""


@dataclass(slots=True)
class Pairing:
    """A browser that waits."""

    code: str
    name: str
    """What the browser says of itself, in words of ours."""
    address: str
    url: str
    """The way to approve it, for a camera; empty: none that another device could open is known."""
    wanted: str
    """Where it goes once it is in."""
    since: int
    """Microseconds since the epoch, as is `until`."""
    until: int
    ends: float
    state: Literal["waiting", "approved", "refused"] = "waiting"
    device: str = ""
    secret: str = ""
    """The device's, until the browser has fetched it."""


class Pairings:
    """By the secret of the browser that waits; whoever has only the code can answer, not come in."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[str, Pairing] = {}
        self._asked = Failures(clock)
        self._guessed = Failures(clock)

    def ask(self, name: str, address: str, wanted: str, home: str, before: str = "") -> tuple[str, Pairing]:
        """A new one and the browser's secret. `home`: our URL for other devices; `before`: the secret that the browser
        had so far. Nothing is pushed out to make room: who waits can rely on it."""
        self._waiting.pop(digest(before), None)
        if self._asked.add(address):
            raise ProblemError(429, "too many codes have been asked for from this address; wait a minute")
        self._sweep()
        if len(self._waiting) >= OUTSTANDING:
            raise ProblemError(429, "too many browsers wait to be let in; try again in five minutes")
        secret, code, since = secrets.token_urlsafe(32), self._fresh(), now()
        url = f"{home}devices/approve?code={code}" if home else ""
        until = since + int(LIFETIME * 1e6)
        made = Pairing(code, name, address, url, wanted, since, until, self._clock() + LIFETIME)
        self._waiting[digest(secret)] = made
        return secret, made

    def of(self, secret: str) -> Pairing | None:
        """The browser's own."""
        found = self._waiting.get(digest(secret))
        return found if found and found.ends > self._clock() else None

    def find(self, typed: str, who: str) -> Pairing:
        """The one with this code, however it was typed. `who` is held up after too many wrong ones, right ones too."""
        if self._guessed.late(who):
            raise ProblemError(429, "too many wrong codes; wait a minute")
        self._sweep()
        code, found = spelt(typed), None
        for one in self._waiting.values():
            if hmac.compare_digest(one.code.encode(), code.encode()):
                found = one
        if found is None:
            self._guessed.add(who)
            raise NotFound("no browser waits with this code; codes hold for five minutes")
        return found

    async def approve(self, pairing: Pairing, dispatch: Dispatcher, actor: str) -> None:
        """Makes a device for it. Once only."""
        _answer(pairing, "approved")
        device, secret = new_id(), secrets.token_urlsafe(32)
        try:
            command = SignInDevice(device=device, name=pairing.name, hash=digest(secret))
            await dispatch(command, actor=actor)
        except BaseException:
            pairing.state = "waiting"
            raise
        pairing.device, pairing.secret = device, secret
        pairing.ends = max(pairing.ends, self._clock() + GRACE)

    def refuse(self, pairing: Pairing) -> None:
        _answer(pairing, "refused")

    def claim(self, secret: str) -> str:
        """The device's secret, for the browser that has been let in; once. Empty: it has not."""
        found = self.of(secret)
        return self._waiting.pop(digest(secret)).secret if found and found.secret else ""

    def _fresh(self) -> str:
        taken = {one.code for one in self._waiting.values()}
        while True:
            code = spelt("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)))
            if code not in taken:
                return code

    def _sweep(self) -> None:
        at = self._clock()
        self._waiting = {key: one for key, one in self._waiting.items() if one.ends > at}


def spelt(typed: str) -> str:
    """A code as we write it: ABCD-EFGH."""
    letters = "".join(one for one in typed[:64].upper() if one in ALPHABET)
    return f"{letters[:4]}-{letters[4:]}"


def _answer(pairing: Pairing, state: Literal["approved", "refused"]) -> None:
    if pairing.state != "waiting":
        raise Refused(f"This code was {pairing.state} already.")
    pairing.state = state
