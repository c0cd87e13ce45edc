"""What the composer offers for the next turn: other agents that are installed here, and the agent's models."""

from collections.abc import Sequence

from msgspec import Struct

from agentguid.agents.base import Option
from agentguid.agents.offers import Offer
from agentguid.http.modes import WORDS, lacking
from agentguid.http.parts import Parts
from agentguid.project.conversations import Conversation
from agentguid.project.retries import Retry
from agentguid.protocol.items import Mode
from agentguid.render.names import agent_name


class Dock(Struct, frozen=True):
    agents: list[tuple[str, str]]
    """Id and name."""
    models: list[str]
    """Empty: the agent does not say; any name may be entered."""
    options: Sequence[Option]
    """What can be chosen beside model and mode."""
    modes: list[tuple[Mode, str, bool]]
    """Each with what it is called, and whether the agent can work in it, as far as it said."""
    since: int | None
    """When the open turn began, microseconds since the epoch."""
    retry: Retry | None
    """What is tried again by itself."""


def dock(parts: Parts, row: Conversation, since: int | None, retry: Retry | None) -> Dock:
    """The agent that the conversation has is among them even when it is gone from this machine."""
    usable = [
        (one.id, one.name)
        for one in parts.agents.all()
        if one.installed and (parts.settings.demo or one.id != "demo")
    ]
    if row.agent not in dict(usable):
        usable.append((row.agent, agent_name(row.agent)))
    offer = parts.agents.offer(row.agent) or Offer()
    without = lacking(parts, row.agent)
    modes = [(mode, words, mode not in without) for mode, words in WORDS.items()]
    return Dock(usable, list(offer.models), offer.options, modes, since, retry)
