"""Text as a reader can take it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentguid.protocol.items import Body
from agentguid.render import text
from agentguid.render.diff import diff
from agentguid.render.markdown import markdown
from agentguid.render.status import Status, status
from agentguid.render.tools import view
from tests.render.hostile import assert_inert


@given(st.text())
def test_deceptive_characters_are_shown_by_their_number(content: str) -> None:
    shown = str(text.visible(content))

    assert not text.DECEPTIVE.search(shown)


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


@given(st.text(st.sampled_from("ab\n"), max_size=40), st.text(st.sampled_from("ab\n"), max_size=40))
def test_a_diff_has_every_line_that_changed(old: str, new: str) -> None:
    rows = diff(old, new)

    kept = [row.text for row in rows if row.kind == ""]
    assert len(old.splitlines()) - sum(row.kind == "del" for row in rows) >= len(kept)
    for row in rows:
        if row.kind in ("", "del") and row.old:
            assert old.splitlines()[row.old - 1] == row.text
        if row.kind in ("", "add") and row.new:
            assert new.splitlines()[row.new - 1] == row.text
    if old.splitlines() == new.splitlines():
        assert rows == []


@given(st.text(st.sampled_from("<>/'\"=ahref img onscript[]()!:`~|-*_#\n &;x."), max_size=120))
def test_markdown_never_acts(source: str) -> None:
    assert_inert(markdown(source))


def test_remote_pictures_become_links() -> None:
    assert "<img" not in markdown("![chart](https://x.example/p.png)")
    assert ">image: chart</a>" in markdown("![chart](https://x.example/p.png)")


def test_the_markdown_that_agents_write_is_all_there() -> None:
    html = markdown(
        "# H\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n- [ ] open\n\n1. one\n\n> q\n\n~~s~~ **b** *e* `c`"
    )

    for tag in ("h1", "table", "th", "td", "ul", "ol", "li", "blockquote", "del", "strong", "em", "code"):
        assert f"<{tag}>" in html, tag
    assert "☑ done" in html
    assert "☐ open" in html


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_a_view_of_a_call_survives_every_argument(value: object) -> None:
    import json

    for name in (
        "Bash",
        "Read",
        "Edit",
        "MultiEdit",
        "TodoWrite",
        "Task",
        "Grep",
        "WebFetch",
        "Write",
        "other",
    ):
        for given_value in (value, {"command": value, "todos": value, "edits": value, "file_path": value}):
            view(name, Body(json.dumps(given_value)))


class Row:
    turn: str | None = "t1"
    stopping = False
    waiting = 0
    last_outcome: str | None = None
    last_error: str | None = None
    item_position = 0
    read_position = 0

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


class Alive:
    def __init__(self, phase: str, last_sign: int = 0) -> None:
        self.phase, self.pid, self.last_sign = phase, 41877, last_sign


NOW = 10_000_000_000


@pytest.mark.parametrize(
    ("row", "alive", "words"),
    [
        (Row(), Alive("running", NOW - 1_000_000), "Running"),
        (Row(), Alive("running", NOW - 245_000_000), "Silent for 4 min"),
        (Row(), Alive("starting"), "Starting"),
        (Row(), None, "Starting"),
        (Row(), Alive("catching_up"), "Catching up"),
        (Row(waiting=1), Alive("running", NOW), "Waiting for you"),
        (Row(stopping=True), Alive("running", NOW), "Stopping"),
        (Row(turn=None, last_outcome="error", last_error="no key"), None, "Failed"),
        (Row(turn=None, last_outcome="interrupted"), None, "Interrupted"),
        (Row(turn=None, last_outcome="complete", item_position=5), None, "New"),
        (Row(turn=None), None, "Ready"),
    ],
)
def test_the_state_is_said_in_words(row: Row, alive: Alive | None, words: str) -> None:
    assert status(row, alive, NOW).text == words


def test_a_silent_agent_is_known_by_its_process() -> None:
    shown: Status = status(Row(), Alive("running", 0), NOW)

    assert shown.detail == "process 41877 alive"
