"""What the handlers work with: made by the composition root, handed to the application."""

from dataclasses import dataclass, field

import apsw

from agentguid.agents.discovery import Agents
from agentguid.append.blobs import Blobs
from agentguid.append.log import Log
from agentguid.dispatch import Dispatcher
from agentguid.http.tickets import Tickets
from agentguid.settings import Settings
from agentguid.stream.feed import Feed
from agentguid.stream.lines import Lines
from agentguid.stream.live import LiveText
from agentguid.stream.presence import Presence
from agentguid.stream.shared import Shared


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    log: Log
    reader: apsw.Connection
    """The event loop's own read-only connection: for short indexed reads."""
    dispatch: Dispatcher
    feed: Feed
    live: LiveText
    presence: Presence
    blobs: Blobs
    agents: Agents
    shared: Shared = field(default_factory=Shared)
    """What all open pages look up once."""
    lines: Lines = field(default_factory=Lines)
    """The pages' streams."""
    tickets: Tickets = field(default_factory=Tickets)
    """One-time links; `login.link(settings, parts.tickets.issue())` is what a browser opens."""
