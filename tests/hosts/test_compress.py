"""A compressed tape reads as before; what is deleted is the oldest, and no more than the rule says."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.hosts import tape
from agentguid.hosts.compress import Kept, compress, victims

PAYLOADS = [b"%d " % number + b"x" * 300 + b"\n" for number in range(40)]


def write(directory: Path) -> None:
    writer = tape.Writer(str(directory), "h", segment=2000)
    for payload in PAYLOADS:
        writer.append(tape.OUT, payload)
    writer.close()


def read(directory: Path, offset: int = 0) -> list[tuple[int, int, bytes]]:
    return [
        (record.offset, record.end, record.payload) for record in tape.Reader(directory, offset).records()
    ]


def test_a_compressed_tape_reads_as_before_from_any_record(tmp_path: Path) -> None:
    write(tmp_path)
    before = read(tmp_path)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    saved = compress(tmp_path)
    assert saved == size - sum(path.stat().st_size for path in tmp_path.iterdir()) > 0
    assert all(name.endswith(".gz") for _, name in tape.segments(tmp_path))
    assert read(tmp_path) == before
    for index, (offset, _, _) in enumerate(before):
        assert read(tmp_path, offset) == before[index:]
    assert compress(tmp_path) == 0
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.iterdir())


def test_of_a_living_tape_only_what_is_committed_is_compressed(tmp_path: Path) -> None:
    writer = tape.Writer(str(tmp_path), "h", segment=2000)
    for payload in PAYLOADS[:20]:
        writer.append(tape.OUT, payload)
    before = read(tmp_path)
    compress(tmp_path, upto=before[12][0])
    forms = [name.endswith(".gz") for _, name in tape.segments(tmp_path)]
    assert forms == [True, True, False, False]
    reader = tape.Reader(tmp_path)
    assert len(list(reader.records())) == 20
    for payload in PAYLOADS[20:]:
        writer.append(tape.OUT, payload)
    writer.close()
    assert [record.payload for record in reader.records()] == PAYLOADS[20:]
    compress(tmp_path, upto=1 << 60)
    assert tape.segments(tmp_path)[-1][1].endswith(".tape")
    assert [payload for _, _, payload in read(tmp_path)] == PAYLOADS


def test_a_crash_in_the_middle_leaves_a_tape_that_reads_the_same(tmp_path: Path) -> None:
    """Both forms of a segment, and an unfinished file."""
    write(tmp_path)
    before = read(tmp_path)
    name = tape.segments(tmp_path)[1][1]
    plain = (tmp_path / name).read_bytes()
    compress(tmp_path)
    (tmp_path / name).write_bytes(plain)
    (tmp_path / name).with_suffix(".part").write_bytes(b"half")
    assert read(tmp_path) == before
    compress(tmp_path)
    assert read(tmp_path) == before
    assert not list(tmp_path.glob("*.part"))


@given(at=some.integers(0, 10_000), keep=some.integers(0, 300))
def test_a_damaged_compressed_segment_never_raises(
    tmp_path_factory: pytest.TempPathFactory, at: int, keep: int
) -> None:
    directory = tmp_path_factory.mktemp("tape")
    write(directory)
    before = read(directory)
    compress(directory)
    path = directory / tape.segments(directory)[1][1]
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 0xFF
    path.write_bytes(data[: max(keep, at % len(data))])
    found = read(directory)
    assert found == before[: len(found)]
    os.truncate(path, 0)
    assert (
        read(directory)
        == before[: len([1 for offset, _, _ in before if offset < tape.segments(directory)[1][0]])]
    )


def test_the_rule() -> None:
    tapes = [Kept("a", 10, 100), Kept("b", 20, 100), Kept("c", 30, 100), Kept("d", 40, 100)]
    assert victims(tapes, None, None) == []
    assert victims(tapes, 25, None) == ["c", "d"]
    assert victims(tapes, None, 100) == ["b", "c", "d"]
    assert victims(tapes, 35, 250) == ["c", "d"]
    assert victims(tapes, None, 0) == ["a", "b", "c", "d"]


@given(
    tapes=some.lists(
        some.builds(Kept, some.uuids().map(str), some.floats(0, 1e6), some.integers(0, 1000)), max_size=20
    ),
    age=some.none() | some.floats(0, 1e6),
    size=some.none() | some.integers(0, 5000),
)
def test_what_stays_keeps_the_rule_and_is_younger_than_what_goes(
    tapes: list[Kept], age: float | None, size: int | None
) -> None:
    gone = set(victims(tapes, age, size))
    stays = [kept for kept in tapes if kept.tape not in gone]
    goes = [kept for kept in tapes if kept.tape in gone]
    assert age is None or all(kept.age <= age for kept in stays)
    assert size is None or sum(kept.size for kept in stays) <= size
    assert all(one.age >= other.age for one in goes for other in stays)


def test_a_tape_that_is_not_there_has_nothing_to_compress(tmp_path: Path) -> None:
    assert compress(tmp_path / "gone") == 0
    assert compress(tmp_path / "gone", 100) == 0
