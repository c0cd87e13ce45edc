"""Canonical tools, mapped onto what an agent offers, by name and by JSON schema.

write{path,content} edit{path,old,new} (also where a tool takes a list of `edits`) read{path} shell{command} search{pattern} task{description,prompt}
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

NAMES = {
    "write": [
        "write",
        "write_file",
        "write_text_file",
        "create_file",
        "create",
        "apply_patch",
        "file_editor",
    ],
    "edit": ["edit", "edit_file", "replace", "str_replace", "search_replace", "apply_patch"],
    "read": ["read", "read_file", "read_text_file", "view"],
    "shell": [
        "bash",
        "shell",
        "exec_command",
        "shell_command",
        "run_shell_command",
        "execute_command",
        "execute",
        "terminal",
    ],
    "search": ["grep", "grep_search", "search_files", "rg"],
    "task": ["agent", "task", "subagent", "spawn_agent", "invoke_agent"],
}
"""What agents call a tool, lower case, the best first."""
WORDS = {
    "path": ["file_path", "filePath", "absolute_path", "path", "filename"],
    "content": ["content", "contents", "file_text", "text"],
    "old": ["old_string", "oldString", "old_str", "oldText"],
    "new": ["new_string", "newString", "new_str", "newText"],
    "command": ["command", "cmd", "script"],
    "pattern": ["pattern", "query"],
    "prompt": ["prompt", "message", "task"],
    "description": ["description", "title"],
    "background": ["run_in_background", "is_background"],
}
"""What agents call an argument, the best first."""
EMPTY = {"string": "demo", "number": 1, "integer": 1, "boolean": False, "array": [], "object": {}}
"""For required arguments that the script knows nothing of."""


@dataclass(frozen=True)
class Call:
    """A call of one of the agent's tools."""

    id: str
    name: str
    args: dict[str, Any]
    kind: str = "function"
    """`custom`: of a tool that takes a text, `input`."""


class Tools:
    """What a request offers."""

    def __init__(self) -> None:
        self._schemas: dict[str, dict[str, Any]] = {}
        self._kinds: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._schemas)

    @property
    def names(self) -> list[str]:
        return list(self._schemas)

    def offer(self, name: str, schema: dict[str, Any] | None, kind: str = "function") -> None:
        self._schemas[name], self._kinds[name] = schema or {}, kind

    def call(self, canonical: str, args: dict[str, Any]) -> "Call | dict[str, str]":
        """The agent's own tool with its own arguments; when it offers none, a line of text that says so."""
        offered = {name.lower(): name for name in self._schemas}
        known = [offered[name] for name in NAMES.get(canonical, [canonical.lower()]) if name in offered]
        if not known:
            return {"text": f"(this agent offers no {canonical} tool)"}
        name, kind = known[0], self._kinds[known[0]]
        given = {"input": _patch(args)} if kind == "custom" else _arguments(self._schemas[name], args)
        return Call(uuid4().hex[:20], name, given, kind)


def _arguments(schema: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    given = {}
    for key, value in args.items():
        own = next((word for word in WORDS.get(key, [key]) if word in properties), None)
        if own:
            words = key == "command" and isinstance(value, str) and properties[own].get("type") == "array"
            given[own] = ["bash", "-c", value] if words else value
    if "edits" in properties and "old" in args:
        given["edits"] = [_arguments(properties["edits"].get("items") or {}, args)]
    if "content" in args and "create" in (properties.get("command") or {}).get("enum", []):
        given["command"] = "create"
    for key in schema.get("required") or []:
        given.setdefault(key, _something(properties.get(key) or {}))
    return given


def _patch(args: dict[str, Any]) -> str:
    """In the language of Codex's tool."""
    if "content" in args:
        rows = [f"*** Add File: {args['path']}", *(f"+{row}" for row in args["content"].splitlines())]
    else:
        old, new = args["old"].splitlines(), args["new"].splitlines()
        rows = [
            f"*** Update File: {args['path']}",
            "@@",
            *(f"-{row}" for row in old),
            *(f"+{row}" for row in new),
        ]
    return "\n".join(["*** Begin Patch", *rows, "*** End Patch", ""])


def _something(schema: dict[str, Any]) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    return EMPTY.get(str(schema.get("type", "string")).lower(), "demo")
