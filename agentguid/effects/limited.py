"""Says of a turn that failed whether a limit cut it short, and when that is lifted: from the agent's words."""

from msgspec.structs import replace

from agentguid.agents import exits, limits
from agentguid.entropy import zone
from agentguid.protocol.events import Event, ItemAdded, ToolStarted, TurnEnded
from agentguid.protocol.items import Limit


class Limited:
    """Sees what one agent says, in order. Some name a limit, or its end, before the turn fails, and not again then."""

    def __init__(self) -> None:
        self._until: int | None = None
        self._told: Limit | None = None
        """A limit that was told of and that the agent has not overcome; it may end of it without a word."""

    def seen(self, event: Event, at: int) -> Event:
        """The event; the end of a turn that failed, with its limit."""
        if isinstance(event, ItemAdded) and event.kind == "notice" and event.level != "info":
            self._notice(event.body.text, at)
        elif isinstance(event, ToolStarted):
            self._told = None
        elif isinstance(event, TurnEnded):
            return self._ended(event, at)
        return event

    def _notice(self, text: str, at: int) -> None:
        found = self._read(text, at)
        self._until = (found and found.until) or self._until
        if not exits.is_complaint(text):  # of that, what counts stands in the agent's last words
            self._told = found or self._told

    def _ended(self, event: TurnEnded, at: int) -> TurnEnded:
        until, told, self._until, self._told = self._until, self._told, None, None
        if event.outcome != "error" or not event.error:
            return event
        found = self._read(event.error, at) or (told if exits.is_gone(event.error) else None)
        return replace(event, limit=Limit(found.kind, found.until or until)) if found else event

    def _read(self, text: str, at: int) -> Limit | None:
        return limits.read(text, at, zone())
