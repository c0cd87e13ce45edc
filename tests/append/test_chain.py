"""What was written can be shown to be what is there, also after some of it was forgotten."""

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from agentguid.append import chain, read
from agentguid.append.api import Append
from agentguid.append.log import Log
from agentguid.protocol.errors import LogBroken
from agentguid.protocol.events import Unreadable
from tests.append.conftest import Opener
from tests.append.support import PATIENCE, Titles, held, put, said

COLUMNS = ("position", "stream", "version", "type", "schema", "at", "actor", "cause", "hash", "chain")


@pytest.fixture
def copy(log: Log) -> Iterator[apsw.Connection]:
    """Five events in two streams, in memory and without the triggers that protect them."""
    put(log, "a", 0, "one", "two")
    log.submit(Append("b", 0, said("three"), 7, "user", "a cause")).result(PATIENCE)
    put(log, "a", 2, "four")
    put(log, "b", 1, "five")
    memory = apsw.Connection(":memory:")
    with closing(log.reader()) as db, memory.backup("main", db, "main") as backup:
        backup.step()
    for (name,) in memory.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        memory.execute(f"DROP TRIGGER {name}")
    yield memory
    memory.close()


def flips(value: int | str | bytes) -> Iterator[int | str | bytes]:
    """The value with one byte changed, for each byte."""
    if isinstance(value, int):
        yield value + 100
        return
    for place in range(len(value)):
        if isinstance(value, bytes):
            yield value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        else:
            yield value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]


def wrong(db: apsw.Connection) -> str:
    """What verify says; empty when all is well."""
    try:
        list(chain.verify(db))
    except LogBroken as error:
        return str(error)
    return ""


def test_a_chain_that_nobody_touched_verifies(copy: apsw.Connection) -> None:
    assert list(chain.verify(copy)) == [5]
    assert list(chain.verify(copy, 3)) == [5]
    assert list(chain.verify(copy, 5)) == []


@pytest.mark.parametrize("column", COLUMNS)
def test_a_flipped_byte_of_a_header_is_found_and_named(copy: apsw.Connection, column: str) -> None:
    tried = 0
    for position, old in copy.execute(
        f"SELECT position, {column} FROM event WHERE {column} IS NOT NULL"
    ).fetchall():
        for new in flips(old):
            copy.execute("BEGIN")
            copy.execute(f"UPDATE event SET {column} = ? WHERE position = ?", (new, position))
            assert f"event {position} " in wrong(copy), (position, new)
            copy.execute("ROLLBACK")
            tried += 1
    assert tried
    assert wrong(copy) == ""


@pytest.mark.parametrize("column", ["data", "salt"])
def test_a_flipped_byte_of_the_data_is_found_and_named(copy: apsw.Connection, column: str) -> None:
    for position, old in copy.execute(f"SELECT position, {column} FROM event_data").fetchall():
        for new in [*flips(old), None]:
            copy.execute(f"UPDATE event_data SET {column} = ? WHERE position = ?", (new, position))
            assert wrong(copy) == f"the data of event {position} was changed: its hash does not fit"
        copy.execute(f"UPDATE event_data SET {column} = ? WHERE position = ?", (old, position))
    assert wrong(copy) == ""


@pytest.mark.parametrize("position", [1, 2, 3, 4])
def test_a_missing_event_is_named(copy: apsw.Connection, position: int) -> None:
    copy.execute("DELETE FROM event WHERE position = ?", (position,))

    assert wrong(copy) == f"event {position} is missing"


