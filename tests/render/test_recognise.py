"""The output of known programs is shown for what it is; what it was stays one click away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentguid.protocol.items import Body
from agentguid.render import ansi, tools
from agentguid.render.panels import Checks, Commits, Diff, Folded, Status, Terminal, Trace
from agentguid.render.recognise.git import recognise_git
from agentguid.render.recognise.tests import recognise_tests
from agentguid.render.recognise.traces import recognise_trace
from agentguid.render.tools.shell import seen_in
from tests.render.sampled import NAMES, sample

MANY = (
    ("test_greet.py::test_many", "AssertionError: assert 'hello Ada' == 'hell..."),
    ("test_greet.py::test_err", "RuntimeError: no"),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pytest", Checks("pytest", 2, 2, 2, MANY, "0.79 s")),
        ("pytest_ok", Checks("pytest", 2, 0, 0, (), "0.66 s")),
        ("unittest", Checks("unittest", 1, 1, 1, (("test_a (__main__.T.test_a)", ""),), "0.000 s")),
        ("cargo", Checks("cargo test", 1, 1, 1, (("tests::fails", ""),), "0.11 s")),
        ("nodetest", Checks("node --test", 1, 1, 1, (("breaks", ""),), "0.1 s")),
        ("jest", Checks("Jest", 7, 1, 1, (("totals with a discount", ""),), "1.337 s")),
        ("vitest", Checks("Vitest", 4, 1, 0, (("src/sum.test.ts > sum > adds negatives", ""),), "412ms")),
        ("mocha", Checks("Mocha", 1, 1, 0, (("Cart", ""),), "8ms")),
        ("go_v", Checks("go test", 1, 1, 1, (("TestSub", ""),))),
        ("go", Checks("go test", 2, 0, 0)),
        *((name, None) for name in NAMES if name.startswith(("git", "trace", "node_"))),
    ],
)
def test_test_runs(name: str, expected: Checks | None) -> None:
    assert recognise_tests(sample(name)) == expected


def test_colours_are_no_hindrance() -> None:
    found = recognise_tests(ansi.plain(sample("pytest_color")))

    assert found is not None
    assert (found.passed, found.failed, found.skipped, len(found.failures)) == (2, 2, 2, 2)


@pytest.mark.parametrize(
    "text",
    [
        "2 passed in the exam",
        "Tests: all good",
        "12 passing cars",
        "test result: fine",
        "ok",
        "# pass 3",
        "PASS",
    ],
)
def test_talk_of_tests_is_no_test_run(text: str) -> None:
    assert recognise_tests(text) is None


@pytest.mark.parametrize(
    ("name", "error", "frames", "last"),
    [
        (
            "traceback",
            "ValueError: bad value",
            2,
            ("/src/demo/tb.py:7", "outer", 'raise ValueError("bad value") from e'),
        ),
        (
            "node_trace",
            "TypeError: Cannot read properties of null (reading 'x')",
            8,
            ("[eval]:1:19", "f", ""),
        ),
        ("cargo", "assertion `left == right` failed: sums", 1, ("src/lib.rs:6:18", "tests::fails", "")),
    ],
)
def test_tracebacks(name: str, error: str, frames: int, last: tuple[str, str, str]) -> None:
    found = recognise_trace(sample(name))

    assert found is not None
    assert (found.error, len(found.frames), found.frames[-1]) == (error, frames, last)


STATUS = (
    ("Staged", (("renamed", "tb.py -> tc.py"),)),
    ("Not staged", (("deleted", "test_greet.py"), ("modified", "u.py"))),
    ("Untracked", (("new", "new.txt"),)),
)


@pytest.mark.parametrize(("name", "command"), [("git_status", "git status"), ("git_short", "git status -sb")])
def test_the_state_of_a_repository(name: str, command: str) -> None:
    assert recognise_git(sample(name), command) == (Status("master", STATUS),)


@pytest.mark.parametrize(
    ("name", "command"), [("git_log", "cd /x && git log"), ("git_oneline", "git log --oneline | head")]
)
def test_the_history(name: str, command: str) -> None:
    found = recognise_git(sample(name), command)

    assert isinstance(found[0], Commits)
    assert [(hash_[:7], subject) for hash_, subject, _ in found[0].rows] == [("8372ec1", "First")]


@pytest.mark.parametrize("command", ["git diff", "git --no-pager show HEAD", "cat x.patch"])
def test_changes(command: str) -> None:
    found = recognise_git(sample("git_diff"), command)

    assert [(panel.path, panel.counts) for panel in found if isinstance(panel, Diff)] == [
        ("test_greet.py", (0, 12)),
        ("u.py", (1, 0)),
    ]


@pytest.mark.parametrize("command", ["git status && git log", "cat notes", "git push", "echo status"])
def test_what_another_command_printed_is_not_taken_for_it(command: str) -> None:
    assert recognise_git(sample("git_status"), command) == ()


def test_a_history_that_shows_changes_is_not_shortened_to_its_commits() -> None:
    assert recognise_git(sample("git_log") + "\n" + sample("git_diff"), "git log -p") == ()


COMMANDS = st.sampled_from(
    ["", "git status", "git log", "git diff", "git show x", "pytest", "git status; git diff"]
)
PIECES = st.lists(
    st.sampled_from([line for name in NAMES for line in sample(name).splitlines()]), max_size=30
)


@given(PIECES | st.lists(st.text(max_size=40), max_size=10), COMMANDS)
def test_no_output_raises_and_all_of_it_stays_at_hand(lines: list[str], command: str) -> None:
    text = "\n".join(lines)
    seen_in(text, command)

    outcome = tools.outcome("Bash", Body(f'{{"command":"{command}"}}'), Body(text), False)
    whole = outcome.panels[-1] if outcome.panels else None
    if isinstance(whole, Folded):
        assert isinstance(outcome.panels[0], Checks | Trace | Status | Commits | Diff)
        whole = whole.panels[0]
    if isinstance(whole, Terminal):
        assert text.endswith(whole.text)
