"""Whether agents are signed in: as far as that can be seen cheaply, and why. Nothing here waits for the network."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from agentguid.agents import keys, programs
from agentguid.agents.discovery import AT_ONCE, Agents, Found, ask
from agentguid.agents.environ import child_environ
from agentguid.agents.ways import Ways

GOOD_FOR = 300.0
"""Seconds until it is looked at again."""
GOOD_FOR_NO = 20.0
"""The same while it is not signed in, or nobody knows: the user is about to change that."""

State = Literal["yes", "no", "unknown"]


class SignIn(Struct, frozen=True):
    state: State
    why: str
    """A sentence without its stop."""
    at: float = 0.0
    """When it was looked at, by the monotonic clock. 0: it was not."""

    @property
    def old(self) -> bool:
        good = GOOD_FOR if self.state == "yes" else GOOD_FOR_NO
        return not self.at or time.monotonic() - self.at > good


_UNSEARCHED = SignIn("unknown", "agents are being searched for")
UNSEEN = SignIn("unknown", "it is being looked at")


class SignIns:
    """What is known of all agents."""

    def __init__(
        self,
        agents: Agents,
        given: Callable[[str], Mapping[str, str]],
        account: Callable[[str], bool] = lambda _: False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._agents = agents
        self._given = given
        """The variables that we give to an agent."""
        self._account = account
        """Whether we keep an account for an agent."""
        self._environ = dict(environ)
        self._known: dict[str, SignIn] = {}
        self._seen_as: dict[str, tuple[str | None, ...]] = {}
        """Where it lay then, how it was refused, and the names of what we gave it."""
        self._checks: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    def of(self, id: str) -> SignIn:  # noqa: A002 - as it is called everywhere
        """What is known. Never waits; what is old is looked at anew meanwhile."""
        if not self._agents.searched:
            return _UNSEARCHED
        if self._stale(id):
            self._check(id)
        return self._known.get(id, UNSEEN)

    async def fresh(self, ids: Iterable[str], patience: float = 5.0) -> None:
        """Looks at those of which nothing new is known, and waits a while for the answers."""
        if not self._agents.searched:
            await self._agents.rescan()
        checks = [self._check(one) for one in ids if self._stale(one)]
        if checks:
            await asyncio.wait(checks, timeout=patience)

    def forget(self, id: str) -> None:  # noqa: A002
        """It has been signed in to, or a key was set: what was known is of no worth."""
        self._known.pop(id, None)
        self._agents.refused.pop(id, None)

    def _stale(self, id: str) -> bool:  # noqa: A002
        return self._known.get(id, UNSEEN).old or self._seen_as.get(id) != self._as(id)

    def _as(self, id: str) -> tuple[str | None, ...]:  # noqa: A002
        found = self._agents.get(id)
        return (
            found.path if found else None,
            self._agents.refused.get(id),
            str(self._account(id)),
            *self._given(id),
        )

    def _check(self, id: str) -> "asyncio.Task[None]":  # noqa: A002
        running = self._checks.get(id)
        if running is None or running.done():
            running = self._checks[id] = asyncio.create_task(self._look(id), name=f"sign-in of {id}")
        return running

    async def _look(self, id: str) -> None:  # noqa: A002
        found = self._agents.get(id)
        if found is None:
            return
        seen_as = self._as(id)
        async with self._turns:
            state, why = await self._seen(found)
        self._known[id], self._seen_as[id] = SignIn(state, why, time.monotonic()), seen_as

    async def _seen(self, found: Found) -> tuple[State, str]:
        if not found.entry.binaries:
            return "yes", "it needs none"
        if not found.installed:
            return "unknown", "it is not installed"
        if refused := self._agents.refused.get(found.id):
            return "no", refused
        if self._account(found.id):
            return "yes", "its account is kept here"
        own = programs.ways(found)
        given = self._given(found.id)
        key = _key(found, given, self._environ)
        command = await asyncio.to_thread(programs.status, found, self._environ)
        if command:
            with contextlib.suppress(OSError, TimeoutError):
                said = await ask(command, {**child_environ(self._environ), **given})
                named = " ".join((os.path.basename(command[0]), *command[1:]))
                return await asyncio.to_thread(_told, said, named, key, own, self._environ)
        if key:
            return "yes", key
        return await asyncio.to_thread(_by_files, own, self._environ)


def _told(
    said: tuple[int, str], command: str, key: str, own: Ways, environ: Mapping[str, str]
) -> tuple[State, str]:
    code, text = said
    if code == 0:
        return "yes", f"`{command}` says so{_method(text)}"
    if key:
        return "unknown", f"`{command}` says no, but {key}"
    if own.elsewhere and _has(*own.elsewhere, environ):
        return "unknown", f"`{command}` says no, but {own.elsewhere[0]} has a {own.elsewhere[1]} of its own"
    return "no", f"`{command}` says no"


def _method(text: str) -> str:
    """Of Claude Code: by what."""
    try:
        said = msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return ""
    method = said.get("authMethod") if isinstance(said, dict) else None
    return f" ({method.replace('_', ' ')[:40]})" if isinstance(method, str) and method.isprintable() else ""


def _key(found: Found, given: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """Which key it gets, in words."""
    if given:
        return f"it gets {', '.join(sorted(given))} from the keys that are kept here"
    named = next((name for name in keys.TAKES.get(found.id, ()) if environ.get(name)), None)
    return f"{named} is set for the daemon" if named else ""


def _by_files(own: Ways, environ: Mapping[str, str]) -> tuple[State, str]:
    for file in own.files:
        path = expanded(file, environ)
        if path and _filled(path):
            return "yes", f"its sign-in is in {file}"
    if own.elsewhere and _has(*own.elsewhere, environ):
        return "unknown", f"there is no {own.files[-1]}, but {own.elsewhere[0]} has a {own.elsewhere[1]}"
    if own.files and own.only:
        return "no", f"there is neither {own.files[-1]} nor a key for it"
    looked = f"there is no {own.files[-1]}, but it may be set up in other ways" if own.files else ""
    return "unknown", looked or "it does not say; its first answer will"


def expanded(file: str, environ: Mapping[str, str]) -> str:
    """The path; empty when a variable of it is not set."""
    head, _, rest = file.partition("/")
    home = environ.get("HOME", "") if head == "~" else environ.get(head[1:], "")
    return os.path.join(home, rest) if home else ""


def _filled(path: str) -> bool:
    """There is more in it than an empty object."""
    try:
        return os.stat(path).st_size > len("{}\n")
    except OSError:
        return False


def _has(file: str, word: str, environ: Mapping[str, str]) -> bool:
    try:
        return word in Path(expanded(file, environ)).read_text("utf-8", "replace")[:100_000]
    except OSError:
        return False
