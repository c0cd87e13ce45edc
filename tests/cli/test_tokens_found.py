"""A token that a sign-in printed is found however the terminal has broken it; and what was switched on is switched off."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.cli.raw import Modes
from agentguid.cli.signing import found

TOKEN = "sk-ant-oat01-" + "aB3_-x9Z" * 11 + "AA"


@pytest.mark.parametrize("columns", [40, 61, 80, 100, 120, 200])
@pytest.mark.parametrize("margin", ["", "  ", " │ "])
def test_a_token_is_found_at_every_width(columns: int, margin: str) -> None:
    room = columns - 2 * len(margin)
    pieces = [TOKEN[place : place + room] for place in range(0, len(TOKEN), room)]
    text = (
        "Your token:\r\n\r\n"
        + "".join(f"\x1b[33m{piece}\x1b[39m\r\n" for piece in pieces)
        + "\r\nStore it securely.\r\n"
    )
    assert found(text.encode(), "sk-ant-oat", columns) == TOKEN


def test_what_stands_below_is_no_part_of_it() -> None:
    assert found(f"{TOKEN}\r\nStore\r\n".encode(), "sk-ant-oat", 120) == TOKEN
    assert found(f"token={TOKEN}; keep it\r\nabc\r\n".encode(), "sk-ant-oat", 80) == TOKEN


def test_the_last_one_counts_and_what_is_too_short_does_not() -> None:
    other = TOKEN.replace("AA", "ZZ")
    assert found(f"{TOKEN}\r\n\r\n{other}\r\n".encode(), "sk-ant-oat", 120) == other
    assert found(b"it begins with sk-ant-oat01-\r\n", "sk-ant-oat", 80) == ""
    assert found(b"", "sk-ant-oat", 80) == ""


@given(noise=some.binary(max_size=300), columns=some.integers(1, 300))
def test_noise_is_no_token(noise: bytes, columns: int) -> None:
    assert len(found(noise, "sk-ant-oat", columns)) in (0, *range(40, 1400))


def undone(*pieces: bytes) -> bytes:
    modes = Modes()
    for piece in pieces:
        modes.see(piece)
    return modes.undo


def test_what_a_program_switched_on_and_not_off_is_switched_off() -> None:
    assert undone(b"plain \x1b[31mred\x1b[0m") == b""
    assert undone(b"\x1b[?1049h\x1b[?25l") == b"\x1b[?1049l\x1b[?25h"
    assert undone(b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l") == b""
    assert undone(b"\x1b[?1000;1006h") == b"\x1b[?1000l\x1b[?1006l"
    assert undone(b"\x1b[>1u") == b"\x1b[<99u"
    assert undone(b"\x1b[>1u", b"\x1b[<u") == b""
    assert undone(b"\x1b[>4;2m") == b"\x1b[>4;0m"
    assert undone(b"\x1b[>4;2m\x1b[>4m") == b""


@given(cut=some.integers(0, 40))
def test_it_is_seen_wherever_the_bytes_are_cut(cut: int) -> None:
    data = b"text \x1b[?2004h more \x1b[?1002;1006h"
    assert undone(data[:cut], data[cut:]) == b"\x1b[?2004l\x1b[?1002l\x1b[?1006l"
