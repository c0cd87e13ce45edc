"""The output of a command, as its tape has it: bounded, and cut at characters."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from agentguid.effects import terminal
from agentguid.effects.terminal import Output
from agentguid.effects.terminals import Told
from agentguid.hosts import tape


def output_of(folder: Path, parts: list[tuple[int, bytes]], code: str | None = None) -> Output:
    writer = tape.Writer(str(folder), "h")
    for direction, data in parts:
        writer.append(direction, data)
    if code is not None:
        writer.append(tape.EXIT, tape.pack_fields(code=code))
    writer.close()
    output = Output(folder)
    while output.more():
        pass
    return output


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tape")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(some.text(max_size=60), some.integers(0, 80))
def test_the_last_bytes_are_whole_characters(
    tmp_path_factory: pytest.TempPathFactory, text: str, limit: int
) -> None:
    data = text.encode("utf-8", "replace")
    shown, cut = output_of(tmp_path_factory.mktemp("tape"), [(tape.OUT, data)]).last(limit)

    assert data.decode().endswith(shown)
    assert len(shown.encode()) <= limit
    assert cut == (len(data) > limit)
    assert len(shown.encode()) > min(limit, len(data)) - 4, "no more than a part of one character is left out"


def test_both_outlets_stand_in_the_order_in_which_they_came(folder: Path) -> None:
    parts = [(tape.OUT, b"a\n"), (tape.ERR, b"b\n"), (tape.OUT, b"c")]
    output = output_of(folder, parts, "-9")
    assert output.last(None) == ("a\nb\nc", False)
    assert (output.ended, output.code) == (True, -9)


def test_more_than_is_kept_loses_its_beginning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "KEPT", 100)
    output = output_of(folder, [(tape.OUT, b"%07d\n" % number) for number in range(1000)])
    text, cut = output.last(None)
    assert cut
    assert text.endswith("0000999\n")
    assert (len(output.kept), output.size) == (100, 8000)
    told = Told()
    assert told.rest(output) == text
    assert told.rest(output) == ""


def test_an_exit_that_nobody_saw_has_no_code(folder: Path) -> None:
    assert output_of(folder, [], "odd").code is None
    assert Output(folder / "nowhere").more() is False
