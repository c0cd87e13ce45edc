"""Patches as text: unified diffs (git) and the envelope that Codex's `apply_patch` takes. One `FileDiff` per file."""

import re

from msgspec import Struct

from agentguid.render.diff import Row

FILES = 50
"""Files of a patch that are shown."""
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)")
_FILE = re.compile(r"\*\*\* (Add|Update|Delete) File: (.+)")
_GIT = re.compile(r"diff --git (?:a/)?(.+?) (?:b/)?(\S+)$")


class FileDiff(Struct):
    path: str
    what: str = ""
    """`new`, `deleted`, `renamed from …` or nothing."""
    rows: list[Row] = []


def enveloped(patch: str) -> list[FileDiff]:
    """`*** Begin Patch` … `*** End Patch`. It has no line numbers; nothing when it is something else."""
    files: list[FileDiff] = []
    for line in patch.splitlines():
        if found := _FILE.fullmatch(line.strip()):
            kind = {"Add": "new", "Delete": "deleted"}.get(found.group(1), "")
            files.append(FileDiff(found.group(2), kind, []))
        elif line.startswith("*** Move to: ") and files:
            files[-1].what = f"renamed from {files[-1].path}"
            files[-1].path = line.removeprefix("*** Move to: ")
        elif line.startswith("***") or not files:
            continue
        elif line.startswith("@@"):
            files[-1].rows.append(Row("hunk", None, None, line[2:].strip(" @") or "…"))
        else:
            kind = {"+": "add", "-": "del"}.get(line[:1], "")
            files[-1].rows.append(Row(kind, None, None, line[1:]))
    return files[:FILES]


def unified(patch: str) -> list[FileDiff]:
    """`git diff`, `diff -u`. Nothing when it is something else; lines that belong to no hunk are passed over."""
    files: list[FileDiff] = []
    old = new = 0
    within = False
    for line in patch.splitlines():
        if (found := _HUNK.match(line)) and files:
            old, new, within = int(found.group(1)), int(found.group(2)), True
            files[-1].rows.append(Row("hunk", None, None, found.group(0)[:200]))
        elif within and line[:1] in ("+", "-", " ", ""):
            files[-1].rows.append(_row(line, old, new))
            old += line[:1] != "+"
            new += line[:1] != "-"
        elif within and line.startswith("\\"):
            continue
        else:
            within = False
            _heading(line, files)
    return [file for file in files if file.rows or file.what][:FILES]


def _row(line: str, old: int, new: int) -> Row:
    match line[:1]:
        case "+":
            return Row("add", None, new, line[1:])
        case "-":
            return Row("del", old, None, line[1:])
        case _:
            return Row("", old, new, line[1:])


def _heading(line: str, files: list[FileDiff]) -> None:
    """What stands before the hunks of a file."""
    if found := _GIT.match(line):
        files.append(FileDiff(found.group(2), "", []))
    elif line.startswith("--- ") and (not files or files[-1].rows):
        files.append(FileDiff(_path(line), "", []))
    elif line.startswith("+++ ") and files and not line.endswith("/dev/null"):
        files[-1].path = _path(line)
    elif files and not files[-1].rows:
        if line.startswith("new file"):
            files[-1].what = "new"
        elif line.startswith("deleted file"):
            files[-1].what = "deleted"
        elif line.startswith("rename from "):
            files[-1].what = f"renamed from {line.removeprefix('rename from ')}"
        elif line.startswith("Binary files "):
            files[-1].what = "binary"


def _path(line: str) -> str:
    name = line[4:].partition("\t")[0]
    return name[2:] if name.startswith(("a/", "b/")) else name
