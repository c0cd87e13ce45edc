"""Tools that read and change files."""

import re
from typing import Any

from agentguid.render.code import language_of
from agentguid.render.diff import counts, diff, with_words
from agentguid.render.panels import Code, Diff, Fact, Outcome, Panel, Terminal
from agentguid.render.patch import FileDiff, enveloped, unified
from agentguid.render.text import folder, one_line
from agentguid.render.tools import results
from agentguid.render.tools.base import (
    CONTENT,
    NEW,
    OLD,
    Call,
    Output,
    ToolView,
    lines_of,
    many,
    maybe,
    path,
    short_path,
    string,
)

EDITS = 50
"""Edits of one call that are shown."""
_NUMBERED = re.compile(r"\s*0*(\d+)(?:→|\t|\| |: )(.*)")
_FRAME = re.compile(r"</?(?:file|content|path|type)>|<path>.*</path>|<type>.*</type>|\(End of file.*\)")


# -- reading ----------------------------------------------------------------------------------------------------------
def read(call: Call) -> ToolView:
    """A file, or some lines of it."""
    start, count = maybe(call.given, "offset", "start_line", "line"), maybe(call.given, "limit")
    end = maybe(call.given, "end_line")
    note = f"from line {start}" if start not in ("", "0", "1") else ""
    if count:
        note = f"{note}, {count} lines".removeprefix(", ")
    if end:
        note = f"lines {start or 1} to {end}"
    return ToolView("file", call.name, short_path(call.given), note)


def read_many(call: Call) -> ToolView:
    paths = [str(one) for one in call.given.get("paths") or call.given["include"]]
    return ToolView("file", call.name, one_line(", ".join(folder(one) for one in paths)))


def content(call: Call, output: Output) -> Outcome:
    """What was read, with the numbers of its lines."""
    if output.failed or output.json or not output.text:
        return results.plain(call, output)
    text, asides = results.without_reminders(output.text)
    first, body, rest = numbered(text)
    try:
        language = language_of(path(call.given))
    except (KeyError, TypeError):
        language = ""
    panels: list[Panel] = [Code(body, language, first)]
    panels += [Terminal(more) for more in (rest, asides) if more.strip()]
    return Outcome(tuple(panels), (Fact(many(lines_of(body), "line") + ("+" if output.cut else "")),))


def numbered(text: str) -> tuple[int | None, str, str]:
    """The number of the first line, the lines without their numbers, and what follows them.

    `cat -n` and its relatives. A text whose lines have no numbers, or not in order, comes back as it is, with None.
    """
    rows = text.split("\n")
    skip = next((place for place, row in enumerate(rows) if not _FRAME.fullmatch(row.strip())), 0)
    first, taken = None, list[str]()
    for row in rows[skip:]:
        found = _NUMBERED.match(row)
        if found is None or (first is not None and int(found.group(1)) != first + len(taken)):
            break
        first = int(found.group(1)) if first is None else first
        taken.append(found.group(2))
    if first is None:
        return None, text, ""
    rest = [row for row in rows[skip + len(taken) :] if not _FRAME.fullmatch(row.strip())]
    if len(taken) < 2 and len([row for row in rest if row.strip()]) > 1:
        return None, text, ""  # a list whose first entry has a number
    return first, "\n".join(taken), "\n".join(rest)


# -- writing ----------------------------------------------------------------------------------------------------------
def write(call: Call) -> ToolView:
    """A whole file."""
    text = string(call.given, CONTENT)
    panel = Code(text, language_of(path(call.given)), 1)
    return ToolView("file", call.name, short_path(call.given), panels=(panel,), added=lines_of(text))


def edit(call: Call) -> ToolView:
    """One change of a file, or several."""
    edits: list[Any] = call.given.get("edits") or [call.given]
    panels = tuple(change(path(call.given), string(one, OLD), string(one, NEW)) for one in edits[:EDITS])
    note = "everywhere" if call.given.get("replace_all") is True else ""
    return _changed(call, short_path(call.given), panels, note)


def change(of: str, old: str, new: str) -> Diff:
    return Diff(of, tuple(with_words(diff(old, new))))


def notebook(call: Call) -> ToolView:
    """A cell of a notebook: only what it becomes is known."""
    mode = maybe(call.given, "edit_mode") or "replace"
    cell = maybe(call.given, "cell_id", "cell_number")
    language = "markdown" if call.given.get("cell_type") == "markdown" else "python"
    text = maybe(call.given, *CONTENT)
    panels = (Code(text, language),) if text and mode != "delete" else ()
    note = f"{mode} cell {cell}".strip()
    return ToolView("pencil", call.name, short_path(call.given), note, panels)


def patch(call: Call) -> ToolView:
    """Codex: changes of several files in one text, or as a table by path."""
    text = next((call.given[key] for key in ("input", "patch", "patchText") if key in call.given), None)
    changes = call.given.get("changes")
    if isinstance(changes, dict):
        files = [_file(name, one) for name, one in list(changes.items())[:EDITS]]
    elif isinstance(text, str):
        files = enveloped(text) or unified(text)
    else:
        raise KeyError("input")
    if not files:
        raise ValueError("no patch")
    names = ", ".join(folder(one.path) for one in files)
    return _changed(call, one_line(names), panels_of(files), "")


def _file(name: str, one: dict[str, Any]) -> FileDiff:
    """An entry of Codex's table of changes."""
    kind = str(one.get("type") or next(iter(one), ""))
    inner = one[kind] if isinstance(one.get(kind), dict) else one
    if isinstance(text := inner.get("unified_diff") or inner.get("diff"), str):
        found = unified(f"--- {name}\n+++ {name}\n{text}")
        return FileDiff(name, "", found[0].rows if found else [])
    rows = diff("", str(inner.get("content") or ""))
    return FileDiff(name, {"add": "new", "delete": "deleted"}.get(kind, ""), rows)


def panels_of(files: list[FileDiff]) -> tuple[Diff, ...]:
    several = len(files) > 1 or any(one.what for one in files)
    return tuple(Diff(one.path, tuple(with_words(one.rows)), one.what, several) for one in files)


def _changed(call: Call, arg: str, panels: tuple[Diff, ...], note: str) -> ToolView:
    added, removed = counts([row for panel in panels for row in panel.rows])
    return ToolView("pencil", call.name, arg, note, panels, added, removed)


def delete(call: Call) -> ToolView:
    return ToolView("trash", call.name, short_path(call.given))


def move(call: Call) -> ToolView:
    to = maybe(call.given, "destination", "new_path", "to")
    return ToolView("file", call.name, short_path(call.given), f"to {folder(to)}" if to else "")


def listed(call: Call) -> ToolView:
    """A folder."""
    where = maybe(call.given, "path", "dir_path", "directory", "dir_name") or "."
    return ToolView("folder", call.name, one_line(folder(where)))
