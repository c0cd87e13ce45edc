"""What the log line by line gains is told in the daemon's own words too: with conversation and position, never with content."""

import logging
from collections.abc import Callable, Sequence

from agentguid.protocol import events as e
from agentguid.protocol.events import Event
from agentguid.protocol.ids import conversation_of
from agentguid.protocol.names import NAMES

log = logging.getLogger(__name__)

_TOLD: dict[type[Event], Callable[..., str]] = {
    e.ConversationCreated: lambda event: f"conversation created for {event.agent}",
    e.ConversationDeleted: lambda _: "conversation deleted",
    e.TurnStarted: lambda _: "turn started",
    e.TurnStopRequested: lambda _: "turn is to stop",
    e.TurnEnded: lambda event: f"turn ended: {event.outcome}",
    e.RetryScheduled: lambda event: f"turn is tried again later ({event.attempt} of {event.of})",
    e.RetryCancelled: lambda _: "turn is not tried again",
    e.HostRequested: lambda event: f"agent {event.agent} is started",
    e.HostEnded: lambda event: "agent vanished" if event.code is None else f"agent ended with {event.code}",
    e.SessionLost: lambda _: "the agent lost its session",
    e.ApprovalRequested: lambda _: "approval requested",
    e.ApprovalDecided: lambda event: f"approval decided: {event.decision}",
    e.DeviceSignedIn: lambda _: "a device signed in",
    e.DeviceRevoked: lambda _: "a device was signed out",
    e.TokenCreated: lambda event: f"a token was made that may {event.scope}",
    e.TokenRevoked: lambda _: "a token was revoked",
}
"""The events that an operator wants to know of. The others are named at level debug."""


def tell(stream: str, events: Sequence[Event], first: int, actor: str) -> None:
    """Logs what was appended to a stream from position `first` on."""
    everything = log.isEnabledFor(logging.DEBUG)
    for position, event in enumerate(events, first):
        words = _TOLD.get(type(event))
        if words:
            log.info("%s", words(event), extra=_about(stream, event, position, actor))
        elif everything:
            log.debug("%s", NAMES[type(event)], extra=_about(stream, event, position, actor))


def _about(stream: str, event: Event, position: int, actor: str) -> dict[str, object]:
    conversation = conversation_of(stream)
    about: dict[str, object] = {"conversation": conversation} if conversation else {"actor": actor}
    about |= {name: found for name in ("turn", "host") if (found := getattr(event, name, None))}
    return {**about, "position": position}
