"""Which agents live right now: facts about processes, never stored."""

from dataclasses import dataclass
from typing import Literal

from agentguid.protocol.events import ToolStarted
from agentguid.protocol.ids import stream_of
from agentguid.stream.feed import Feed

Phase = Literal["starting", "running", "idle", "catching_up"]


@dataclass(slots=True)
class Liveness:
    """The host of one conversation, as of its last sign of life."""

    host: str
    phase: Phase
    pid: int | None
    """The agent's process."""
    last_sign: int
    """When it last wrote something, microseconds since the epoch."""
    silent: int = 0
    """Since when it has written nothing, once that is long enough to be said; 0: it is not."""
    call: ToolStarted | None = None
    """What it is at while it is silent: a tool that runs."""

    def speaks(self, at: int) -> None:
        """It wrote something."""
        self.last_sign, self.silent, self.call = at, 0, None


class Presence:
    """The daemon's map of live hosts, by conversation."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._hosts: dict[str, Liveness] = {}
        self._troubles: dict[str, str] = {}
        self.recovering = False
        """Tapes from before the start are still being read."""

    def of(self, conversation: str) -> Liveness | None:
        return self._hosts.get(conversation)

    def set(self, conversation: str, liveness: Liveness | None) -> None:
        """Says what is known of a conversation's host (None: there is none) and wakes its readers when that changed."""
        before = self._hosts.get(conversation)
        if liveness is None:
            self._hosts.pop(conversation, None)
        else:
            self._hosts[conversation] = liveness
        if _shown(before) != _shown(liveness):
            self._feed.wake(self._feed.position, (stream_of(conversation),))

    def trouble(self, conversation: str, why: str) -> None:
        """What keeps agentguid itself from going on with a turn, for now; empty: nothing does. Wakes readers as `set`."""
        before = self._troubles.pop(conversation, "")
        if why:
            self._troubles[conversation] = why
        if why != before:
            self._feed.wake(self._feed.position, (stream_of(conversation),))

    def troubled(self, conversation: str) -> str:
        """What keeps agentguid from going on with it."""
        return self._troubles.get(conversation, "")

    @property
    def troubles(self) -> list[str]:
        """All that is wrong at this moment, each once."""
        return sorted(set(self._troubles.values()))

    def __len__(self) -> int:
        return len(self._hosts)


def _shown(liveness: Liveness | None) -> tuple[Phase, bool] | None:
    return (liveness.phase, liveness.silent > 0) if liveness else None
