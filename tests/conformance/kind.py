"""What the suite needs of an adapter to try it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agentguid.agents.base import Adapter, Dialect, Launch, Line
from agentguid.protocol.items import Mode
from tests.agents.recordings import HOST

Object = dict[str, Any]
Peer = Callable[[Object], list[Object]]
CWD = "/work/demo"


@dataclass(frozen=True, eq=False)
class Kind:
    """One adapter."""

    name: str
    dialect: Dialect
    recorded: tuple[str, ...]
    """Names of its recordings."""
    tape: Callable[[str], list[Line]]
    resumes: Callable[[str], str | None]
    """The session that a recording takes up."""
    unknown: Object
    """A well-formed message of a kind that nobody knows."""
    quiet: Object
    """A message that is understood and shows nothing."""
    endless: Callable[[int], list[Object]]
    """Messages that open things which nobody ever closes."""
    peer: Peer
    """What an agent answers to a line of ours, so that a turn gets under way."""
    ask: Object
    """It asks for a permission."""
    end: Callable[[str], list[Object]]
    """The turn is complete; its usage is told. For the id of the prompt's line."""
    keeps_to: Callable[[Sequence[str], Sequence[Object], Mode], bool]
    """Whether its command line and what was written up to the prompt say this mode."""
    held: Callable[[Any], int]
    """How many open things the adapter remembers."""
    foreign: frozenset[str] = frozenset()
    """Recordings in which something is no message of the protocol."""
    golden: bool = True
    steers: bool = False
    disobedient: tuple[Peer, ...] = ()
    """Peers that say yes to every setting and take none of them on."""

    def adapter(
        self, name: str = "", carry: bytes | None = None, mode: Mode = "ask", resume: str | None = None
    ) -> Adapter:
        launch = Launch(cwd=CWD, model=None, mode=mode, resume=resume or self.resumes(name))
        return self.dialect.adapter(HOST, launch, carry)

    def argv(self, mode: Mode) -> list[str]:
        return self.dialect.argv("/bin/agent", Launch(cwd=CWD, model=None, mode=mode, resume=None))
