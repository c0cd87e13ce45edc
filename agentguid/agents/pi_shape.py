"""A tool call of Pi's in our vocabulary, and what came of it."""

from typing import Any

import msgspec

from agentguid.agents.jsonl import mapping, objects, text_of
from agentguid.protocol.items import Body

NAMES = {
    "bash": "Shell",
    "read": "Read",
    "edit": "Edit",
    "write": "Write",
    "grep": "Grep",
    "find": "Glob",
    "ls": "LS",
}
LONGEST = 200
"""Characters of a name that an extension gives."""


def named(tool: str) -> str:
    return NAMES.get(tool) or tool[:LONGEST] or "tool"


def text_in(result: Any) -> str:
    content = objects(mapping(result).get("content"))
    return "\n".join(text_of(one.get("text")) for one in content if one.get("type") == "text")


def output(result: Any) -> Body:
    """Text as it is; with pictures its blocks as JSON."""
    content = objects(mapping(result).get("content"))
    if all(one.get("type") == "text" for one in content):
        return Body(text_in(result))
    return Body(msgspec.json.encode(content).decode(), "application/json")
