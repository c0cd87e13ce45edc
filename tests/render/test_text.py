"""Text as a reader can take it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from agentguid.protocol.events import ToolStarted
from agentguid.protocol.items import Body
from agentguid.render import text
from agentguid.render.status import Status, status
from agentguid.render.tools import outcome, view
from agentguid.render.tools.table import ENTRIES


@given(st.text())
def test_deceptive_characters_are_shown_by_their_number(content: str) -> None:
    shown = str(text.visible(content))

    assert not text.DECEPTIVE.search(shown)


@given(st.text("`<&\n a"))
def test_what_is_ticked_is_code_and_nothing_in_it_is_markup(content: str) -> None:
    shown = str(text.ticked(content))

    assert re.sub("</?code>", "`", shown) == str(escape(content))
    assert str(text.ticked(escape(content))) == shown


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("Run `a <b>` or `c`.", "Run <code>a &lt;b&gt;</code> or <code>c</code>."),
        ("`a\nb` `` `", "`a\nb` `` `"),
    ],
)
def test_what_stands_between_backticks_on_a_line_is_code(content: str, shown: str) -> None:
    assert str(text.ticked(content)) == shown


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (123_456, "123 KB"), (2_500_000, "2.5 MB")],
)
def test_sizes(count: int, words: str) -> None:
    assert text.size(count) == words


@pytest.mark.parametrize(
    ("milliseconds", "words"), [(7, "7 ms"), (2300, "2.3 s"), (61_000, "1 min 1 s"), (3_660_000, "1 h 1 min")]
)
def test_durations(milliseconds: int, words: str) -> None:
    assert text.duration(milliseconds) == words


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_a_view_of_a_call_survives_every_argument(value: object) -> None:
    import json

    keys = ("command", "todos", "edits", "file_path", "input", "changes", "questions", "content", "locations")
    output = Body(json.dumps(value))
    for name in (*(names.split()[0] for names, _ in ENTRIES), "mcp__a__b", "other"):
        for arguments in (
            value,
            dict.fromkeys(keys, value),
            {"kind": value, "title": "t", "rawInput": value},
        ):
            view(name, Body(json.dumps(arguments)))
            outcome(name, Body(json.dumps(arguments)), output, False)


@pytest.mark.parametrize(
    ("said", "pieces"),
    [
        ("nothing", [("nothing", "")]),
        ("Trying again in 45.0 s (2 of 10).", [("Trying again ", ""), ("in 45.0 s", "2026-11-18T11:07:25Z"), (" (2 of 10).", "")]),
        ("lifted at 2026-11-26 01:30 UTC.", [("lifted at ", ""), ("2026-11-26 01:30 UTC", "2026-11-26T01:30:00Z"), (".", "")]),
        ("at 2026-11-26T01:30:05.5Z", [("at ", ""), ("2026-11-26T01:30:05.5Z", "2026-11-26T01:30:05Z"), ("", "")]),
    ],
)  # fmt: skip
def test_points_in_time_within_a_sentence(said: str, pieces: list[tuple[str, str]]) -> None:
    assert text.timed(said, 1_795_000_000_000_000) == pieces


@given(st.text())
def test_a_sentence_is_the_same_with_its_times_marked(said: str) -> None:
    assert "".join(piece for piece, _ in text.timed(said, 0)) == said


class Row:
    turn: str | None = "t1"
    stopping = False
    waiting = 0
    last_outcome: str | None = None
    last_error: str | None = None
    retry_at: int | None = None
    item_position = 0
    read_position = 0

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


class Alive:
    def __init__(self, phase: str, silent: int = 0, call: ToolStarted | None = None) -> None:
        self.phase, self.pid, self.silent, self.call = phase, 41877, silent, call


NOW = 10_000_000_000
PYTEST = ToolStarted(item="i1", turn="t1", name="Bash", input=Body('{"command": "pytest -q"}'))


@pytest.mark.parametrize(
    ("row", "alive", "words"),
    [
        (Row(), Alive("running"), "Running"),
        (Row(), Alive("running", NOW - 245_000_000), "Silent for 4 min"),
        (Row(), Alive("running", NOW - 45_000_000), "Silent for less than a minute"),
        (Row(), Alive("running", NOW - 245_000_000, PYTEST), "Running"),
        (Row(), Alive("starting"), "Starting"),
        (Row(), None, "Starting"),
        (Row(), Alive("catching_up"), "Catching up"),
        (Row(waiting=1), Alive("running", NOW - 245_000_000), "Waiting for you"),
        (Row(stopping=True), Alive("running", NOW - 245_000_000), "Stopping"),
        (Row(turn=None, last_outcome="error", last_error="no key"), None, "Failed"),
        (Row(turn=None, last_outcome="error", last_error="429", retry_at=5), None, "Waiting to retry"),
        (Row(turn=None, last_outcome="interrupted"), None, "Interrupted"),
        (Row(turn=None, last_outcome="complete", item_position=5), None, "New"),
        (Row(turn=None), None, "Ready"),
    ],
)
def test_the_state_is_said_in_words(row: Row, alive: Alive | None, words: str) -> None:
    assert status(row, alive, NOW).text == words


def test_what_keeps_agentguid_from_going_on_is_said_before_all_else_of_an_open_turn() -> None:
    shown: Status = status(Row(waiting=1), Alive("running"), NOW, trouble="no room")
    resting: Status = status(Row(turn=None), None, NOW, trouble="no room")

    assert (shown.key, shown.detail, shown.busy) == ("stuck", "no room", True)
    assert resting.text == "Ready"


def test_a_silent_agent_is_known_by_its_process() -> None:
    shown: Status = status(Row(), Alive("running", 1), NOW)

    assert shown.detail == "process 41877 alive"


def test_while_a_tool_runs_silence_is_its_own() -> None:
    shown: Status = status(Row(), Alive("running", NOW - 245_000_000, PYTEST), NOW)

    assert (shown.key, shown.detail) == ("running", "Bash for 4 min: pytest -q")
