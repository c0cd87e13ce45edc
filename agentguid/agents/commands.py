"""Commands that an agent has us run for it: what it asks, and what comes of it. Each runs under a host of its own.

Such a host is called after the agent's and the request, so that it is found again, and never started twice.
"""

import signal
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from agentguid.agents.base import Errand, Served

_MARK = "-t"
_HEX = frozenset("0123456789abcdef")


class Run(Errand, frozen=True):
    """Run this."""

    terminal: str
    """Id of its host."""
    command: str
    """A program, or, without arguments, a line for the shell."""
    args: tuple[str, ...]
    env: Mapping[str, str]
    """Beside what the agent itself was started with."""
    cwd: str
    """Relative to the working directory, or absolute."""
    limit: int | None = None
    """Bytes of its output that the agent wants to have at most."""


class Wish(Errand, frozen=True):
    """Something about a command that was run."""

    terminal: str
    what: Literal["output", "wait", "kill", "release"]
    limit: int | None = None
    """Of `output`: bytes of it, the last ones."""


class Ran(Served, frozen=True):
    """How a command stands."""

    output: str = ""
    truncated: bool = False
    exited: bool = False
    code: int | None = None
    """Its exit status; negative: the signal; None: it has not ended, or nobody saw how."""


class Shown(NamedTuple):
    """A call that shows what commands print."""

    item: str
    turn: str | None
    title: str
    commands: tuple[str, ...]


@runtime_checkable
class Commanding(Protocol):
    """An adapter whose agent may have us run commands."""

    @property
    def commands(self) -> Sequence[str]:
        """Those that the agent has not released."""

    @property
    def shown(self) -> Sequence[Shown]:
        """Open calls with commands."""


def signal_name(number: int) -> str:
    """As programs call it; of those without a name (most real-time signals) the number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def command_of(host: str, offset: int) -> str:
    """The host of the command that the agent of `host` asks for at `offset` of its tape."""
    return f"{host}{_MARK}{offset:x}"


def is_of(host: str, name: str) -> bool:
    """Whether this is what the host of a command of that agent is called: nothing else is ever looked up."""
    return name.startswith(host + _MARK) and bool(rest := name[len(host + _MARK) :]) and set(rest) <= _HEX
