"""An agent of the user's own that speaks Claude Code's protocol: a wrapper around it, or a program like it."""

from agentguid.agents import claude
from agentguid.agents.base import Adapter, Dialect, Launch
from agentguid.agents.entry import Entry


def dialect(entry: Entry) -> Dialect:
    return StreamJson(entry)


class StreamJson:
    """Its own arguments come first, then Claude Code's options."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def argv(self, binary: str, launch: Launch) -> list[str]:
        return [binary, *self.entry.args, *claude.argv(binary, launch)[1:]]

    def adapter(self, host: str, launch: Launch, carry: bytes | None = None) -> Adapter:
        return claude.ClaudeAdapter(host, launch, carry, name=self.entry.name)
