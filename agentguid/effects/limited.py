"""Says of a turn that failed whether a limit cut it short, and when that is lifted: from the agent's words."""

from msgspec.structs import replace

from agentguid.agents import limits
from agentguid.entropy import zone
from agentguid.protocol.events import Event, ItemAdded, TurnEnded
from agentguid.protocol.items import Limit


class Limited:
    """Sees what one agent says, in order. Some name the end of a limit before the turn fails, and not again then."""

    def __init__(self) -> None:
        self._until: int | None = None

    def seen(self, event: Event, at: int) -> Event:
        """The event; the end of a turn that failed, with its limit."""
        if isinstance(event, ItemAdded) and event.kind == "notice" and event.level != "info":
            found = self._read(event.body.text, at)
            self._until = (found and found.until) or self._until
        elif isinstance(event, TurnEnded):
            until, self._until = self._until, None
            if event.outcome == "error" and event.error and (found := self._read(event.error, at)):
                return replace(event, limit=Limit(found.kind, found.until or until))
        return event

    def _read(self, text: str, at: int) -> Limit | None:
        return limits.read(text, at, zone())
