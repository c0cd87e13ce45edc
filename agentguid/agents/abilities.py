"""What an agent can do here: what its protocol has, what the catalogue knows of it, and what it said itself."""

from agentguid.agents.discovery import Agents, Found
from agentguid.agents.offers import Offer

COMMANDS = frozenset({"claude", "stream_json", "demo", "acp"})
"""Dialects by which an agent can say that it has slash commands."""


def abilities(agents: Agents, found: Found) -> dict[str, bool]:
    """By name. Of an agent that was never heard what its protocol can; nothing of one that is not spoken to."""
    entry, heard = found.entry, agents.offer(found.id)
    offer, spoken = heard or Offer(), bool(entry.dialect)
    return {
        "streaming": spoken,
        "cancel": spoken,
        "resume": spoken and agents.resumes(found.id),
        "stateful": spoken,
        "approvals": spoken,
        "steer": entry.steers,
        "plan": spoken and "plan" in offer.modes,
        "pictures": spoken and agents.pictures(found.id),
        "models": bool(offer.models) if heard else spoken and bool(entry.binaries),
        "commands": bool(offer.commands) if heard else entry.dialect in COMMANDS,
        "files": entry.files,
        "terminals": entry.terminals,
    }
