"""What an agent's tool calls come to in a terminal: one line each, and what is worth more than that."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from agentguid.cli.output import one_line, safe

_TELLING = ("command", "file_path", "path", "pattern", "url", "query", "description", "prompt")
"""The arguments that say most about a tool call, most telling first."""
DIFF = 24
"""Lines of a change that are shown."""
MARKS = {"completed": ("✓", "dim"), "in_progress": ("▸", "bold")}
_DIFF_STYLES = {"+": "green", "-": "red", "@": "dim"}

Line = tuple[str, str | None]
"""Text that is safe, and its style."""


def body(data: Mapping[str, Any], field: str = "body") -> str:
    """The text of a Body; of one that lies beside the log its beginning, saying so."""
    value = data.get(field) or {}
    text = str(value.get("text") or "")
    return f"{text}\n… ({value.get('size')} bytes in all)" if value.get("blob") else text


def call(name: object, arguments: Mapping[str, Any] | None) -> str:
    """A tool call on one line: its name and the argument that says most."""
    values = given(arguments)
    told = next((str(values[key]) for key in _TELLING if values.get(key)), None) or _asks(values)
    return one_line(f"{name} {(arguments or {}).get('text') or '' if told is None else told}", 120)


def _asks(values: Mapping[str, Any]) -> str | None:
    """Of questions the first one, of a plan its title."""
    asked, plan = values.get("questions"), values.get("plan")
    if isinstance(asked, list) and asked and isinstance(asked[0], dict) and asked[0].get("question"):
        return str(asked[0]["question"]) + (f" (and {len(asked) - 1} more)" if len(asked) > 1 else "")
    return plan.strip().partition("\n")[0].lstrip("# ") if isinstance(plan, str) else None


def given(arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    """The arguments of a call; none when they are no JSON object."""
    try:
        found = json.loads(str((arguments or {}).get("text") or ""))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def result(data: Mapping[str, Any]) -> str:
    """What a call gave, on one line."""
    text = body(data, "output").strip()
    first, _, rest = text.partition("\n")
    more = f" … {rest.count(chr(10)) + 2} lines" if rest else ""
    return one_line(first, 100) + more


def changes(arguments: Mapping[str, Any] | None) -> Iterator[Line]:
    """The lines that a call would change in a file, if it is one that does, or the command it would run."""
    values = given(arguments)
    lines = [*_changed(values)]
    if not lines and isinstance(plan := values.get("plan"), str):
        lines = [(f"  {line}", None) for line in safe(plan).strip().splitlines()]
    if not lines and isinstance(command := values.get("command"), str) and "\n" in command.strip():
        lines = [(f"  {line}", None) for line in safe(command).splitlines()]
    yield from lines[:DIFF]
    if len(lines) > DIFF:
        yield f"  … {len(lines) - DIFF} lines more", "dim"


def _changed(values: Mapping[str, Any]) -> Iterator[Line]:
    listed = values.get("edits")
    for edit in listed if isinstance(listed, list) else [values]:
        found = edit if isinstance(edit, dict) else {}
        old, new = found.get("old_string"), found.get("new_string")
        if isinstance(old, str) and isinstance(new, str):
            yield from diff(old, new)
    if isinstance(content := values.get("content"), str) and "file_path" in values:
        yield from ((f"  + {line}", "green") for line in safe(content).splitlines())


def diff(old: str, new: str) -> Iterator[Line]:
    """How one text became the other."""
    before, after = safe(old).splitlines(), safe(new).splitlines()
    if len(before) + len(after) > 2000:
        yield f"  {len(before)} lines become {len(after)}", "dim"
        return
    for line in list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]:
        if not line.startswith("@"):
            yield f"  {line[0]} {line[1:]}".rstrip(), _DIFF_STYLES.get(line[0], "dim")


def steps(text: str) -> list[Line]:
    """The steps of a plan: a JSON list of them, or an object that has one. Nothing when it is prose."""
    try:
        found = json.loads(text)
        listed = found if isinstance(found, list) else found.get("todos") or found["entries"]
        return [_step(one) for one in listed]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _step(step: Mapping[str, Any]) -> Line:
    mark, style = MARKS.get(str(step.get("status")), ("·", None))
    return f"  {mark} {one_line(str(step.get('content') or ''), 300)}", style
