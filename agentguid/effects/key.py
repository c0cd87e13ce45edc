"""What an agent session was started for."""

from dataclasses import dataclass

from agentguid.agents.base import Launch


@dataclass(frozen=True, slots=True)
class Key:
    """When a turn wants something else, it needs another session."""

    conversation: str
    host: str
    agent: str
    launch: Launch
    turn: str | None = None
    """The turn that it was started for; None: found again after a restart."""
