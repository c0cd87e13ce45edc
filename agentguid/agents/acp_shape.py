"""An ACP tool call in our vocabulary: a name and arguments that say what it does, and its output.

Agents fill in what they like: the command may stand in the arguments, or in the title alone; an edit may be arguments
or a diff. The kind (`execute`, `edit`, …) is the only thing that all of them mean alike.
"""

import shlex
from typing import Any

import msgspec

from agentguid.agents.jsonl import mapping, objects, text_of
from agentguid.protocol.items import Body

NAMES = {
    "execute": "Shell",
    "read": "Read",
    "edit": "Edit",
    "delete": "Delete",
    "move": "Move",
    "search": "Search",
    "fetch": "Fetch",
    "switch_mode": "Switch mode",
}
PATHS = (
    "file_path",
    "filePath",
    "filepath",
    "absolute_path",
    "path",
    "abs_path",
    "target_file",
    "notebook_path",
)
OLD, NEW = (
    ("old_string", "oldString", "old_str", "oldText"),
    ("new_string", "newString", "new_str", "newText"),
)
WRITTEN = ("content", "contents", "file_text")
PATTERNS = ("pattern", "query", "regex")
OUTPUTS = ("formatted_output", "output", "content", "stdout", "message")
LONGEST = 200
"""Characters of a name that an agent gives."""
Arguments = dict[str, Any]


def named(kind: str, title: str, given: Arguments) -> str:
    if isinstance(given.get("todos"), list):
        return "TodoWrite"
    if kind == "think" and text_of(given.get("prompt")):
        return "Task"
    return NAMES.get(kind) or " ".join(title.split())[:LONGEST] or "tool"


def arguments(
    kind: str, title: str, given: Arguments, diffs: list[Arguments], places: list[Arguments]
) -> Arguments:
    """What the agent gave, and what only its title, its diff or its places say."""
    found = dict(given)
    match kind:
        case "execute":
            found["command"] = _command(given) or title
            if title and title != found["command"]:
                found.setdefault("description", title)
        case "read" | "edit" | "delete" | "move":
            named = [text_of(one.get("path")) for one in [*diffs, *places]]
            found["path"] = _path(given) or next((path for path in named if path), "") or title
            if kind == "edit" and (edits := [_edit(diff) for diff in diffs] or _edits(given)):
                found["edits"] = edits
        case "search":
            found["pattern"] = _first(given, PATTERNS) or title
        case "fetch":
            found["url"] = text_of(given.get("url")) or title
        case "think":
            found.setdefault("description", title)
    if not found and title:
        found["title"] = title
    return found


def _edit(diff: Arguments) -> Arguments:
    return {
        "path": text_of(diff.get("path")),
        "old_string": text_of(diff.get("oldText")),
        "new_string": text_of(diff.get("newText")),
    }


def _edits(given: Arguments) -> list[Arguments]:
    """What the agent's own arguments say will change; a file that is written has no old text."""
    if any(name in given for name in NEW):
        return [{"old_string": _first(given, OLD), "new_string": _first(given, NEW)}]
    written = _first(given, WRITTEN)
    return [{"old_string": "", "new_string": written}] if written else []


def _command(given: Arguments) -> str:
    command = given.get("command")
    if isinstance(command, list) and all(isinstance(word, str) for word in command):
        return shlex.join(command)
    return text_of(command)


def _path(given: Arguments) -> str:
    return _first(given, PATHS)


def paths(given: Arguments) -> list[str]:
    """All files that the agent's own arguments name, also those of several edits, and where they are moved to."""
    several = [one for value in given.values() for one in objects(value)]
    named = [path for one in (given, *several) for name in PATHS if (path := text_of(one.get(name)))]
    listed, changes = given.get("paths"), mapping(given.get("changes"))
    named += [path for path in listed if isinstance(path, str)] if isinstance(listed, list) else []
    moved = [text_of(mapping(change).get("move_path")) for change in changes.values()]
    return [*named, *changes, *(path for path in moved if path)]


def _first(given: Arguments, names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := text_of(given.get(name)))), "")


def diffs_of(content: Any) -> list[Arguments]:
    return [block for block in objects(content) if block.get("type") == "diff"]


def text_in(content: Any) -> str:
    """The text of a call's content."""
    inner = [mapping(block.get("content")) for block in objects(content) if block.get("type") == "content"]
    return "\n".join(text_of(block.get("text")) for block in inner if block.get("type") == "text")


def output(content: Any, answered: Any, streamed: str, shown: list[Arguments]) -> Body:
    """What came of a call. `shown` are the diffs that stand in its arguments already."""
    text = answered if isinstance(answered, str) else text_in(content) or streamed
    if not text.strip():
        text = _first(mapping(answered), OUTPUTS)
    others = [block for block in objects(content) if mapping(block.get("content")).get("type") != "text"]
    others = [block for block in others if block.get("type") == "content"]
    if others:
        return Body(
            msgspec.json.encode([*others, {"type": "text", "text": text}]).decode(), "application/json"
        )
    new = [diff for diff in diffs_of(content) if _edit(diff) not in [_edit(one) for one in shown]]
    if new and not text.strip():
        text = "\n".join(f"Changed {text_of(diff.get('path'))}" for diff in new)
    if not text.strip() and answered not in (None, "", {}, []) and not isinstance(answered, str):
        return Body(msgspec.json.encode(answered).decode(), "application/json")
    return Body(text)
