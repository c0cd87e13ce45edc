"""Brings a database to the present shape, by numbered SQL files that are applied once and in order."""

import time
from pathlib import Path

import apsw

from agentguid.protocol.errors import LogBroken

RECORD = "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL) STRICT"


def migrate(db: apsw.Connection, directory: Path) -> list[str]:
    """Applies what is missing of `NNNN_<what>.sql`, each with its record in one transaction; returns their names.

    Raises `LogBroken` when a newer program has been at the database.
    """
    files = {int(file.name.partition("_")[0]): file for file in sorted(directory.glob("[0-9]*_*.sql"))}
    if not files:
        raise LogBroken(f"no migrations in {directory}: the installation is incomplete")
    done = _done(db)
    if done and max(done) > max(files):
        raise LogBroken(
            f"the database was last used by a newer version of agentguid (migration {max(done)}, this one knows up to "
            f"{max(files)}): install that version again, or restore a backup from before it"
        )
    return [_apply(db, number, files[number]) for number in sorted(files.keys() - done)]


def _done(db: apsw.Connection) -> set[int]:
    known = db.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'").get
    return {number for (number,) in db.execute("SELECT number FROM migration")} if known else set()


def _apply(db: apsw.Connection, number: int, file: Path) -> str:
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute(RECORD)
        db.execute(file.read_text(encoding="utf-8"))
        db.execute("INSERT INTO migration VALUES (?, ?, ?)", (number, file.stem, time.time_ns() // 1000))
    except apsw.Error as error:
        db.execute("ROLLBACK")
        raise LogBroken(f"migration {file.name} failed, the database is as it was: {error}") from error
    db.execute("COMMIT")
    return file.stem
