"""A copy of the log and of what lies beside it, taken while the daemon works, and the way back.

A backup is a directory: `agentguid.db` as of one moment, the blobs that its events name, and `backup.json`, written
last: without it the backup is not complete. Tapes stay out: what they say is in the log.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import msgspec
from msgspec import Struct

from agentguid import __version__
from agentguid.append import files, read
from agentguid.append.blobs import Blobs
from agentguid.append.chain import verify
from agentguid.append.connection import damaged, reader
from agentguid.append.lock import acquire
from agentguid.protocol.errors import Invalid, LogBroken, NotFound, Refused

LOG, BLOBS, LABEL = "agentguid.db", "blobs", "backup.json"
BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps with a database: a write-ahead log that was left behind would be applied to whatever lies there."""
FORMAT = 1
PAGES = 2000
"""Pages that are copied at a time."""
_NAMED = re.compile(r'"blob":"([0-9a-f]{64})"')

Tell = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and of how much."""


class Label(Struct, frozen=True, kw_only=True):
    """What a backup says of itself."""

    format: int
    version: str
    """Of the program that made it."""
    log_id: str
    position: int
    blobs: int
    bytes: int
    """Of all files."""
    missing: list[str] = []
    """Blobs that the log names and that could not be copied: gone, not to be read, or not what they had been."""


def backup(data: Path, target: Path, tell: Tell) -> Label:
    """Copies and verifies. Raises `NotFound` without a log, `Refused` for a target in use, `LogBroken`.

    A blob that is missing, damaged or cannot be read is named and keeps nothing else out.
    """
    if not (data / LOG).exists():
        raise NotFound(f"there is no log at {data / LOG}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refused(f"{target} is there already; name a directory that is new or empty")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    _copy_log(data / LOG, target / LOG, tell)
    try:
        names = _checked(target / LOG, tell)
    except LogBroken as error:
        raise damaged(data / LOG, error) from error
    missing = []
    for count, digest in enumerate(names, 1):
        try:
            blob = Blobs(data / BLOBS).get(digest)
        except (KeyError, LogBroken, OSError):
            missing.append(digest)
        else:  # a target that is full ends it
            Blobs(target / BLOBS).put(blob)
        tell("copying blobs", count, len(names))
    label = _label(target, len(names) - len(missing), missing)
    _write(target / LABEL, msgspec.json.format(msgspec.json.encode(label)))
    return label


def restore(source: Path, data: Path, tell: Tell) -> Label:
    """Verifies a backup and makes it the log of an empty data directory that no daemon works on."""
    try:
        label = msgspec.json.decode((source / LABEL).read_bytes(), type=Label)
    except FileNotFoundError:
        raise NotFound(f"{source} is no backup, or one that was not finished: it has no {LABEL}") from None
    except msgspec.MsgspecError as error:
        raise Invalid(LABEL, f"of {source} cannot be read: {error}") from None
    if label.format > FORMAT:
        raise Refused(f"{source} was made by agentguid {label.version}; install that version or a newer one")
    names = _whole(source, label, tell)
    try:
        lock = acquire(data)
    except LogBroken as error:
        raise Refused(str(error)) from None
    with lock:
        if there := [path for end in BESIDE if (path := data / (LOG + end)).exists()]:
            raise Refused(
                f"there is a log already: move away {' and '.join(map(str, there))}, or set AGENTGUID_DATA_DIR"
            )
        for count, digest in enumerate(names, 1):
            _copy_blob(Blobs(source / BLOBS), Blobs(data / BLOBS), digest)
            tell("restoring blobs", count, len(names))
        part = data / f"{LOG}.part"
        with open(part, "wb", opener=files.private) as out, (source / LOG).open("rb") as given:
            shutil.copyfileobj(given, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        part.rename(data / LOG)
        files.sync(data)
    return label


def _copy_log(source: Path, target: Path, tell: Tell) -> None:
    """One moment of the log: the reading transaction stays open, so what is written meanwhile does not count."""
    db = reader(source)
    target.touch(mode=0o600)
    copy = apsw.Connection(str(target))
    try:
        db.execute("BEGIN")
        read.last(db)
        with copy.backup("main", db, "main") as work:
            while not work.done:
                work.step(PAGES)
                tell("copying the log", work.page_count - work.remaining, work.page_count)
        copy.pragma("journal_mode", "delete")
    except apsw.Error as error:
        raise LogBroken(f"{source} cannot be copied: {error}") from error
    finally:
        copy.close()
        db.close()


def _whole(source: Path, label: Label, tell: Tell) -> list[str]:
    """The blobs of a backup. Raises `LogBroken` when it is not what it was when it was made."""
    blobs = Blobs(source / BLOBS)
    try:
        names = [name for name in _checked(source / LOG, tell) if name not in label.missing]
    except LogBroken as error:
        raise LogBroken(f"{source} is damaged: {error}. Restore another backup") from error
    if lost := [name for name in names if not blobs.path(name).exists()]:
        raise LogBroken(
            f"{source} is damaged: {len(lost)} blobs are missing, the first is {blobs.path(lost[0])}. "
            "Restore another backup"
        )
    return names


def _checked(log: Path, tell: Tell) -> list[str]:
    """The blobs that a log names. Raises `LogBroken` when the chain does not hold."""
    try:
        db = reader(log)
        try:
            last = read.last(db)
            for position in verify(db):
                tell("verifying", position, last)
            names = sorted(set(_names(db)))
        finally:
            db.close()
    except apsw.Error as error:
        raise LogBroken(str(error)) from error
    return names


def _names(db: apsw.Connection) -> Iterator[str]:
    for (text,) in db.execute("SELECT data FROM event_data WHERE data LIKE '%\"blob\":%'"):
        yield from _NAMED.findall(text)


def _copy_blob(source: Blobs, target: Blobs, digest: str) -> None:
    if not target.path(digest).exists():
        target.put(source.get(digest))


def _label(folder: Path, blobs: int, missing: list[str]) -> Label:
    db = reader(folder / LOG)
    try:
        position, log_id = read.last(db), read.log_id(db)
    finally:
        db.close()
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Label(
        format=FORMAT,
        version=__version__,
        log_id=log_id,
        position=position,
        blobs=blobs,
        bytes=total,
        missing=missing,
    )


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb", opener=files.private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    files.sync(path.parent)
