"""A tape gives back what was put on it, in order, whatever happened to its end."""

import errno
import itertools
import os
import resource
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.hosts import tape

GOLDEN = Path(__file__).parent / "golden" / "tape-1"
DIRECTIONS = [tape.OUT, tape.ERR, tape.IN, tape.START, tape.EXIT, tape.NOTE]
CONTENT = [
    (tape.START, b"pid 17\nstarted 4711\nboot b-1\nhost 16\n", "", 0),
    (tape.OUT, b'{"type":"system"}\n', "", 0),
    (tape.IN, b'{"type":"user"}\n', "prompt:t1", 0),
    (tape.ERR, b"caf\xc3\xa9 \xff\n", "", 0),
    (tape.OUT, b"half a ", "", tape.CONTINUES),
    (tape.OUT, b"line\n", "", 0),
    (tape.NOTE, b"", "", 0),
    (tape.EXIT, b"code -9\n", "", 0),
]


def write(directory: Path, content: list[tuple[int, bytes, str, int]], **options: int) -> None:
    writer = tape.Writer(str(directory), "hgolden", **options)
    for index, (direction, payload, name, flags) in enumerate(content):
        writer.append(direction, payload, name=name, flags=flags, at=1_700_000_000_000_000 + index)
    writer.close()


def read(directory: Path, offset: int = 0) -> list[tuple[int, bytes, str, int]]:
    found = list(tape.Reader(directory, offset).records())
    assert all(other.offset - one.end in (0, tape.TOP + 7) for one, other in itertools.pairwise(found))
    return [(record.direction, record.payload, record.id, record.flags) for record in found]


def test_writes_format_1_byte_for_byte(tmp_path: Path) -> None:
    write(tmp_path / "t", CONTENT)
    assert (tmp_path / "t" / "0000000000000000.tape").read_bytes() == (
        GOLDEN / "0000000000000000.tape"
    ).read_bytes()


def test_reads_format_1() -> None:
    assert read(GOLDEN) == CONTENT
    times = [record.at for record in tape.Reader(GOLDEN).records()]
    assert times == [1_700_000_000_000_000 + index for index in range(len(CONTENT))]


def test_a_reader_goes_on_where_it_stopped_when_the_tape_has_grown(tmp_path: Path) -> None:
    writer = tape.Writer(str(tmp_path), "h")
    reader = tape.Reader(tmp_path)
    for index in range(5):
        writer.append(tape.OUT, b"%d\n" % index)
        assert [record.payload for record in reader.records()] == [b"%d\n" % index]
        assert list(reader.records()) == []
        assert reader.offset == writer.end
    writer.close()


def test_reading_may_stop_and_go_on_at_any_record(tmp_path: Path) -> None:
    write(tmp_path, CONTENT, segment=128)
    whole = list(tape.Reader(tmp_path).records())
    for index, record in enumerate(whole):
        again = [one.payload for one in tape.Reader(tmp_path, record.offset).records()]
        assert again == [one.payload for one in whole[index:]]
    reader = tape.Reader(tmp_path)
    for record in whole:
        assert next(reader.records()).offset == record.offset


@given(
    content=some.lists(
        some.tuples(
            some.sampled_from(DIRECTIONS),
            some.binary(max_size=300),
            some.text(max_size=8),
            some.integers(0, 255),
        ),
        max_size=12,
    ),
    segment=some.sampled_from([1, 64, 200, 1000, tape.SEGMENT]),
)
def test_what_is_written_is_read_over_any_segments(
    tmp_path_factory: pytest.TempPathFactory, content: list[tuple[int, bytes, str, int]], segment: int
) -> None:
    directory = tmp_path_factory.mktemp("tape")
    content = [
        (direction, payload, name.replace("\ud800", ""), flags) for direction, payload, name, flags in content
    ]
    write(directory, content, segment=segment)
    assert read(directory) == content


def test_segments_are_contiguous_and_not_longer_than_told(tmp_path: Path) -> None:
    write(tmp_path, [(tape.OUT, b"x" * 90 + b"\n", "", 0)] * 20, segment=500)
    found = tape.segments(tmp_path)
    sizes = [(tmp_path / name).stat().st_size for _, name in found]
    assert len(found) > 3
    assert all(size <= 500 for size in sizes)
    assert [start for start, _ in found] == [0, *itertools.accumulate(sizes[:-1])]


