"""A live turn on a real terminal: what one sees, and the keys that answer."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentguid.cli.cells import cells
from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for
from tests.support.terminal import Terminal

CLI = [sys.executable, "-m", "agentguid.cli"]
Open = Callable[..., Terminal]


@pytest.fixture
def terminal(here: Here) -> Iterator[Open]:
    """`agentguictl` on a terminal."""
    opened: list[Terminal] = []

    def start(*args: str, columns: int = 80, stdin: bytes | None = None, **environ: str) -> Terminal:
        place = {**here.daemon.environ, **environ}
        opened.append(Terminal([*CLI, *args], place, here.daemon.work, columns=columns, stdin=stdin))
        return opened[-1]

    yield start
    for one in opened:
        one.__exit__(None, None, None)


def conversation_of(shown: Terminal) -> str:
    shown.expect("conversation: ")
    return shown.expect("\n").strip()


def asked(here: Here) -> list[str]:
    return [row["id"] for row in here.daemon.api("GET", "/approvals")["approvals"]]


def test_a_turn_is_watched_to_its_end(terminal: Open) -> None:
    shown = terminal("run", "think; tool; what", "--agent", "demo")

    assert shown.ends() == 0
    assert "I look at the folder\nfirst" in shown.screen.text  # wrapped at a word
    assert re.search(r"✓ Bash ls · ", shown.screen.text)
    assert re.search(r"^done \(", shown.screen.text, re.MULTILINE)
    assert shown.screen.text.count("I do not know what `what` means.") == 1


def test_each_word_comes_once_however_it_is_drawn(here: Here, terminal: Open) -> None:
    shown = terminal("run", "emit 200 deltas; long 3000", "--agent", "demo", columns=60)
    conversation = conversation_of(shown)

    assert shown.ends() == 0
    drawn = "".join(shown.screen.text.split())
    for said in here.said(conversation):
        assert drawn.count("".join(said.split())) >= 1
    assert drawn.count("@seq:199:") == 1


def test_no_line_is_wider_than_a_narrow_terminal(terminal: Open) -> None:
    shown = terminal("run", "ask; show me; tool", "--agent", "demo", columns=40)
    shown.expect("3 No")
    shown.send("1")

    assert shown.ends() == 0
    assert max(map(cells, shown.screen.text.splitlines())) < 40
    assert shown.screen.wrapped == 0


def test_a_question_is_answered_by_a_key(here: Here, terminal: Open) -> None:
    shown = terminal("run", "ask", "--agent", "demo")
    shown.expect("+ A note.")
    shown.expect("1 Yes")
    shown.send("1")

    shown.expect("allow once")
    assert shown.ends() == 0
    assert (here.daemon.work / "demo-note.txt").read_text() == "A note.\n"


def test_a_no_may_have_a_reason_which_the_agent_is_told(here: Here, terminal: Open) -> None:
    shown = terminal("run", "ask", "--agent", "demo")
    conversation = conversation_of(shown)
    shown.expect("3 No")
    shown.send("3")
    shown.expect("why not?")
    shown.send("pleasx\x7fe, not tödäy 日本")
    shown.expect("日本")
    shown.send("\r")

    assert shown.ends() == 0
    decided = [
        event
        for event in here.daemon.events(conversation=conversation)
        if event["type"] == "approval.decided"
    ]
    assert [(event["data"]["decision"], event["data"]["message"]) for event in decided] == [
        ("reject_once", "please, not tödäy 日本")
    ]


def test_a_no_can_be_taken_back_before_it_is_sent(here: Here, terminal: Open) -> None:
    shown = terminal("run", "ask", "--agent", "demo")
    shown.expect("3 No")
    shown.send("3")
    shown.expect("why not?")
    shown.send("\x1b")
    shown.expect("3 No")
    assert len(asked(here)) == 1
    shown.send("1")

    assert shown.ends() == 0


def test_other_keys_answer_nothing(here: Here, terminal: Open) -> None:
    shown = terminal("run", "ask", "--agent", "demo")
    shown.expect("3 No")
    shown.send("9y0\r\x1b[A")
    shown.send("1")

    shown.expect("allow once")
    assert shown.ends() == 0


def test_an_answer_from_elsewhere_takes_the_question_away(here: Here, terminal: Open) -> None:
    shown = terminal("run", "ask; emit 1", "--agent", "demo")
    shown.expect("3 No")

    here("approvals", "deny", asked(here)[0][:12], "--message", "from elsewhere")

    shown.expect("from elsewhere")
    assert shown.ends() == 0


def test_a_prompt_from_a_pipe_leaves_the_keyboard_for_answers(terminal: Open) -> None:
    shown = terminal("run", "-", "--agent", "demo", stdin=b"ask")
    shown.expect("1 Yes")
    shown.send("1")

    assert shown.ends() == 0


def test_ctrl_c_leaves_the_agent_at_work_and_says_so(here: Here, terminal: Open) -> None:
    shown = terminal("run", "sleep 60", "--agent", "demo")
    conversation = conversation_of(shown)
    shown.expect("Ctrl+C leaves")
    shown.send("\x03")

    assert shown.ends() == 130
    assert f"agentguictl follow {conversation[:8]}" in shown.screen.text
    assert here.daemon.latest(conversation)["status"] in ("active", "pending")  # type: ignore[index]
    here("stop", conversation)


def test_the_terminal_is_as_it_was_afterwards(here: Here, terminal: Open) -> None:
    shown = terminal("run", "sleep 60", "--agent", "demo")
    conversation = conversation_of(shown)
    shown.expect("Ctrl+C leaves")
    during = modes(shown)
    shown.process.send_signal(signal.SIGTERM)

    assert shown.ends() == 143
    assert "-echo" in during
    assert "-echo" not in modes(shown)
    here("stop", conversation)


def modes(shown: Terminal) -> list[str]:
    done = subprocess.run(["stty", "-a"], stdin=shown.master, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_resize_counts_from_the_next_word_on(here: Here, terminal: Open) -> None:
    shown = terminal("run", "sleep 2; long 800", "--agent", "demo", columns=100)
    shown.expect("Ctrl+C leaves")
    shown.resize(30)

    assert shown.ends() == 0
    lines = [line for line in shown.screen.text.splitlines() if "fox" in line or "dog" in line]
    assert len(lines) > 20
    assert max(map(cells, lines)) < 30


def test_stopping_elsewhere_ends_the_watching_with_exit_code_1(here: Here, terminal: Open) -> None:
    shown = terminal("run", "sleep 60", "--agent", "demo")
    conversation = conversation_of(shown)
    shown.expect("Ctrl+C leaves")
    here("stop", conversation)

    assert shown.ends() == 1
    assert "interrupted" in shown.screen.text


def test_following_without_a_name_finds_the_one_that_runs(here: Here, terminal: Open) -> None:
    wait_for(lambda: here.daemon.api("GET", "/status")["running"] == 0, "what other tests began to end")
    conversation = here.new()
    here("send", conversation, "ask")
    wait_for(lambda: asked(here), "the question")
    shown = terminal("follow")
    shown.expect("> ask")
    shown.expect("1 Yes")
    shown.send("1")

    assert shown.ends() == 0


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_colour_only_where_it_is_wanted(terminal: Open, environ: dict[str, str]) -> None:
    shown = terminal("run", "tool; emit 1", "--agent", "demo", **environ)

    assert shown.ends() == 0
    assert bool(re.search(r"\x1b\[[0-9;]*[1-9][0-9;]*m", shown.raw)) is not bool(environ)
    assert ("\x1b" in shown.raw) is (environ != {"TERM": "dumb"})


def test_what_an_agent_writes_cannot_steer_the_terminal(here: Here, terminal: Open) -> None:
    hostile = "\x1b]0:owned\x07 \x1b[2J \u202e"
    shown = terminal("run", f"emit 1; {hostile}", "--agent", "demo")
    conversation = conversation_of(shown)
    assert shown.ends() == 0
    again, listed = terminal("show", conversation), terminal("ls")

    for one in (shown, again, listed):
        assert one.ends() == 0
        assert "owned" in one.screen.text
        for steers in ("\x1b]", "\x1b[2J", "\u202e", "\x07"):
            assert steers not in one.raw


@pytest.mark.crash
def test_a_daemon_that_is_killed_costs_no_word_and_doubles_none(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path).start()
    try:
        here = Here(daemon)
        argv = [*CLI, "run", "emit 40 rate 20", "--agent", "demo"]
        with Terminal(argv, daemon.environ, daemon.work) as shown:
            shown.expect("@seq:5:")
            daemon.kill()
            shown.expect("trying again")
            daemon.start()

            assert shown.ends() == 0
            found = re.findall(r"@seq:(\d+):\d+@", shown.screen.text)
            assert found == [str(number) for number in range(40)]
            assert here
    finally:
        daemon.close()


def test_questions_are_answered_by_keys(here: Here, terminal: Open) -> None:
    shown = terminal("run", "question", "--agent", "demo")
    conversation = conversation_of(shown)
    shown.expect("1/2 [Greeting] How shall I greet you?")
    shown.send("4")
    shown.expect("Enter goes on, Esc goes back")
    shown.send("softly\r")
    shown.expect("2/2 [Topics]")
    shown.send("23")
    shown.expect("[x] Tea")
    shown.send("\r")

    assert shown.ends() == 0
    [decided] = [
        one for one in here.daemon.events(conversation=conversation) if one["type"] == "approval.decided"
    ]
    assert decided["data"]["answers"] == {
        "How shall I greet you?": {"words": "softly"},
        "What shall I greet you about?": {"chosen": ["Tests, passed or not", "Tea"]},
    }


def test_who_does_not_answer_a_question_may_say_why(here: Here, terminal: Open) -> None:
    shown = terminal("run", "question", "--agent", "demo")
    shown.expect("Esc answers nothing")
    shown.send("\x1b")
    shown.expect("why not?")
    shown.send("tomorrow\r")

    shown.expect("reject once: tomorrow")
    assert shown.ends() == 0


def test_a_plan_is_shown_whole_and_accepted_by_a_key(here: Here, terminal: Open) -> None:
    shown = terminal("run", "plan", "--agent", "demo", "--mode", "plan")
    conversation = conversation_of(shown)
    shown.expect("1. Write `demo-note.txt`")
    shown.expect("1 Yes, and accept edits")
    shown.send("1")

    assert shown.ends() == 0
    assert (here.daemon.work / "demo-note.txt").exists()
    assert here.daemon.api("GET", f"/conversations/{conversation}")["conversation"]["mode"] == "accept_edits"
