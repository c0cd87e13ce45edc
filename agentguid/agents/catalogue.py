"""The agents that agentguid can run. Adding one is an entry here, and a dialect if it speaks a new protocol."""

from msgspec import Struct


class Entry(Struct, frozen=True):
    id: str
    name: str
    icon: str
    """Name of an icon in web/assets."""
    protocol: str
    dialect: str
    """Module of `agentguid.agents` that speaks it."""
    binaries: tuple[str, ...] = ()
    """Names of its program, newest first. None: it is part of agentguid."""
    install: str = ""
    """How to get it."""
    login: str = ""
    """How to sign in to it."""


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        id="claude-code",
        name="Claude Code",
        icon="claude-code",
        protocol="stream-json",
        dialect="claude",
        binaries=("claude", "claude-code"),
        install="npm install --global @anthropic-ai/claude-code",
        login="Run `claude` in a terminal and type /login, or set ANTHROPIC_API_KEY for the daemon.",
    ),
    Entry(id="demo", name="Demo agent", icon="demo", protocol="stream-json", dialect="demo"),
)
