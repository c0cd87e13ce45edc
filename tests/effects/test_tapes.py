"""Old tapes become small and, by the user's rule, few; a living agent's tape is left alone."""

import os
import time
from pathlib import Path

from agentguid.effects.tapes import _folders, _tidy
from agentguid.hosts import tape


def write(folder: Path, words: str, days: float = 0) -> Path:
    writer = tape.Writer(str(folder), folder.name)
    for number in range(200):
        writer.append(tape.OUT, f"{words} {number}\n".encode() * 20)
    writer.close()
    then = time.time() - days * 86_400
    for file in folder.iterdir():
        os.utime(file, (then, then))
    return folder


def said(folder: Path) -> bytes:
    return b"".join(record.payload for record in tape.Reader(folder).records())


def test_an_ended_tape_is_compressed_and_reads_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "one", "hello")
    before, size = said(folder), sum(file.stat().st_size for file in folder.iterdir())

    _tidy([folder], days=90, megabytes=1000)

    assert said(folder) == before
    assert sum(file.stat().st_size for file in folder.iterdir()) < size / 5


def test_the_oldest_go_when_there_is_too_much(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", "hello", days=2), write(tmp_path / "new", "hello", days=1)

    _tidy([new, old], days=90, megabytes=sum(f.stat().st_size for f in new.iterdir()) / 2**20 / 20)

    assert not old.exists()


def test_what_is_older_than_the_rule_goes(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", "hello", days=100), write(tmp_path / "new", "hello", days=1)

    _tidy(_folders(tmp_path), days=90, megabytes=1000)

    assert not old.exists()
    assert new.exists()


def test_a_tape_that_was_never_begun_or_has_just_gone_is_no_error(tmp_path: Path) -> None:
    """A host may die before its first record; a forgotten conversation takes its tapes with it."""
    (tmp_path / "empty").mkdir()
    other = write(tmp_path / "other", "hello")
    before = said(other)

    _tidy([tmp_path / "empty", tmp_path / "gone", other], days=90, megabytes=1000)

    assert said(other) == before
    assert not list(other.glob("*.tape"))
