"""A tool call of Codex's in our vocabulary: a name and arguments that say what it does, and what came of it."""

import shlex
from typing import Any

import msgspec

from agentguid.agents.codex_wire import Item
from agentguid.agents.jsonl import mapping, objects, text_of
from agentguid.protocol.items import Body

SHELLS = ("bash", "sh", "zsh")
LATE = ("webSearch", "imageGeneration")
"""What these look for is known only when they have ended."""
AGENTS = {
    "spawnAgent": "Agent",
    "sendInput": "Message to an agent",
    "sendMessage": "Message to an agent",
    "followupTask": "Message to an agent",
    "wait": "Wait for agents",
    "closeAgent": "Close an agent",
    "resumeAgent": "Resume an agent",
    "interruptAgent": "Interrupt an agent",
    "listAgents": "List agents",
}
LONGEST = 200
"""Characters of a name that an agent gives."""
UNWRAPPED = 16 * 1024
"""Characters of a command that the shell around it is taken off: reading more would hold up everything else."""
Arguments = dict[str, Any]


def call(item: Item) -> tuple[str, Arguments] | None:
    """Name and arguments; None when the item is no call of a tool."""
    match item.type:
        case "commandExecution":
            return "Shell", {"command": command(text_of(item.command)), "cwd": text_of(item.cwd)}
        case "fileChange":
            return change(item.changes)
        case "mcpToolCall":
            name = f"mcp__{text_of(item.server)}__{text_of(item.tool)}"
            return name[:LONGEST], _arguments(item.arguments)
        case "dynamicToolCall":
            return text_of(item.tool)[:LONGEST] or "tool", _arguments(item.arguments)
        case "collabAgentToolCall":
            return _agents(item)
        case "webSearch":
            action = mapping(item.action)
            query = text_of(item.query) or text_of(action.get("query")) or text_of(action.get("url"))
            return "WebSearch", {"query": query}
        case "imageView":
            return "Read", {"path": text_of(item.path)}
        case "imageGeneration":
            return "Picture", {"prompt": text_of(item.revised), "path": text_of(item.saved)}
    return None


def _arguments(value: Any) -> Arguments:
    return mapping(value) or ({} if value in (None, {}) else {"input": value})


def _agents(item: Item) -> tuple[str, Arguments]:
    name = AGENTS.get(text_of(item.tool), "Agents")
    given: Arguments = {"prompt": text_of(item.prompt)} if text_of(item.prompt) else {}
    if name != "Agent" and isinstance(item.receivers, list):
        given["agents"] = [one for one in item.receivers if isinstance(one, str)]
    return name, given


def command(line: str) -> str:
    """Without the shell around it. A very long one is shown as it is."""
    try:
        words = shlex.split(line) if len(line) <= UNWRAPPED else []
    except ValueError:
        return line
    if len(words) == 3 and words[0].rpartition("/")[2] in SHELLS and words[1] in ("-lc", "-c"):
        return words[2]
    return line


# -- changes of files -------------------------------------------------------------------------------------------------
def paths(changes: Any) -> list[str]:
    """The files that a change is about, also where they are moved to."""
    found = [text_of(one.get("path")) for one in objects(changes)]
    return found + [path for one in objects(changes) if (path := _moved(one))]


def change(changes: Any) -> tuple[str, Arguments]:
    """One file: what is done to it. Several: all of them in one patch."""
    files = objects(changes)
    if len(files) == 1 and not _moved(files[0]):
        path, diff = text_of(files[0].get("path")), text_of(files[0].get("diff"))
        match _kind(files[0]):
            case "add":
                return "Write", {"path": path, "content": diff}
            case "delete":
                return "Delete file", {"path": path}
        return "Edit", {"path": path, "edits": edits(diff)}
    return "Patch", {"changes": {text_of(one.get("path")): _entry(one) for one in files}}


def edits(diff: str) -> list[Arguments]:
    """The hunks of a unified diff as what was there and what is there now."""
    found: list[tuple[list[str], list[str]]] = []
    for row in diff.splitlines():
        if row.startswith("@@") or not found:
            found.append(([], []))
        old, new = found[-1]
        if row[:1] in (" ", "-", ""):
            old.append(row[1:])
        if row[:1] in (" ", "+", ""):
            new.append(row[1:])
    return [{"old_string": _text(old), "new_string": _text(new)} for old, new in found if old or new]


def _text(rows: list[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


def _entry(one: dict[str, Any]) -> Arguments:
    kind, diff = _kind(one), text_of(one.get("diff"))
    if kind in ("add", "delete"):
        return {"type": kind, "content": diff}
    moved = {"move_path": path} if (path := _moved(one)) else {}
    return {"type": "update", "unified_diff": diff, **moved}


def _kind(one: dict[str, Any]) -> str:
    kind = one.get("kind")
    return text_of(mapping(kind).get("type")) or text_of(kind)


def _moved(one: dict[str, Any]) -> str:
    return text_of(mapping(one.get("kind")).get("move_path"))


# -- what came of it --------------------------------------------------------------------------------------------------
def outcome(item: Item, streamed: str) -> tuple[Body, bool]:
    """Its output, and whether it failed."""
    failed = text_of(item.status) in ("failed", "declined", "interrupted") or item.success is False
    match item.type:
        case "commandExecution":
            text = text_of(item.printed) or streamed
            return Body(_refused(item, text)), failed
        case "mcpToolCall":
            return _answered(item), failed or bool(item.error)
        case "dynamicToolCall":
            return Body("\n".join(text_of(one.get("text")) for one in objects(item.items))), failed
        case "collabAgentToolCall":
            said = [text_of(mapping(one).get("message")) for one in mapping(item.states).values()]
            return Body("\n\n".join(text for text in said if text), "text/markdown"), failed
    return Body(_refused(item, "")), failed


def _refused(item: Item, text: str) -> str:
    return text or ("It was not allowed." if text_of(item.status) == "declined" else "")


def _answered(item: Item) -> Body:
    """Of a tool of an MCP server: text as it is, anything else as JSON."""
    if message := text_of(mapping(item.error).get("message")):
        return Body(message)
    content = objects(mapping(item.result).get("content"))
    if content and all(one.get("type") == "text" for one in content):
        return Body("\n".join(text_of(one.get("text")) for one in content))
    if item.result is None:
        return Body("")
    return Body(msgspec.json.encode(content or item.result).decode(), "application/json")
