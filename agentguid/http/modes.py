"""Which permission modes can be chosen: an agent that said what it can work in is not asked for anything else."""

from collections.abc import Iterable, Mapping

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
PLAIN: dict[Mode, str] = {mode: mode for mode in WORDS}
"""What programs call them."""


def lacking(parts: Parts, agent: str) -> frozenset[Mode]:
    """The modes that an agent said it does not have. None while it was never heard."""
    offer = parts.agents.offer(agent)
    return frozenset(WORDS) - frozenset(offer.modes) if offer else frozenset()


def mode_refused(parts: Parts, agent: str, mode: Mode, words: Mapping[Mode, str] = WORDS) -> None:
    """Raises `Invalid`, before anything is made or sent, when an agent is known not to have a mode."""
    without = lacking(parts, agent)
    if mode in without:
        has = ", ".join(f"“{said}”" for one, said in words.items() if one not in without)
        lacks = f"{_name(parts, agent)} has no “{words[mode]}”, it has {has}"
        raise Invalid("mode", f"{lacks}; choose another mode or agent")


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
