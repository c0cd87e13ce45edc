"""What an agent can do here: what its protocol has, what the catalogue knows of it, and what it said itself."""

from agentguid.agents.discovery import Agents, Found
from agentguid.agents.offers import Offer

COMMANDS = frozenset({"claude", "stream_json", "demo", "acp"})
"""Dialects by which an agent can say that it has slash commands."""


WORDS = {
    "models": "models",
    "resume": "resume",
    "steer": "steering",
    "pictures": "images",
    "commands": "slash commands",
}
"""What of it is told in words, in this order, after the modes."""


def told(agents: Agents, found: Found) -> str:
    """The same in a line for people, with its modes and how many models it named. Empty: it is not spoken to."""
    can, offer = abilities(agents, found), agents.offer(found.id)
    if not can["approvals"]:
        return ""
    count = len(offer.models) if offer else 0
    named = {"models": f"{count} model{'s' if count > 1 else ''}"} if count else {}
    modes = ", ".join(mode.replace("_", " ") for mode in (offer or Offer()).modes)
    parts = [f"modes {modes}", *((WORDS | named)[name] for name in WORDS if can[name])]
    return ("It has: " if offer else "Its protocol has: ") + " · ".join(parts)


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
