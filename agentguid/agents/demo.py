"""The demo agent: always there, speaks Claude Code's protocol, needs no account. What it can do: demo_agent.py."""

import sys
from pathlib import Path

from agentguid.agents import claude
from agentguid.agents.base import Adapter, Launch

PROGRAM = Path(__file__).with_name("demo_agent.py")


def argv(binary: str, launch: Launch) -> list[str]:
    """The command line. `binary` is not used: the program is ours."""
    return [sys.executable, "-I", str(PROGRAM), *claude.argv(binary, launch)[1:]]


def adapter(host: str, launch: Launch, carry: bytes | None = None) -> Adapter:
    return claude.ClaudeAdapter(host, launch, carry, name="The demo agent")
