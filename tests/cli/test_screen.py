"""What a terminal shows: text at word ends, lines below it that leave no trace, questions that take the right keys."""

import io
import itertools
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from agentguid.cli import asking, cells, keyboard
from agentguid.cli.asking import SETTLE, Answer, Asking
from agentguid.cli.calls import call, changes, steps
from agentguid.cli.ink import Ink
from agentguid.cli.output import safe
from agentguid.cli.screen import Screen
from agentguid.cli.transcript import Transcript
from tests.cli.test_transcript import added, piece
from tests.support.vt import Vt

MARKDOWN = some.text(alphabet="ab #*`~>-\n 日", max_size=80)


@given(text=MARKDOWN, cuts=some.lists(some.integers(1, 80), max_size=8))
@example(text="# **a** `b`\n```\n**\n```\n> *", cuts=[1, 2])
def test_styling_changes_no_character_however_text_is_cut(text: str, cuts: list[int]) -> None:
    ink, edges = Ink(), sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})

    pieces = [text[a:b] for a, b in itertools.pairwise(edges)]
    runs = [run for one in pieces for run in ink.write(one)] + list(ink.finish())

    assert "".join(run for run, _ in runs) == text


@pytest.mark.parametrize(
    ("text", "part", "style"),
    [
        ("# A title\n", "# A title\n", "1;36"),
        ("so **very** much", "very", "1"),
        ("call `f(x)` now", "f(x)", "36"),
        ("```\nx = **1**\n```\n", "x = **1**\n", "36"),
        ("> said\n", "> said\n", "2"),
        ("# no\n", "# no\n", "1;36"),
        ("#no heading\n", "#no heading\n", ""),
        ("2 * 3\n", "2 * 3\n", ""),
    ],
)
def test_markdown_is_styled(text: str, part: str, style: str) -> None:
    ink = Ink()
    runs = [*ink.write(text), *ink.finish()]

    assert (part, style) in runs