def test_a_tail_torn_at_any_byte_is_ignored_and_then_cut(tmp_path: Path) -> None:
    """For every length of the last record: the rest is read, and a writer continues as if it had never been."""
    write(tmp_path / "whole", CONTENT)
    data = (tmp_path / "whole" / "0000000000000000.tape").read_bytes()
    last = list(tape.Reader(tmp_path / "whole").records())[-1]
    for length in range(last.offset, len(data)):
        directory = tmp_path / str(length)
        directory.mkdir()
        (directory / "0000000000000000.tape").write_bytes(data[:length])
        assert read(directory) == CONTENT[:-1]
        write(directory, CONTENT[-1:])
        assert read(directory) == CONTENT


def test_a_segment_torn_in_its_beginning_is_begun_again(tmp_path: Path) -> None:
    write(tmp_path / "whole", CONTENT, segment=150)
    start, name = tape.segments(tmp_path / "whole")[-1]
    for length in range(tape.TOP + len("hgolden")):
        directory = tmp_path / str(length)
        directory.mkdir()
        for _, other in tape.segments(tmp_path / "whole")[:-1]:
            (directory / other).write_bytes((tmp_path / "whole" / other).read_bytes())
        (directory / name).write_bytes((tmp_path / "whole" / name).read_bytes()[:length])
        before = read(directory)
        write(directory, CONTENT[:1], segment=150)
        assert read(directory) == [*before, CONTENT[0]]
        assert tape.segments(directory)[-1] == (start, name)


def test_a_tail_of_zeros_after_power_loss_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, CONTENT)
    with open(tmp_path / "0000000000000000.tape", "ab") as file:
        file.write(bytes(5000))
    assert read(tmp_path) == CONTENT


@given(at=some.integers(min_value=0), bit=some.integers(0, 7))
def test_a_flipped_bit_never_gives_a_wrong_record(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    directory = tmp_path_factory.mktemp("tape")
    data = bytearray((GOLDEN / "0000000000000000.tape").read_bytes())
    data[at % len(data)] ^= 1 << bit
    (directory / "0000000000000000.tape").write_bytes(data)
    found = read(directory)
    assert found == CONTENT[: len(found)]
    assert len(found) < len(CONTENT)


@given(noise=some.binary(max_size=400), headed=some.booleans(), offset=some.integers(0, 500))
def test_noise_is_read_as_nothing_and_never_raises(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, headed: bool, offset: int
) -> None:
    directory = tmp_path_factory.mktemp("tape")
    data = (GOLDEN / "0000000000000000.tape").read_bytes()[: tape.TOP + 7] if headed else b""
    (directory / "0000000000000000.tape").write_bytes(data + noise)
    (directory / "0000000000000100.tape.gz").write_bytes(noise)
    (directory / "not a segment").write_bytes(noise)
    (directory / "zzzzzzzzzzzzzzzz.tape").write_bytes(noise)
    assert read(directory, offset) == []


def test_a_tape_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere") == []
    write(tmp_path, CONTENT)
    assert read(tmp_path, 1 << 40) == []


def test_a_tape_of_a_later_format_is_not_guessed_at(tmp_path: Path) -> None:
    data = bytearray((GOLDEN / "0000000000000000.tape").read_bytes())
    data[8] = 2
    (tmp_path / "0000000000000000.tape").write_bytes(data)
    assert read(tmp_path) == []


def test_what_does_not_fit_on_the_disk_leaves_no_trace(tmp_path: Path) -> None:
    """A real limit of the kernel on the file's size: half the record is written, then taken back."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        writer = tape.Writer(str(tmp_path), "hgolden")
        writer.append(tape.OUT, b"first\n")
        size = os.path.getsize(tmp_path / "0000000000000000.tape")
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, resource.RLIM_INFINITY))
        try:
            writer.append(tape.OUT, b"x" * 1000)
        except OSError as error:
            if error.errno == errno.EFBIG and os.path.getsize(tmp_path / "0000000000000000.tape") == size:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                writer.append(tape.OUT, b"x" * 1000)
                os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [payload for _, payload, _, _ in read(tmp_path)] == [b"first\n", b"x" * 1000]


def test_fields_are_one_a_line_and_survive_anything() -> None:
    assert tape.fields(tape.pack_fields(code=-9, note="two\nlines")) == {"code": "-9", "note": "two lines"}
    assert tape.fields(b"\xff\xfe\nx\n") == {}
