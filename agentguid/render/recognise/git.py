"""What git says of the state of a repository, of its history, and of changes."""

import re

from agentguid.render.diff import with_words
from agentguid.render.panels import Commits, Diff, Panel, Status
from agentguid.render.patch import unified

FILES, COMMITS = 200, 100
"""Files of a group and commits that are shown."""
_GIT = re.compile(r"(?:^|[;&|]\s*)git\s+(?:-C \S+ |-c \S+ |--no-pager )*(status|log|diff|show)\b")
_LONG = re.compile(r"^\t(?:([a-z ]+):\s+)?(\S.*)$")
_SHORT = re.compile(r"^([ MADRCUT?!]{2}) (\S.*)$")
_GROUPS = {
    "Changes to be committed:": "Staged",
    "Changes not staged for commit:": "Not staged",
    "Untracked files:": "Untracked",
    "Unmerged paths:": "In conflict",
}
_WORDS = {
    "M": "modified",
    "A": "new",
    "D": "deleted",
    "R": "renamed",
    "C": "copied",
    "T": "type",
    "U": "conflict",
}
_COMMIT = re.compile(r"^commit ([0-9a-f]{7,40})(?: \(.*\))?$")
_ONE_LINE = re.compile(r"^(?:[*|/\\ ]+ )?([0-9a-f]{7,40}) (?:\(([^)]*)\) )?(\S.*)$")
Groups = dict[str, list[tuple[str, str]]]


def recognise_git(text: str, command: str) -> tuple[Panel, ...]:
    """What one git command printed; nothing for another command, and for several at once."""
    asked = _GIT.findall(command)
    if text.startswith("diff --git ") or asked == ["diff"]:
        return _diffs(text)
    if len(asked) != 1:
        return ()
    match asked[0]:
        case "status":
            found = status(text)
            return (found,) if found else ()
        case "log":
            commits = log(text)
            return (commits,) if commits else ()
        case _:
            return _diffs(text)


def _diffs(text: str) -> tuple[Diff, ...]:
    files = unified(text)
    return tuple(Diff(one.path, tuple(with_words(one.rows)), one.what, named=True) for one in files)


def status(text: str) -> Status | None:
    """`git status`, long or short."""
    rows = text.splitlines()
    if not rows:
        return None
    if rows[0].startswith(("On branch ", "HEAD detached at ", "interactive rebase")):
        return _long(rows)
    return _short(rows)


def _long(rows: list[str]) -> Status | None:
    groups: Groups = {}
    current: list[tuple[str, str]] | None = None
    ahead = next((row for row in rows[1:6] if row.startswith(("Your branch", "and have"))), "")
    for row in rows:
        if row in _GROUPS:
            current = groups.setdefault(_GROUPS[row], [])
        elif (found := _LONG.match(row)) and current is not None:
            current.append(((found[1] or "new").removesuffix(" file"), found[2]))
        elif row and not row.startswith(("  (", "\t")):
            current = None
    return _status(rows[0].removeprefix("On branch ") + (f" · {ahead.rstrip('.')}" if ahead else ""), groups)


def _short(rows: list[str]) -> Status | None:
    branch = rows[0][3:] if rows[0].startswith("## ") else ""
    groups: Groups = {}
    for row in rows[1:] if branch else rows:
        found = _SHORT.match(row)
        if found is None:
            return None
        staged, worktree = found[1][0], found[1][1]
        if found[1] == "??":
            groups.setdefault("Untracked", []).append(("new", found[2]))
            continue
        for letter, group in ((staged, "Staged"), (worktree, "Not staged")):
            if letter != " ":
                groups.setdefault(group, []).append((_WORDS.get(letter, letter), found[2]))
    return _status(branch, groups) if branch or groups else None


def _status(branch: str, groups: Groups) -> Status:
    return Status(branch[:300], tuple((name, tuple(files[:FILES])) for name, files in groups.items()))


def log(text: str) -> Commits | None:
    """`git log`, with or without `--oneline`."""
    rows = text.splitlines()
    if rows and _COMMIT.match(rows[0]):
        return _full(rows)
    found: list[tuple[str, str, str]] = []
    for row in rows[:COMMITS]:
        match = _ONE_LINE.match(row)
        if match is None:
            return None
        found.append((match[1][:10], match[3], match[2] or ""))
    return Commits(tuple(found)) if found else None


def _full(rows: list[str]) -> Commits | None:
    found: list[list[str]] = []
    for row in rows:
        if match := _COMMIT.match(row):
            if len(found) == COMMITS:
                break
            found.append([match[1][:10], "", "", ""])
        elif row.startswith("Author:"):
            found[-1][2] = row[7:].strip().partition(" <")[0]
        elif row.startswith("Date:"):
            found[-1][3] = row[5:].strip()
        elif row.startswith("    ") and not found[-1][1]:
            found[-1][1] = row.strip()
        elif row.startswith(("diff ", " ")) and not row.startswith("    "):
            return None  # it shows changes too: they are not to be hidden
    return Commits(
        tuple((hash_, subject, f"{who}, {when}".strip(", ")) for hash_, subject, who, when in found)
    )
