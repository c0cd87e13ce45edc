"""What agents are called on the page, and what can be said to them."""


def agent_name(agent: str) -> str:
    """The name of an agent by its catalogue id; the id itself when the catalogue does not know it."""
    # Imported when first asked: the catalogue is data of the agents' layer and small.
    from agentguid.agents.catalogue import CATALOGUE  # noqa: PLC0415

    return next((entry.name for entry in CATALOGUE if entry.id == agent), agent)


def steers(agent: str) -> bool:
    """Whether an agent takes a message into the turn that it works on."""
    from agentguid.agents.catalogue import CATALOGUE  # noqa: PLC0415

    return any(entry.steers for entry in CATALOGUE if entry.id == agent)
