"""Which agents live right now: facts about processes, never stored."""

from dataclasses import dataclass
from typing import Literal

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


class Presence:
    """The daemon's map of live hosts, by conversation."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._hosts: dict[str, Liveness] = {}
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
        if (before and before.phase) != (liveness and liveness.phase):
            self._feed.wake(self._feed.position, (stream_of(conversation),))

    def __len__(self) -> int:
        return len(self._hosts)