def test_missing_data_that_was_not_redacted_is_named(copy: apsw.Connection) -> None:
    copy.execute("DELETE FROM event_data WHERE position = 2")

    assert wrong(copy) == "the data of event 2 is missing"


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_gap_in_the_versions_is_named_also_when_the_chain_was_made_to_fit(
    copy: apsw.Connection, after: int
) -> None:
    copy.execute("UPDATE event SET version = 9 WHERE position = 4")
    link = chain.GENESIS
    for row in copy.execute(
        "SELECT position, stream, version, type, schema, at, actor, cause, origin, hash FROM event ORDER BY position"
    ).fetchall():
        link = chain.link(link, row[:9], row[9])
        copy.execute("UPDATE event SET chain = ? WHERE position = ?", (link, row[0]))

    with pytest.raises(LogBroken, match=r"event 4 is version 9 of a, but [13] comes next"):
        list(chain.verify(copy, after))


def test_the_chain_is_what_its_description_says(copy: apsw.Connection) -> None:
    """Another program must come to the same values: this one uses no function of ours."""
    (salt, data), hashed, link = (
        copy.execute("SELECT salt, data FROM event_data WHERE position = 3").get,
        copy.execute("SELECT hash FROM event WHERE position = 3").get,
        copy.execute("SELECT chain FROM event WHERE position = 3").get,
    )
    before = copy.execute("SELECT chain FROM event WHERE position = 2").get
    header = b'[3,"b",1,"conversation.renamed",1,7,"user","a cause",null]'

    assert hashed == sha256(salt + data.encode()).digest()
    assert link == sha256(before + header + hashed).digest()


def test_verify_tells_how_far_it_is(log: Log, db: apsw.Connection) -> None:
    put(log, "a", 0, *["x"] * 1200)

    assert list(chain.verify(db)) == [500, 1000, 1200]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET actor = 'x' WHERE position = 1",
        "DELETE FROM event WHERE position = 1",
        "INSERT OR REPLACE INTO event SELECT * FROM event WHERE position = 1",
        "UPDATE event_data SET data = 'x'",
        "DELETE FROM event_data",
        "INSERT OR REPLACE INTO event_data VALUES (1, 'x', x'00')",
    ],
)
def test_the_database_itself_refuses_to_change_the_past(log: Log, statement: str) -> None:
    errors: list[str] = []
    put(log, "a", 0, "one")

    def attempt(db: apsw.Connection) -> bool:
        try:
            db.execute(statement)
        except apsw.ConstraintError as error:
            errors.append(str(error))
        return False

    log.background(attempt)
    with held(log):
        pass

    assert len(errors) == 1


def test_redaction_removes_every_trace_and_the_chain_still_verifies(opener: Opener, path: Path) -> None:
    log = opener((Titles(),))
    put(log, "a", 0, "public")
    log.submit(
        Append("a", 1, said("thesecretword", "also public"), 1, "user", snapshot=b"thesecretword")
    ).result(PATIENCE)
    put(log, "b", 0, "other")

    log.redact([2]).result(PATIENCE)

    with closing(log.reader()) as db:
        assert list(chain.verify(db)) == [4]
        assert read.at(db, [2])[2].event == Unreadable(redacted=True)
        assert read.snapshot(db, "a") is None
        assert models_of(db) == ["public", "also public", "other"]
    log.close()
    assert b"thesecretword" not in path.read_bytes()
    assert b"also public" in path.read_bytes()
    assert opener((Titles(),)).position == 4


def models_of(db: apsw.Connection) -> list[str]:
    return [text for (text,) in db.execute("SELECT text FROM title ORDER BY position")]


def test_redacting_twice_or_nothing_is_no_error(log: Log, db: apsw.Connection) -> None:
    put(log, "a", 0, "x", "y")
    for positions in ([1], [1], [], [99]):
        log.redact(positions).result(PATIENCE)

    assert list(chain.verify(db)) == [2]


def test_a_log_whose_tail_was_changed_does_not_open(opener: Opener, path: Path) -> None:
    log = opener()
    put(log, "a", 0, *["x"] * 300)
    log.close()
    db = apsw.Connection(str(path))
    db.execute(
        "DROP TRIGGER event_data_is_only_redacted; UPDATE event_data SET data = '{}' WHERE position = 250"
    )
    db.close()

    with pytest.raises(LogBroken, match="data of event 250 was changed"):
        opener()
