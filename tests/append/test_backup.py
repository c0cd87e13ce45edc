"""A backup comes back as it was, or not at all."""

from pathlib import Path

import pytest

from agentguid.append.backup import backup, restore
from agentguid.protocol.errors import Refused
from tests.append.conftest import Opener
from tests.append.support import put


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
