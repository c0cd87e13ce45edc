"""Opening the database: each setting is a named choice, and there are two kinds of connection."""

from pathlib import Path

import apsw

from agentguid.protocol.errors import LogBroken


def page_size(db: apsw.Connection) -> None:
    """8 KiB suits rows of about 1 KiB. Only counts before the first table is made."""
    db.pragma("page_size", 8192)


def wal(db: apsw.Connection) -> None:
    """Readers do not wait for the writer, and a commit is one fsync."""
    db.pragma("journal_mode", "wal")


def full(db: apsw.Connection) -> None:
    """What was acknowledged is on the disk, also after a power loss."""
    db.pragma("synchronous", "full")


def patience(db: apsw.Connection) -> None:
    """Somebody may look at the file with the sqlite3 shell."""
    db.set_busy_timeout(5000)


def bounded_journal(db: apsw.Connection) -> None:
    """The WAL file shrinks again after a long reader let it grow. What `checkpoints` does from `open` on, SQLite does before."""
    db.pragma("journal_size_limit", 64 << 20)
    db.pragma("wal_autocheckpoint", 1000)


def cache(db: apsw.Connection) -> None:
    """16 MB of pages."""
    db.pragma("cache_size", -16000)


def scratch_in_memory(db: apsw.Connection) -> None:
    """Every append is a savepoint; what is kept to undo it (some pages) need not go through a file: 7 of 23 µs."""
    db.pragma("temp_store", "memory")


def overwriting(db: apsw.Connection) -> None:
    """What is removed is overwritten with zeros, not only unlinked: the log can forget, and its read models with it."""
    db.pragma("secure_delete", True)


def mapped(db: apsw.Connection) -> None:
    """Readers only: a write error to a mapped file would be a signal."""
    db.pragma("mmap_size", 256 << 20)


def untrusting(db: apsw.Connection) -> None:
    """The schema in a file that came from elsewhere cannot call our functions."""
    db.pragma("trusted_schema", False)


def strict_quotes(db: apsw.Connection) -> None:
    """A misspelt column in double quotes is an error, not a string."""
    db.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    db.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)


def replacing_fires_triggers(db: apsw.Connection) -> None:
    """Without it INSERT OR REPLACE would go round the triggers that protect `event`."""
    db.pragma("recursive_triggers", True)


def query_only(db: apsw.Connection) -> None:
    """Says so in its own words when a reader writes."""
    db.pragma("query_only", True)


WRITER = (
    page_size,
    patience,
    wal,
    full,
    bounded_journal,
    cache,
    scratch_in_memory,
    untrusting,
    strict_quotes,
    replacing_fires_triggers,
    overwriting,
)
READER = (patience, cache, mapped, untrusting, strict_quotes, query_only)
DAMAGE = (apsw.CorruptError, apsw.NotADBError)
"""What SQLite says of a file that is not what it was."""


def writer(path: Path) -> apsw.Connection:
    """The one connection that writes; makes the file (0600) when there is none. `LogBroken` when it is no database."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        return _settled(apsw.Connection(str(path)), WRITER)
    except DAMAGE as error:
        raise damaged(path, error) from error
    except (apsw.Error, OSError) as error:
        raise LogBroken(f"{path} cannot be opened as the log: {error}") from error


def reader(path: Path) -> apsw.Connection:
    """A read-only connection, for use by one thread. The file must exist."""
    try:
        return _settled(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY), READER)
    except DAMAGE as error:
        raise damaged(path, error) from error
    except apsw.Error as error:
        raise LogBroken(f"{path} cannot be read: {error}") from error


def damaged(path: Path, error: Exception) -> LogBroken:
    """A log that is not what it was, and what to do about it."""
    return LogBroken(
        f"{path} is damaged: {error}. Move it, {path.name}-wal and {path.name}-shm away, then restore a backup: "
        "agentguictl restore DIR"
    )


def _settled(db: apsw.Connection, choices: tuple) -> apsw.Connection:  # type: ignore[type-arg]
    try:
        for choice in choices:
            choice(db)
    except BaseException:
        db.close()
        raise
    return db
