"""OpenCode's database: `~/.local/share/opencode/opencode.db`, SQLite. See docs/import.md.

It is never opened where it lies: even a reader would take locks and write into the files beside it. A copy is, in a
folder of ours.
"""

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentguid.agents.histories.base import Session, Story, one_line, whole
from agentguid.agents.jsonl import NotUnderstoodError, count, mapping, number, plain, text_of
from agentguid.protocol.items import Body

if TYPE_CHECKING:
    import sqlite3

LARGEST = 128 << 20
"""Bytes of a database that is copied; of a larger one only what OpenCode has moved into the main file is seen."""
TRIES = 3
_LISTED = "SELECT id, directory, title, time_created, time_updated FROM session WHERE parent_id IS NULL"
_MESSAGES = "SELECT id, time_created, data FROM message WHERE session_id = ? AND time_created >= ? ORDER BY time_created, id"
_PARTS = "SELECT id, data FROM part WHERE message_id = ? ORDER BY id"
_one = threading.Lock()
_known: dict[str, tuple[tuple[int, ...], list[Session]]] = {}


class OpenCode(Story):
    SOURCE = "opencode"

    def message(self, name: str, data: str, parts: list[tuple[str, str]]) -> None:
        """One message with its parts, finished or not. Never raises for what they hold."""
        self.line = name
        try:
            message = plain(data.encode())
            self.time(mapping(message.get("time")).get("created"))
            self._message(message, [(part, plain(text.encode())) for part, text in parts])
        except NotUnderstoodError as error:
            self.unknown(data.encode(), str(error))
        except Exception as error:
            self.unknown(data.encode(), f"{type(error).__name__}: {error}"[:200])

    def feed(self, data: bytes, offset: int) -> None:
        """It has no lines."""

    def _message(self, message: dict[str, Any], parts: list[tuple[str, dict[str, Any]]]) -> None:
        if message.get("role") == "user":
            texts = [text_of(part.get("text")) for _, part in parts if _is_said(part)]
            if text := "\n".join(texts).strip():
                self.prompt(text)
            return
        calls = [text_of(part.get("callID")) for _, part in parts if part.get("type") == "tool"]
        self.settle([call for call in calls if call], sure=False)
        for name, part in parts:
            self.line = name
            self._part_of(part)
        state, tokens = self.state, mapping(message.get("tokens"))
        state.model = text_of(message.get("modelID")) or state.model
        state.cost += number(message.get("cost"))
        state.done = message.get("finish") not in ("tool-calls", None)
        self.time(mapping(message.get("time")).get("completed"))
        if error := mapping(message.get("error")):
            state.failure = text_of(mapping(error.get("data")).get("message")) or text_of(error.get("name"))
        cache, spent = mapping(tokens.get("cache")), state.spent
        spent.input += count(tokens.get("input"))
        spent.output += count(tokens.get("output")) + count(tokens.get("reasoning"))
        spent.read, spent.written = (
            spent.read + count(cache.get("read")),
            spent.written + count(cache.get("write")),
        )
        spent.used = count(tokens.get("total")) or spent.used

    def _part_of(self, part: dict[str, Any]) -> None:
        kind, time = text_of(part.get("type")), mapping(part.get("time"))
        self.time(time.get("start"))
        if kind in ("text", "reasoning"):
            if (text := text_of(part.get("text")).strip("\n")) and _is_said({**part, "type": "text"}):
                self.add("message" if kind == "text" else "thought", Body(text, "text/markdown"))
        elif kind == "tool":
            self._tool(part, mapping(part.get("state")))
        elif kind == "compaction":
            self.notice("The conversation so far was replaced by a summary.")

    def _tool(self, part: dict[str, Any], state: dict[str, Any]) -> None:
        call, time = text_of(part.get("callID")) or self.line, mapping(state.get("time"))
        self.time(time.get("start"))
        self.call(call, text_of(part.get("tool")), whole(mapping(state.get("input"))))
        status = text_of(state.get("status"))
        if status in ("completed", "error"):
            self.time(time.get("end"))
            said = state.get("output") if status == "completed" else state.get("error")
            self.result(call, Body(text_of(said)), status == "error")


def _is_said(part: dict[str, Any]) -> bool:
    return part.get("type") == "text" and not part.get("synthetic") and not part.get("ignored")


def sessions(path: Path, folder: Path) -> list[Session]:
    """The sessions of a database, read from a copy in a folder. Read again only when its files have changed."""
    with _one:
        return _sessions(path, folder)


def _sessions(path: Path, folder: Path) -> list[Session]:
    import sqlite3  # noqa: PLC0415 - most daemons never need it

    seen = _stamps(path)
    known = _known.get(str(path))
    if known and known[0] == seen:
        return known[1]
    found = []
    try:
        with contextlib.suppress(sqlite3.Error), opened(path, folder) as db:
            for name, directory, title, created, updated in db.execute(_LISTED):
                words = one_line(str(title))
                about = int(updated) * 1000, str(directory), words, int(created) * 1000, words
                found.append(Session("opencode", str(name), str(path), 0, *about))
    except OSError:  # there may be room for the copy next time
        return known[1] if known else []
    _known[str(path)] = (seen, found)
    return found


def messages(
    db: "sqlite3.Connection", session: str, since: int
) -> Iterator[tuple[str, int, str, list[tuple[str, str]]]]:
    """The messages of a session from a time (milliseconds) on: id, time, data, parts."""
    for name, created, data in db.execute(_MESSAGES, (session, since)):
        yield name, created, data, db.execute(_PARTS, (name,)).fetchall()


@contextlib.contextmanager
def opened(path: Path, folder: Path) -> "Iterator[sqlite3.Connection]":
    """A copy of the database, for reading, in a folder that is made for it and goes with it.

    Raises sqlite3.Error or OSError.
    """
    import sqlite3  # noqa: PLC0415

    shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
    folder.mkdir(mode=0o700, parents=True)
    try:
        copy = _copied(path, folder)
        uri = copy.as_uri() if copy else f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            yield db
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Kept:
    """The database as it is now; one copy serves until its files change."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._db: sqlite3.Connection | None = None
        self._held = contextlib.ExitStack()

    def opened(self, path: Path, folder: Path) -> "sqlite3.Connection":
        """See `opened`."""
        of = (path, folder, _stamps(path))
        if self._db is None or of != self._of:
            self._db = None
            self._held.close()
            self._db, self._of = self._held.enter_context(opened(path, folder)), of
        return self._db


def _copied(path: Path, folder: Path) -> Path | None:
    """None for one that is too large. The files belong together when neither changed meanwhile."""
    if sum(_stamps(path)[::2]) > LARGEST:
        return None
    for _ in range(TRIES):
        before = _stamps(path)
        for suffix in ("", "-wal"):
            (folder / f"copy.db{suffix}").unlink(missing_ok=True)
            if os.path.exists(f"{path}{suffix}"):
                shutil.copyfile(f"{path}{suffix}", folder / f"copy.db{suffix}")
        if _stamps(path) == before:
            break
    return folder / "copy.db"


def _stamps(path: Path) -> tuple[int, ...]:
    """Size and time of the database and its log."""
    found: list[int] = []
    for suffix in ("", "-wal"):
        try:
            status = os.stat(f"{path}{suffix}")
        except OSError:
            found += [0, 0]
        else:
            found += [status.st_size, status.st_mtime_ns]
    return tuple(found)
