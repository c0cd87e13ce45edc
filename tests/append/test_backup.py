"""A backup comes back as it was, or not at all."""

import errno
from pathlib import Path

import apsw
import pytest

from agentguid.append.api import Append
from agentguid.append.backup import backup, restore
from agentguid.append.blobs import LIMIT, Blobs
from agentguid.append.log import Log
from agentguid.protocol.errors import LogBroken, Refused
from agentguid.protocol.events import ItemAdded
from agentguid.protocol.items import Body
from tests.append.conftest import Opener
from tests.append.support import PATIENCE, put


def silent(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture
def copy(opener: Opener, path: Path) -> Path:
    """A backup of a log with an event."""
    log = opener()
    put(log, "a", 0, "kept")
    log.close()
    backup(path.parent, path.parent / "copy", silent)
    return path.parent / "copy"


@pytest.mark.parametrize("left", ["", "-wal", "-shm", "-journal"])
def test_nothing_is_restored_beside_what_is_left_of_another_log(
    copy: Path, tmp_path: Path, left: str
) -> None:
    """SQLite would apply an old write-ahead log to the restored file."""
    data = tmp_path / "data"
    data.mkdir()
    (data / f"agentguid.db{left}").write_bytes(b"of another log")

    with pytest.raises(Refused, match="already") as refused:
        restore(copy, data, silent)

    assert str(data / f"agentguid.db{left}") in str(refused.value)
    assert (data / f"agentguid.db{left}").read_bytes() == b"of another log"
    (data / f"agentguid.db{left}").unlink()
    assert restore(copy, data, silent).position == 1


def test_all_that_is_to_be_moved_away_is_named(copy: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    parts = [data / f"agentguid.db{end}" for end in ("", "-wal", "-shm")]
    for part in parts:
        part.touch()

    with pytest.raises(Refused) as refused:
        restore(copy, data, silent)

    assert all(f"{part} " in f"{refused.value}".replace(",", " ") for part in parts)


def test_what_is_missing_or_damaged_is_named_and_keeps_nothing_else_out(
    opener: Opener, path: Path, tmp_path: Path
) -> None:
    log, blobs = opener(), Blobs(path.parent / "blobs")
    kept, lost, cut, unread = (_named(log, blobs, letter) for letter in "abcd")
    log.close()
    blobs.path(lost).unlink()
    blobs.path(unread).unlink()
    blobs.path(unread).mkdir()  # as on a bad disk, reading it is an OSError
    blobs.path(cut).write_bytes(b"c")

    made = backup(path.parent, tmp_path / "copy", silent)

    assert (made.blobs, sorted(made.missing)) == (1, sorted((lost, cut, unread)))
    assert restore(tmp_path / "copy", tmp_path / "data", silent) == made
    assert Blobs(tmp_path / "data" / "blobs").get(kept) == b"a" * (LIMIT + 1)


def test_a_target_that_is_full_is_no_backup(
    opener: Opener, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = opener()
    _named(log, Blobs(path.parent / "blobs"), "a")
    log.close()

    def full(self: Blobs, data: bytes) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Blobs, "put", full)

    with pytest.raises(OSError, match="No space left"):
        backup(path.parent, tmp_path / "copy", silent)

    assert not (tmp_path / "copy" / "backup.json").exists()


def _named(log: Log, blobs: Blobs, letter: str) -> str:
    shrunk = blobs.shrink(ItemAdded(item=letter, turn=None, kind="message", body=Body(letter * (LIMIT + 1))))
    log.submit(Append(letter, 0, [shrunk], 1, "user")).result(PATIENCE)
    assert isinstance(shrunk, ItemAdded)
    assert shrunk.body.blob
    return shrunk.body.blob


@pytest.mark.parametrize("damage", ["changed", "no database"])
def test_a_damaged_log_says_where_it_is_and_what_to_do(opener: Opener, path: Path, damage: str) -> None:
    log = opener()
    put(log, "a", 0, "said")
    log.close()
    if damage == "changed":
        db = apsw.Connection(str(path))
        for (trigger,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{trigger}"')
        db.execute("UPDATE event_data SET data = '{}'")
        db.close()
    else:
        path.write_bytes(b"no database" * 1000)

    with pytest.raises(LogBroken) as opened:
        Log(path, []).open()
    with pytest.raises(LogBroken) as copied:
        backup(path.parent, path.parent / "copy", silent)

    for broken in (opened, copied):
        assert str(path) in str(broken.value)
        assert "agentguictl restore DIR" in str(broken.value)
