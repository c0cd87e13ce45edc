"""Calls as the Agent Client Protocol tells them: a kind, a title, places, content, and perhaps the agent's own input."""

from typing import Any

from agentguid.render.diff import counts
from agentguid.render.panels import Command, Diff, Pairs, Panel, Prose
from agentguid.render.text import folder, one_line
from agentguid.render.tools.base import BAD, COMMAND, Call, ToolView, command, maybe
from agentguid.render.tools.files import EDITS, change
from agentguid.render.tools.other import pairs_of

ICONS = {
    "read": "file",
    "edit": "pencil",
    "delete": "trash",
    "move": "file",
    "search": "search",
    "execute": "terminal",
    "think": "brain",
    "fetch": "globe",
    "switch_mode": "refresh",
}
WORDS = {
    "read": "Read",
    "edit": "Edit",
    "delete": "Delete",
    "move": "Move",
    "search": "Search",
    "execute": "Run",
    "think": "Think",
    "fetch": "Fetch",
    "switch_mode": "Mode",
}


def is_acp(call: Call) -> bool:
    """Whether the arguments are a tool call of that protocol and not a tool's own."""
    kind, title = call.given.get("kind"), call.given.get("title")
    return isinstance(title, str) and (
        isinstance(kind, str) or "rawInput" in call.given or "content" in call.given
    )


def own(call: Call) -> Call | None:
    """The agent's own input under the agent's own name, when it came along."""
    raw = call.given.get("rawInput")
    return Call(call.name, raw, call.cut) if isinstance(raw, dict) and raw else None


def draw(call: Call) -> ToolView:
    """What the protocol itself says. Raises `BAD`."""
    kind, title = str(call.given.get("kind") or "other"), str(call.given.get("title") or "")
    places = _places(call.given.get("locations"))
    diffs, panels = _content(call.given.get("content"))
    named = tuple(_named(one, len(diffs) > 1) for one in diffs)
    added, removed = counts([row for one in diffs for row in one.rows])
    if kind == "execute" and not any(isinstance(panel, Command) for panel in panels):
        panels.insert(0, Command(_line(call.given.get("rawInput")) or title))
    where = ", ".join(dict.fromkeys([one.path for one in diffs] or places))
    arg = title if kind == "execute" or not where else folder(where)
    label = WORDS.get(kind) or (call.name if call.name and call.name != title else "Tool")
    note = (
        f"· {one_line(title, 80)}" if where and kind != "execute" and not _says_the_same(title, where) else ""
    )
    if not named and not panels and isinstance(call.given.get("rawInput"), dict):
        panels = [Pairs(pairs)] if (pairs := pairs_of(call.given["rawInput"])) else []
    icon = ICONS.get(kind, "plug")
    return ToolView(icon, label, one_line(arg), note, (*named, *panels), added, removed)


def _says_the_same(title: str, where: str) -> bool:
    name = where.rsplit("/", 1)[-1]
    return name in title or title.lower() in ("edit", "write", "read", "editing files", "read file")


def _named(one: Diff, several: bool) -> Diff:
    return Diff(one.path, one.rows, one.what, several)


def _places(value: Any) -> list[str]:
    found = value if isinstance(value, list) else []
    return [str(one["path"]) for one in found[:EDITS] if isinstance(one, dict) and one.get("path")]


def _line(raw: Any) -> str:
    try:
        return command(raw) if isinstance(raw, dict) and any(key in raw for key in COMMAND) else ""
    except BAD:
        return ""


def _content(value: Any) -> tuple[list[Diff], list[Panel]]:
    """Changes, and what else there is to read."""
    diffs: list[Diff] = []
    panels: list[Panel] = []
    for one in (value if isinstance(value, list) else [])[:EDITS]:
        match one:
            case {"type": "diff", "path": str(path), "newText": str(new)}:
                old = one.get("oldText")
                changed = change(path, old if isinstance(old, str) else "", new)
                diffs.append(Diff(path, changed.rows, "" if isinstance(old, str) and old else "new"))
            case {"type": "content", "content": {"type": "text", "text": str(text)}} if text.strip():
                panels.append(Prose(text))
            case {"type": "content", "content": {"type": "resource_link"} as link}:
                panels.append(Prose(maybe(link, "uri")))
    return diffs, panels
