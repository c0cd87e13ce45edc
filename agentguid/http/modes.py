"""Which permission modes a form offers: an agent that said what it can work in is not asked for anything else."""

from collections.abc import Iterable

from agentguid.agents.discovery import Found
from agentguid.http.parts import Parts
from agentguid.protocol.errors import Invalid
from agentguid.protocol.items import Mode
from agentguid.render.names import agent_name

WORDS: dict[Mode, str] = {
    "ask": "Ask first",
    "accept_edits": "Edit without asking",
    "plan": "Plan only",
    "bypass": "Ask nothing",
}
"""What the forms call them, in their order."""


def lacking(parts: Parts, agent: str) -> frozenset[Mode]:
    """The modes that an agent said it does not have. None while it was never heard."""
    offer = parts.agents.offer(agent)
    return frozenset(WORDS) - frozenset(offer.modes) if offer else frozenset()


def mode_refused(parts: Parts, agent: str, mode: Mode) -> None:
    """Raises `Invalid`, before anything is made or sent, when an agent is known not to have a mode."""
    if mode in lacking(parts, agent):
        raise Invalid("mode", f"{_name(parts, agent)} has no “{WORDS[mode]}”; choose another mode or agent")


def without(parts: Parts, agents: Iterable[Found]) -> dict[Mode, str]:
    """By mode: the names of those that lack it."""
    lacked: dict[Mode, list[str]] = {}
    for one in agents:
        for mode in lacking(parts, one.id):
            lacked.setdefault(mode, []).append(one.name)
    return {mode: ", ".join(names) for mode, names in lacked.items()}


def _name(parts: Parts, agent: str) -> str:
    found = parts.agents.get(agent)
    return found.name if found else agent_name(agent)
