"""One table: who reads the history of which agent."""

from agentguid.agents.histories import claude, codex, gemini, opencode, qwen
from agentguid.agents.histories.base import Story

READERS: dict[str, type[Story]] = {
    one.SOURCE: one for one in (claude.Claude, codex.Codex, gemini.Gemini, qwen.Qwen, opencode.OpenCode)
}
"""Catalogue id of the agent → its reader."""