class Shown:
    """A screen, and what a terminal of that width makes of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
        monkeypatch.setattr("agentguid.cli.screen.columns", lambda: columns)
        self.out = io.StringIO()
        self.screen = Screen(self.out)
        self.columns = columns

    @property
    def vt(self) -> Vt:
        vt = Vt(self.columns)
        vt.feed(self.out.getvalue().replace("\r\n", "\n").replace("\n", "\r\n"))
        return vt


@given(
    text=some.text(alphabet="ab cde\n日本\t-", max_size=300),
    cuts=some.lists(some.integers(1, 300), max_size=10),
    columns=some.integers(12, 40),
)
def test_text_is_wrapped_and_nothing_is_lost_and_what_stood_below_is_gone(
    text: str, cuts: list[int], columns: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        shown = Shown(patch, columns)
        edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
        for a, b in itertools.pairwise(edges):
            shown.screen.words(text[a:b])
            shown.screen.below([("BELOW " * 9, "dim"), ("AND THIS", None)])
        shown.screen.close()

        assert "".join(shown.vt.text.split()) == "".join(text.split())
        assert shown.vt.wrapped == 0
        assert max(map(cells.cells, shown.vt.text.splitlines()), default=0) < columns


def test_words_stay_whole_where_they_can(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch, 12)

    for part in ("The qu", "ick bro", "wn fox and a", "verylongwordindeed"):
        shown.screen.words(part)

    assert shown.vt.text.splitlines() == ["The quick", "brown fox", "and", "averylongwo", "rdindeed"]


def test_what_stands_below_is_drawn_below_and_the_text_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch, 30)
    shown.screen.words("one ")
    shown.screen.below([("question?", "bold"), ("1 Yes", None)])
    assert shown.vt.text.splitlines() == ["one", "question?", "1 Yes"]
    assert (shown.vt.row, shown.vt.column) == (0, 4)

    shown.screen.words("two")
    assert shown.vt.text.splitlines() == ["one two"]


def test_text_waits_for_the_tool_line_that_it_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch, 60)
    drawing = Transcript(shown.screen)
    begun = {"item": "t", "name": "Bash", "input": {"text": '{"command": "ls"}'}}
    drawing.event({"type": "tool.started", "data": begun})
    drawing.live(piece("It ran", 0))
    drawing.live(piece(" well", 6))
    assert shown.vt.text == ""

    drawing.event({"type": "tool.finished", "data": {"item": "t", "output": {"text": "a\nb"}}})
    drawing.live(piece(".", 11))
    drawing.event(added("It ran well."))

    assert shown.vt.text.splitlines() == ["✓ Bash ls · a … 2 lines", "", "It ran well."]


def test_text_beside_a_tool_that_goes_on_comes_when_it_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch, 60)
    drawing = Transcript(shown.screen)
    drawing.event({"type": "tool.started", "data": {"item": "t", "name": "Bash", "input": {"text": "{}"}}})
    drawing.live(piece("Mean", 0))
    drawing.release()
    drawing.live(piece("while", 4))

    assert shown.vt.text == "Meanwhile"
    assert drawing.held == []


def test_a_text_that_begins_before_another_has_ended_streams_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = Shown(monkeypatch, 60)
    drawing = Transcript(shown.screen)
    drawing.live(piece("first", 0))
    drawing.live(piece("sec", 0, item="i2"))
    drawing.event(added("first"))
    drawing.live(piece("ond", 3, item="i2"))

    assert shown.vt.text.splitlines() == ["first", "second"]


def test_a_thought_is_drawn_apart_from_words(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(monkeypatch, 60)
    drawing = Transcript(shown.screen)
    drawing.live(piece("hm", 0, kind="thought"))
    drawing.event(added("hm…", kind="thought"))
    drawing.event(added("Yes.", item="i2"))

    assert shown.vt.text.splitlines() == ["hm…", "", "Yes."]


# -- questions -------------------------------------------------------------------------------------------------------
OPTIONS = [
    {"id": "a", "kind": "allow_once", "name": "Yes"},
    {"id": "b", "kind": "allow_always", "name": "Always in \x1b[31mthis folder"},
    {"id": "c", "kind": "reject_once", "name": "No"},
]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(asking.time, "monotonic", lambda: now[0])
    return now


def questions(clock: list[float], *names: str, **more: Any) -> Asking:
    found = Asking()
    for name in names:
        found.add(name, {"tool": "Bash", "input": {"text": "{}"}, "options": OPTIONS, **more})
    clock[0] += SETTLE
    return found


def test_a_question_takes_no_key_at_first(clock: list[float]) -> None:
    found = Asking()
    found.add("q1", {"tool": "Bash", "options": OPTIONS})
    assert (found.key("1"), found.lines(80)) == (None, [])

    clock[0] += SETTLE
    assert found.key("1") == Answer("q1", {"decision": "allow_once", "optionId": "a"})


def test_the_next_question_takes_no_key_at_first_either(clock: list[float]) -> None:
    found = questions(clock, "q1", "q2")

    assert found.key("2") == Answer("q1", {"decision": "allow_always", "optionId": "b"})
    assert found.key("2") is None
    clock[0] += SETTLE
    assert found.key("2") == Answer("q2", {"decision": "allow_always", "optionId": "b"})


def test_a_question_that_is_gone_is_not_answered(clock: list[float]) -> None:
    found = questions(clock, "q1")
    found.key("3")
    found.remove("q1")

    assert found.key("enter") is None
    assert found.lines(80) == []


def test_a_reason_is_typed_and_sent_with_enter(clock: list[float]) -> None:
    found = questions(clock, "q1")

    answers = [found.key(key) for key in ["3", *"noo", "backspace", " ", "1", "enter"]]

    assert answers[-1] == Answer("q1", {"decision": "reject_once", "optionId": "c", "message": "no 1"})
    assert answers[:-1] == [None] * (len(answers) - 1)


def test_an_agent_without_answers_of_its_own_gets_the_usual_ones(clock: list[float]) -> None:
    found = questions(clock, "q1", options=[])

    assert found.key("1") == Answer("q1", {"decision": "allow_once"})


@pytest.mark.parametrize("room", [20, 40, 79])
def test_answers_are_shown_whole_on_narrow_terminals_and_steer_nothing(clock: list[float], room: int) -> None:
    lines = [text for text, _ in questions(clock, "q1").lines(room)]

    assert "\x1b" not in "".join(lines)
    assert "1 Yes 2 Always in ␛[31mthis folder 3 No" in " ".join(" ".join(lines[1:]).split())


@given(some.text(max_size=30))
def test_keys_are_characters_or_names(text: str) -> None:
    for key in keyboard.parse(text):
        assert len(key) > 1 or key.isprintable()


def test_arrow_keys_and_the_like_are_no_keys() -> None:
    assert keyboard.parse("\x1b[A1\x1bOP\x1b[1;5C2\x1b") == ["1", "2", "escape"]


# -- calls -----------------------------------------------------------------------------------------------------------
def test_a_change_is_shown_as_lines() -> None:
    edit = {"text": '{"file_path": "x", "old_string": "a\\nb\\nc", "new_string": "a\\nB\\u001b\\nc"}'}

    assert [text for text, _ in changes(edit)] == ["    a", "  - b", "  + B␛", "    c"]


def test_a_command_of_several_lines_is_shown_whole_before_it_is_allowed() -> None:
    assert [text for text, _ in changes({"text": '{"command": "ls\\nrm -r /"}'})] == ["  ls", "  rm -r /"]


def test_a_plan_is_its_steps() -> None:
    plan = '{"todos": [{"content": "look", "status": "completed"}, {"content": "mend", "status": "in_progress"}]}'

    assert [text for text, _ in steps(plan)] == ["  ✓ look", "  ▸ mend"]
    assert steps("1. look") == []


@given(some.text(max_size=200))
def test_what_an_agent_sends_as_arguments_never_fails(text: str) -> None:
    for found in (call("x", {"text": text}), *(line for line, _ in changes({"text": text}))):
        assert safe(found) == found
    steps(text)


# -- cells -----------------------------------------------------------------------------------------------------------
@given(some.text(max_size=60), some.integers(1, 30))
def test_a_cut_text_fits(text: str, room: int) -> None:
    assert cells.cells(cells.cut(text, room)) <= room
    assert cells.cells(cells.cut_left(text, room)) <= room


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("a\u200db", 2), ("", 0)]
)
def test_width_in_cells(text: str, width: int) -> None:
    assert cells.cells(text) == width
