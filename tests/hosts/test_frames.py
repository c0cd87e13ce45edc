"""Frames are the same bytes in every version, and nothing but frames is listened to."""

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.hosts import frames
from agentguid.hosts.frames import FrameError, Frames

GOLDEN = Path(__file__).parent / "golden" / "frames-1.bin"
ALL = [
    frames.hello(),
    frames.input_("prompt:t1", b"\x00caf\xc3\xa9\n"),
    frames.signal_("INT"),
    frames.offset(frames.ACK, 1 << 40),
    frames.frame(frames.EOF),
    frames.end(2000),
    frames.frame(frames.SYNC),
    frames.welcome(17, 18, 1 << 33, frames.EXITED),
    frames.poke(99, frames.PAUSED | frames.FULL),
    frames.taken("a", "new"),
    frames.taken("a", "known"),
    frames.taken("a", "refused", "the agent's input is closed"),
    frames.offset(frames.SYNCED, 99),
]
MEANING = [
    1,
    ("prompt:t1", b"\x00caf\xc3\xa9\n"),
    2,
    1 << 40,
    b"",
    2000,
    b"",
    (1, 17, 18, 1 << 33, 1),
    (99, 6),
    ("a", "new", ""),
    ("a", "known", ""),
    ("a", "refused", "the agent's input is closed"),
    99,
]
READERS: dict[int, Callable[[bytes], object]] = {
    frames.HELLO: frames.read_hello,
    frames.INPUT: frames.read_input,
    frames.SIGNAL: frames.read_signal,
    frames.ACK: frames.read_offset,
    frames.EOF: bytes,
    frames.END: frames.read_end,
    frames.SYNC: bytes,
    frames.RESIZE: frames.read_resize,
    frames.WELCOME: frames.read_welcome,
    frames.POKE: frames.read_poke,
    frames.TAKEN: frames.read_taken,
    frames.SYNCED: frames.read_offset,
}


def test_version_1_is_written_byte_for_byte() -> None:
    assert b"".join(ALL) == GOLDEN.read_bytes()


def test_version_1_is_read() -> None:
    found = [READERS[kind](payload) for kind, payload in Frames().feed(GOLDEN.read_bytes())]
    assert found == MEANING


def test_the_size_of_a_terminal_is_these_bytes() -> None:
    assert frames.resize(24, 80) == b"\x04\0\0\0\x08\x18\0\x50\0"
    assert frames.read_resize(b"\x18\0\x50\0") == (24, 80)


def test_the_daemon_reads_answers_that_a_later_version_made_longer() -> None:
    _, welcome = next(Frames().feed(ALL[7]))
    _, poke = next(Frames().feed(ALL[8]))
    assert frames.read_welcome(welcome + b"more") == MEANING[7]
    assert frames.read_poke(poke + b"more") == MEANING[8]


@given(cuts=some.lists(some.integers(0, 400)))
def test_frames_come_out_the_same_however_the_bytes_arrive(cuts: list[int]) -> None:
    data = b"".join(ALL)
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    cutter = Frames()
    found = [frame for start, stop in itertools.pairwise(places) for frame in cutter.feed(data[start:stop])]
    assert [frames.frame(kind, payload) for kind, payload in found] == ALL


@given(noise=some.binary(max_size=200))
def test_noise_raises_nothing_but_frame_error(noise: bytes) -> None:
    with contextlib.suppress(FrameError):
        for kind, payload in Frames().feed(noise):
            READERS[kind](payload)


@given(kind=some.sampled_from(sorted(READERS)), payload=some.binary(max_size=40))
def test_a_payload_of_noise_raises_nothing_but_frame_error(kind: int, payload: bytes) -> None:
    with contextlib.suppress(FrameError):
        READERS[kind](payload)


def test_a_frame_above_the_limit_is_refused_before_it_is_held() -> None:
    with pytest.raises(FrameError):
        list(Frames(64).feed(frames.frame(frames.INPUT, bytes(65))[:5]))


def test_an_input_without_an_id_is_refused() -> None:
    with pytest.raises(FrameError):
        frames.read_input(b"\0\0data")
