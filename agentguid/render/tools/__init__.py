"""How a tool call is shown: its line, what it was given, and what it came to. `table.TOOLS` has one entry per tool."""

from agentguid.render.tools.base import ToolView
from agentguid.render.tools.plans import plan
from agentguid.render.tools.table import outcome, view

__all__ = ["ToolView", "outcome", "plan", "view"]
