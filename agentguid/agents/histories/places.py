"""Where agents keep their histories, and which sessions lie there. Reads; writes nothing, locks nothing."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from agentguid.agents.histories import opencode as database
from agentguid.agents.histories.base import Session
from agentguid.agents.jsonl import NotUnderstoodError, plain, text_of

Environ = Mapping[str, str]
MOST = 200_000
"""Sessions of one source that are looked at."""
_GONE = (0, 0)


def home(environ: Environ) -> Path:
    return Path(environ.get("HOME") or os.path.expanduser("~"))


def claude(environ: Environ) -> Iterator[Session]:
    root = Path(environ.get("CLAUDE_CONFIG_DIR") or home(environ) / ".claude") / "projects"
    for folder in _folders(root):
        for entry in _files(folder, ".jsonl"):
            if entry.name.startswith("agent-"):
                continue  # older versions put sub-agents beside their session
            yield from _session(
                "claude-code", entry, entry.name[: -len(".jsonl")], beside=entry.path[: -len(".jsonl")]
            )


def codex(environ: Environ) -> Iterator[Session]:
    root = Path(environ.get("CODEX_HOME") or home(environ) / ".codex")
    for year in _folders(root / "sessions"):
        for month in _folders(year):
            for day in _folders(month):
                yield from _rollouts(day)
    yield from _rollouts(root / "archived_sessions")


def _rollouts(folder: Path) -> Iterator[Session]:
    for entry in _files(folder, ".jsonl", "rollout-"):
        yield from _session("codex", entry, entry.name[: -len(".jsonl")][-36:])


def gemini(environ: Environ) -> Iterator[Session]:
    for project in _folders(home(environ) / ".gemini" / "tmp"):
        cwd = _text(project / ".project_root")
        for entry in _files(project / "chats", ".jsonl", "session-"):
            if session := _gemini_id(entry.path):
                yield from (replace(one, cwd=cwd) for one in _session("gemini", entry, session))


def qwen(environ: Environ) -> Iterator[Session]:
    for project in _folders(home(environ) / ".qwen" / "projects"):
        for entry in _files(project / "chats", ".jsonl"):
            yield from _session("qwen", entry, entry.name[: -len(".jsonl")])


def opencode(environ: Environ, copies: Path) -> Iterator[Session]:
    share = environ.get("XDG_DATA_HOME") or home(environ) / ".local" / "share"
    path = Path(share) / "opencode" / "opencode.db"
    if path.is_file():
        yield from database.sessions(path, copies / "look")


FILES: dict[str, Callable[[Environ], Iterator[Session]]] = {
    "claude-code": claude,
    "codex": codex,
    "gemini": gemini,
    "qwen": qwen,
}
"""Catalogue id of the agent → the sessions that it left on this machine, each in a file."""
SOURCES = (*FILES, "opencode")
APPENDED = ("claude-code", "codex", "qwen")
"""Those whose files only grow: what is new is read without what was there before."""


def found(environ: Environ, copies: Path, sources: Sequence[str] = SOURCES) -> list[Session]:
    """Every session, by size and time only: what is in it says `heads.head`. Databases are copied to be read."""
    sessions: list[Session] = []
    for name in sources:
        listing = FILES[name](environ) if name in FILES else opencode(environ, copies)
        sessions += [one for one, _ in zip(listing, range(MOST), strict=False)]
    return sessions


def _session(source: str, entry: "os.DirEntry[str]", session: str, beside: str = "") -> Iterator[Session]:
    """None when the file has gone meanwhile."""
    stamps = [_stamp(entry)]
    if beside:
        stamps += map(_stamp, _files(Path(beside) / "subagents", ".jsonl"))
    if stamps[0] != _GONE:
        changed = max(changed for _, changed in stamps)
        yield Session(source, session, entry.path, sum(size for size, _ in stamps), changed // 1000)


def _stamp(entry: "os.DirEntry[str]") -> tuple[int, int]:
    """Size, and nanoseconds since the epoch."""
    try:
        status = entry.stat()
    except OSError:
        return _GONE
    return status.st_size, status.st_mtime_ns


def _gemini_id(path: str) -> str:
    """It stands whole only in the file's first line."""
    try:
        with open(path, "rb") as file:
            return text_of(plain(file.readline(64 * 1024)).get("sessionId"))
    except (OSError, NotUnderstoodError):
        return ""


def _text(path: Path) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096).strip()
    except OSError:
        return ""


def _folders(root: Path) -> Iterator[Path]:
    for entry in _entries(root):
        if _is(entry.is_dir):
            yield Path(entry.path)


def _files(folder: Path, suffix: str, prefix: str = "") -> "Iterator[os.DirEntry[str]]":
    """Plain files by name."""
    for entry in _entries(folder):
        if entry.name.startswith(prefix) and entry.name.endswith(suffix) and _is(entry.is_file):
            yield entry


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    """What lies in a folder, by name. What cannot be read, or has a name that is not text, is not there."""
    try:
        with os.scandir(folder) as entries:
            return sorted((one for one in entries if _is_text(one.path)), key=lambda one: one.name)
    except OSError:
        return []


def _is(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:
        return False


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
