"""A conversation in a terminal: the agent's words once each on stdout, everything about them on stderr."""

import contextlib
import io
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.cli.calls import call
from agentguid.cli.output import safe
from agentguid.cli.transcript import Transcript


def added(text: str, item: str = "i1", **more: Any) -> dict[str, Any]:
    return {"type": "item.added", "data": {"item": item, "kind": "message", "body": {"text": text}, **more}}


def piece(text: str, offset: int, item: str = "i1", **more: Any) -> dict[str, Any]:
    return {"item": item, "kind": "message", "offset": offset, "text": text, **more}


class Screen:
    """Draws and tells what came out."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.drawing = Transcript()

    def out(self) -> str:
        return self._capsys.readouterr().out


@pytest.fixture
def screen(capsys: pytest.CaptureFixture[str]) -> Screen:
    return Screen(capsys)


def test_live_text_is_written_at_once_and_not_again_when_it_is_finished(screen: Screen) -> None:
    screen.drawing.live(piece("Hel", 0))
    assert screen.out() == "Hel"

    screen.drawing.live(piece("lo", 3))
    screen.drawing.event(added("Hello"))

    assert screen.out() == "lo\n"


@given(
    text=some.text(min_size=1, max_size=60),
    cuts=some.lists(some.integers(0, 60), max_size=6),
    again=some.integers(0, 6),
)
def test_however_it_is_cut_and_sent_again_each_character_comes_once(
    text: str, cuts: list[int], again: int
) -> None:
    """A connection that comes back starts with the whole open item."""
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [piece(text[a:b], a) for a, b in itertools.pairwise(edges)]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        drawing = Transcript()
        for one in pieces[:again]:
            drawing.live(one)
        for one in pieces:  # the new connection
            drawing.live(one)
        drawing.event(added(text))

    assert out.getvalue().rstrip("\n") == safe(text).rstrip("\n")


def test_what_came_only_with_the_finished_item_is_added(screen: Screen) -> None:
    screen.drawing.live(piece("Hel", 0))

    screen.drawing.event(added("Hello"))

    assert screen.out() == "Hello\n"


def test_a_finished_item_that_differs_from_its_live_text_is_written_whole(screen: Screen) -> None:
    screen.drawing.live(piece("Hullo wor", 0))

    screen.drawing.event(added("Hello"))

    assert screen.out() == "Hullo wor\nHello\n"


def test_live_text_whose_beginning_was_missed_waits_for_the_finished_item(screen: Screen) -> None:
    screen.drawing.live(piece("lo", 3))
    assert screen.out() == ""

    screen.drawing.event(added("Hello"))

    assert screen.out() == "Hello\n"


def test_a_second_open_item_does_not_mix_into_the_first(screen: Screen) -> None:
    screen.drawing.live(piece("first", 0))
    screen.drawing.live(piece("second", 0, item="i2"))
    screen.drawing.event(added("second", item="i2"))
    screen.drawing.event(added("first and last"))

    assert screen.out() == "first\nsecond\n and last\n"


def test_a_tool_call_in_the_middle_of_live_text_does_not_repeat_it(screen: Screen) -> None:
    screen.drawing.live(piece("one ", 0))
    screen.drawing.event(
        {"type": "tool.started", "data": {"name": "Bash", "input": {"text": '{"command": "ls"}'}}}
    )
    screen.drawing.live(piece("two", 4))
    screen.drawing.event(added("one two"))

    assert screen.out() == "one \ntwo\n"


def test_only_the_agents_words_go_to_stdout(screen: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    for event in (
        {"type": "turn.started", "data": {"turn": "t", "body": {"text": "do it"}}},
        added("thinking", kind="thought"),
        added("from a sub-agent", item="i2", parent="i9"),
        {"type": "tool.started", "data": {"name": "Bash", "input": {"text": '{"command": "ls -l"}'}}},
        {"type": "tool.finished", "data": {"failed": True, "output": {"text": "no such file"}}},
        {
            "type": "approval.requested",
            "data": {
                "approval": "ap1",
                "tool": "Write",
                "input": {"text": '{"file_path": "x"}'},
                "reason": "outside",
            },
        },
        {"type": "approval.decided", "data": {"decision": "allow_once"}},
        added("Done."),
        {"type": "item.added", "data": None},
        {
            "type": "turn.ended",
            "data": {"turn": "t", "outcome": "error", "error": "it broke", "duration": 1500, "cost": 0.25},
        },
    ):
        screen.drawing.event(event)

    out, err = capsys.readouterr()

    assert out == "Done.\n"
    assert err.splitlines() == [
        "",
        "> do it",
        "· thought: thinking",
        "  · from a sub-agent",
        "✗ Bash ls -l · no such file",
        "? Write x",
        "  outside",
        "  answer with: agentguictl approvals allow ap1   (or: deny)",
        "  allow once",
        "(item.added: redacted)",
        "failed: it broke (1.5 s, $0.2500)",
    ]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ('{"description": "list", "command": "ls\\n-l"}', "Bash ls -l"),
        ('{"other": 1}', 'Bash {"other": 1}'),
        ("[1]", "Bash [1]"),
        ("not json \x1b[31m", "Bash not json ␛[31m"),
        ("", "Bash"),
    ],
)
def test_a_tool_call_is_told_by_its_most_telling_argument(arguments: str, shown: str) -> None:
    assert call("Bash", {"text": arguments}).strip() == shown


def test_a_body_beside_the_log_says_how_much_there_is(screen: Screen) -> None:
    event = added("the beginning")
    event["data"]["body"] |= {"blob": "00", "size": 123456}

    screen.drawing.event(event)

    assert screen.out() == "the beginning\n… (123456 bytes in all)\n"
