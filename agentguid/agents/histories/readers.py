"""One table: who reads the history of which agent."""

from agentguid.agents.histories import claude
from agentguid.agents.histories.base import Story

READERS: dict[str, type[Story]] = {"claude-code": claude.Claude}
"""Catalogue id of the agent → its reader."""
