"""What the handlers work with: made by the composition root, handed to the application."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import apsw

from agentguid.agents.discovery import Agents
from agentguid.agents.signin import SignIns
from agentguid.append.accounts import Accounts
from agentguid.append.blobs import Blobs
from agentguid.append.keyring import Keyring
from agentguid.append.log import Log
from agentguid.dispatch import Dispatcher
from agentguid.hosts.terminals import Terminals
from agentguid.http.pairing import Pairings
from agentguid.http.renewal import Renewal
from agentguid.http.seen import Seen
from agentguid.http.tickets import Tickets
from agentguid.settings import Settings
from agentguid.signin.gemini import GeminiSignIn
from agentguid.stream.broadcast import Company
from agentguid.stream.feed import Feed
from agentguid.stream.importing import Importing
from agentguid.stream.lines import Lines
from agentguid.stream.live import LiveText
from agentguid.stream.presence import Presence
from agentguid.stream.shared import Shared


async def _none() -> int:
    return 0


async def _unasked(agent: str) -> None:
    """Where no agent can be started."""


@dataclass(slots=True)
class Parts:
    settings: Settings
    """Replaced as a whole when the configuration is read again: keep no copy of it."""
    log: Log
    reader: apsw.Connection
    """The event loop's own read-only connection: for short indexed reads."""
    dispatch: Dispatcher
    feed: Feed
    live: LiveText
    presence: Presence
    blobs: Blobs
    agents: Agents
    company: Company = field(default_factory=Company)
    """Open pages that show the same."""
    shared: Shared = field(default_factory=Shared)
    """What all open pages look up once."""
    lines: Lines = field(default_factory=Lines)
    """The pages' streams."""
    tickets: Tickets = field(default_factory=Tickets)
    """One-time links; `login.link(settings, parts.tickets.issue())` is what a browser opens."""
    pairings: Pairings = field(default_factory=Pairings)
    """Browsers that wait to be let in by a device."""
    keys: Keyring = field(default_factory=Keyring)
    """Keys of model providers."""
    gemini: GeminiSignIn = field(default=None)  # type: ignore[assignment]
    """Signing in to Gemini CLI. One that forgets everything where none is given."""
    seen: Seen = field(default_factory=Seen)
    renewal: Renewal = field(default_factory=Renewal)
    importing: Importing = field(default_factory=Importing)
    """The histories of agents on this machine."""
    signins: SignIns = field(init=False)
    """Which agents are signed in."""
    terminals: Terminals = field(init=False)
    beginning: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a sign-in or an update of an agent is begun."""
    end_agents: Callable[[], Awaitable[int]] = _none
    """Ends all agents and says how many; none is started after that. For a daemon that is about to stop."""
    ask_offer: Callable[[str], Awaitable[None]] = _unasked
    """Starts an agent for its handshake, so that it says which models it has. Raises NotFound, AgentFailed."""

    def __post_init__(self) -> None:
        self.gemini = self.gemini or GeminiSignIn(Accounts(), self.agents, lambda: self.settings)
        self.signins = SignIns(self.agents, self.keys.of, self.gemini.keeps)
        self.terminals = Terminals(self.settings.places)
