"""How a tool call is shown: its icon, the argument that says most, and what its input looks like opened.

A tool that is not in the table is shown as name and value pairs.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from agentguid.protocol.items import Body
from agentguid.render.diff import Row, counts, diff
from agentguid.render.text import folder, one_line

Arguments = dict[str, Any]


class ToolView(Struct, frozen=True):
    """One call, ready to be drawn. Every string of it is still unescaped."""

    icon: str
    label: str
    arg: str
    note: str = ""
    """What stands beside the argument, less important."""
    command: str | None = None
    content: str | None = None
    """A file's content or the like, as it was written."""
    changes: tuple[tuple[Row, ...], ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    """Of a plan: state and text."""
    added: int = 0
    removed: int = 0


def view(name: str, given: Body) -> ToolView:
    """What is known of a call's arguments. Never raises for what an agent sends."""
    arguments = _arguments(given)
    if arguments is None:
        return ToolView("plug", name, "", content=given.text)
    drawn = VIEWS.get(name)
    if drawn is None:
        return _other(name, arguments)
    try:
        return drawn(name, arguments)
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ):  # an agent's arguments are not what they should be
        return _other(name, arguments)


def _arguments(given: Body) -> Arguments | None:
    if given.blob is not None:
        return None
    try:
        found = msgspec.json.decode(given.text)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value)).decode()


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _other(name: str, arguments: Arguments) -> ToolView:
    pairs = tuple((str(key), _text(value)) for key, value in arguments.items())
    return ToolView("plug", name, one_line(pairs[0][1]) if pairs else "", pairs=pairs)


def _bash(name: str, arguments: Arguments) -> ToolView:
    command = _string(arguments["command"])
    note = arguments.get("description")
    return ToolView("terminal", name, one_line(command), note=str(note or ""), command=command)


def _read(name: str, arguments: Arguments) -> ToolView:
    start, count = arguments.get("offset"), arguments.get("limit")
    note = f"from line {start}" if start else ""
    if count:
        note = f"{note} {count} lines".strip()
    return ToolView("file", name, folder(_path(arguments)), note=note)


def _write(name: str, arguments: Arguments) -> ToolView:
    content = _string(arguments["content"])
    return ToolView("file", name, folder(_path(arguments)), content=content, added=len(content.splitlines()))


def _edit(name: str, arguments: Arguments) -> ToolView:
    edits = arguments.get("edits", [arguments])
    changes = [diff(_string(edit["old_string"]), _string(edit["new_string"])) for edit in edits[:50]]
    added, removed = counts([row for rows in changes for row in rows])
    return ToolView(
        "pencil",
        name,
        folder(_path(arguments)),
        changes=tuple(tuple(rows) for rows in changes),
        added=added,
        removed=removed,
    )


def _search(name: str, arguments: Arguments) -> ToolView:
    where = arguments.get("path") or arguments.get("glob")
    return ToolView("search", name, _string(arguments["pattern"]), note=f"in {where}" if where else "")


def _fetch(name: str, arguments: Arguments) -> ToolView:
    return ToolView("globe", name, _string(arguments.get("url") or arguments["query"]))


def _task(name: str, arguments: Arguments) -> ToolView:
    kind = arguments.get("subagent_type")
    arg = one_line(_string(arguments["description"]))
    return ToolView("fork", name, arg, note=str(kind or ""), content=str(arguments.get("prompt") or ""))


def _plan(_name: str, arguments: Arguments) -> ToolView:
    found = steps(arguments["todos"])
    done = sum(state == "done" for state, _ in found)
    now = next((text for state, text in found if state == "now"), "")
    arg = f"{done} of {len(found)}" + (f" · {one_line(now, 80)}" if now else "")
    return ToolView("plan", "Plan", arg, steps=found)


def steps(todos: Any) -> tuple[tuple[str, str], ...]:
    """The steps of a plan as (`done`, `now` or nothing, text)."""
    states = {"completed": "done", "in_progress": "now"}
    return tuple((states.get(str(todo.get("status")), ""), str(todo.get("content") or "")) for todo in todos)


def plan(body: Body) -> tuple[tuple[str, str], ...]:
    """The steps of a plan that is JSON: a list of them, or an object that has one. Nothing when it is prose."""
    if body.blob is not None or not body.text.lstrip().startswith(("[", "{")):
        return ()
    try:
        found = msgspec.json.decode(body.text)
        listed = found if isinstance(found, list) else found.get("todos") or found["entries"]
        return steps(listed)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return ()


def _path(arguments: Arguments) -> str:
    return _string(arguments.get("file_path") or arguments.get("notebook_path") or arguments["path"])


VIEWS: dict[str, Callable[[str, Arguments], ToolView]] = {
    "Bash": _bash,
    "Shell": _bash,
    "Read": _read,
    "Write": _write,
    "Edit": _edit,
    "MultiEdit": _edit,
    "Glob": _search,
    "Grep": _search,
    "Search": _search,
    "WebFetch": _fetch,
    "WebSearch": _fetch,
    "Fetch": _fetch,
    "Task": _task,
    "Agent": _task,
    "TodoWrite": _plan,
}
