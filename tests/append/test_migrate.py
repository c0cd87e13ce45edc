"""A database is brought to the present shape step by step; a step is made whole, once, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from agentguid import paths
from agentguid.append import connection
from agentguid.append.migrate import migrate
from agentguid.protocol.errors import LogBroken


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    opened = connection.writer(tmp_path / "x.db")
    yield opened
    opened.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "0001_first.sql").write_text("CREATE TABLE one (a); INSERT INTO one VALUES (1);")
    (made / "0002_second.sql").write_text(
        "CREATE TABLE two (b); -- a comment; with a semicolon\nDELETE FROM one;"
    )
    return made


def tables(db: apsw.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_each_file_is_applied_once_and_in_order(db: apsw.Connection, directory: Path) -> None:
    assert migrate(db, directory) == ["0001_first", "0002_second"]
    assert migrate(db, directory) == []
    assert db.execute("SELECT number, name FROM migration").fetchall() == [
        (1, "0001_first"),
        (2, "0002_second"),
    ]


def test_only_what_is_missing_is_applied(db: apsw.Connection, directory: Path) -> None:
    migrate(db, directory)
    (directory / "0010_third.sql").write_text("CREATE TABLE ten (c);")

    assert migrate(db, directory) == ["0010_third"]


def test_a_step_that_fails_leaves_nothing_and_may_be_made_again(db: apsw.Connection, directory: Path) -> None:
    second = directory / "0002_second.sql"
    good = second.read_text()
    second.write_text(good + "CREATE TABLE three (c); SELECT * FROM missing;")

    with pytest.raises(LogBroken, match=r"0002_second\.sql failed, the database is as it was: .*missing"):
        migrate(db, directory)
    assert tables(db) == {"migration", "one"}

    second.write_text(good)
    assert migrate(db, directory) == ["0002_second"]


def test_a_database_from_a_newer_version_is_refused_in_a_sentence(
    db: apsw.Connection, directory: Path
) -> None:
    migrate(db, directory)
    (directory / "0002_second.sql").unlink()

    with pytest.raises(
        LogBroken, match=r"newer version of agentguid \(migration 2, this one knows up to 1\)"
    ):
        migrate(db, directory)


def test_an_installation_without_migrations_is_refused(db: apsw.Connection, tmp_path: Path) -> None:
    with pytest.raises(LogBroken, match="incomplete"):
        migrate(db, tmp_path)


def test_our_own_tables_are_strict_and_have_rowids(db: apsw.Connection) -> None:
    migrate(db, paths.bundled("migrations"))

    loose = [
        name
        for _, name, kind, _, without_rowid, strict in db.execute("PRAGMA table_list")
        if kind == "table" and not name.startswith("sqlite_") and (without_rowid or not strict)
    ]
    assert loose == []
    assert db.pragma("page_size") == 8192
    assert (db.pragma("journal_mode"), db.pragma("synchronous")) == ("wal", 2)
