"""What the effects work with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import apsw

from agentguid.agents.discovery import Agents
from agentguid.append.blobs import Blobs
from agentguid.append.keyring import Keyring
from agentguid.append.log import Log
from agentguid.dispatch import Dispatcher
from agentguid.effects.others import Others
from agentguid.paths import Places
from agentguid.signin.gemini import GeminiSignIn
from agentguid.stream.feed import Feed
from agentguid.stream.live import LiveText
from agentguid.stream.presence import Presence


@dataclass(slots=True)
class EffectParts:
    places: Places
    current: Callable[[str], bool]
    """Whether a conversation's read models are complete; if not, they are wanted first."""
    log: Log
    reader: apsw.Connection
    dispatch: Dispatcher
    feed: Feed
    live: LiveText
    presence: Presence
    blobs: Blobs
    agents: Agents
    keys: Keyring
    others: Others
    gemini: GeminiSignIn
    reap: Callable[[str], Awaitable[None]]
    """Ends the orphans of a host that died."""
    # The rest are settings: they change when the configuration is read again.
    silent_after: float
    """Seconds without a word after which the transcript says so."""
    retry_after: tuple[int, ...]
    """Microseconds until each automatic try of a prompt that broke off at a limit."""
    idle_after: float
    """Seconds without an open turn after which a host is ended."""
    tape_days: float
    """Age at which the tape of an ended host is deleted."""
    tape_megabytes: float
    """Size of all such tapes beyond which the oldest are deleted."""
    import_watch: str
    """What of agents' own sessions is taken in by itself where nobody has chosen: `all`, `ours` or `off`."""

    @property
    def signature(self) -> str:
        """Of the present read models."""
        return self.log.signature
