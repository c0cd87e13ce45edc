"""Lines come out whole, in order, wherever records and pieces are cut."""

from hypothesis import given
from hypothesis import strategies as some

from agentguid.hosts import tape
from agentguid.hosts.lines import Line, Splitter
from agentguid.hosts.tape import Record


def tape_of(*parts: tuple[int, bytes, int]) -> list[Record]:
    """Records one behind the other, with heads of 20 bytes, from offset 100."""
    found, offset = [], 100
    for direction, payload, flags in parts:
        end = offset + 20 + len(payload)
        found.append(Record(offset, end, direction, flags, "", 7, payload))
        offset = end
    return found


def split(records: list[Record], longest: int = 1000) -> list[Line]:
    splitter = Splitter(longest)
    return [line for record in records for line in splitter.feed(record)]


def test_a_record_holds_whole_lines_at_their_offsets() -> None:
    (record,) = tape_of((tape.OUT, b"one\n\ntwo\r\n", 0))
    assert split([record]) == [
        Line("out", 120, b"one", 7, 124),
        Line("out", 124, b"", 7, 125),
        Line("out", 125, b"two", 7, 130),
    ]


def test_pieces_are_joined_across_records_of_other_directions() -> None:
    records = tape_of(
        (tape.OUT, b"a ", tape.CONTINUES),
        (tape.ERR, b"oops\n", 0),
        (tape.OUT, b"long ", tape.CONTINUES),
        (tape.OUT, b"line\nnext\n", 0),
    )
    assert split(records) == [
        Line("err", 142, b"oops", 7, 147),
        Line("out", 120, b"a long line", 7, 197),
        Line("out", 197, b"next", 7, 202),
    ]


def test_a_line_above_the_limit_comes_in_pieces_and_the_next_is_whole() -> None:
    records = tape_of((tape.OUT, b"abcdefgh", tape.CONTINUES), (tape.OUT, b"ij\nok\n", 0))
    assert split(records, longest=4) == [
        Line("out", 120, b"abcd", 7, 124, piece=True),
        Line("out", 124, b"efgh", 7, 128, piece=True),
        Line("out", 148, b"ij", 7, 151, piece=True),
        Line("out", 151, b"ok", 7, 154),
    ]


def test_a_last_line_without_its_end_says_so() -> None:
    records = tape_of((tape.OUT, b"no end", 0), (tape.EXIT, b"code 3\n", 0))
    assert split(records) == [
        Line("out", 120, b"no end", 7, 126, ended=False),
        Line("exit", 126, b"", 7, 153, code=3),
    ]


def test_a_piece_that_nothing_follows_is_given_at_the_exit_or_when_closed() -> None:
    records = tape_of((tape.ERR, b"half\r", tape.CONTINUES), (tape.EXIT, b"code -9\nnote why not\n", 0))
    half = Line("err", 120, b"half\r", 7, 125, ended=False)
    assert split(records) == [half, Line("exit", 125, b"", 7, 166, code=-9, note="why not")]
    splitter = Splitter()
    assert list(splitter.feed(records[0])) == []
    assert not splitter.empty
    assert list(splitter.close()) == [half]
    assert splitter.empty


def test_an_input_is_one_line_with_its_id() -> None:
    record = Record(0, 26, tape.IN, 0, "ab", 7, b"{}\n{}\n"[:4])
    assert split([record]) == [Line("in", 22, b"{}\n{", 7, 26, id="ab")]
    assert split(tape_of((tape.START, b"pid 1\n", 0), (tape.NOTE, b"hm", 0))) == []


PARTS = some.lists(
    some.tuples(
        some.sampled_from([tape.OUT, tape.ERR]),
        some.lists(some.sampled_from([b"a", b"\n", b"bc\n", b"\r\n", b"defgh"]), max_size=4).map(b"".join),
        some.sampled_from([0, tape.CONTINUES]),
    ),
    max_size=12,
)


def honest(parts: list[tuple[int, bytes, int]]) -> list[Record]:
    """As a host writes: a record that does not end a line says that it continues."""
    return tape_of(*((d, p, tape.CONTINUES if p and not p.endswith(b"\n") else 0) for d, p, _ in parts))


@given(parts=PARTS, longest=some.integers(1, 12))
def test_no_byte_is_lost_doubled_or_moved(parts: list[tuple[int, bytes, int]], longest: int) -> None:
    records = honest(parts)
    splitter = Splitter(longest)
    lines = [line for record in records for line in splitter.feed(record)] + list(splitter.close())
    for name, direction in (("out", tape.OUT), ("err", tape.ERR)):
        whole = b"".join(record.payload for record in records if record.direction == direction)
        data = b"".join(line.data for line in lines if line.direction == name)
        assert data.replace(b"\r", b"") == whole.replace(b"\n", b"").replace(b"\r", b"")
        assert all(len(line.data) <= longest + 1 for line in lines)


@given(parts=PARTS)
def test_reading_may_begin_at_any_record_before_which_the_splitter_was_empty(
    parts: list[tuple[int, bytes, int]],
) -> None:
    records = honest(parts)
    splitter, whole, anchors = Splitter(5), [], []
    for index, record in enumerate(records):
        if splitter.empty:
            anchors.append((index, len(whole)))
        whole += splitter.feed(record)
    for index, count in anchors:
        assert split(records[index:], 5) == whole[count:]


@given(parts=PARTS)
def test_ends_grow_within_a_direction_and_a_lines_bytes_lie_where_it_says(
    parts: list[tuple[int, bytes, int]],
) -> None:
    records = honest(parts)
    lines = split(records)
    content = bytearray(max((record.end for record in records), default=0))
    for record in records:
        content[record.body : record.end] = record.payload
    assert [line.end for line in lines] == sorted(line.end for line in lines)
    for line in lines:
        assert content[line.offset : line.offset + 1] == (
            line.data[:1] or content[line.offset : line.offset + 1]
        )
