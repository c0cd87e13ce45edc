"""A stop ends everything within five seconds, whatever the agent does: its turn, and all that it started."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.agents import replay
from tests.agents.recordings import FOLDER
from tests.hosts.tools import is_alive
from tests.sessions.acp import Mine
from tests.sessions.conftest import Bad
from tests.sessions.test_acp_terminals import pid_in
from tests.support import badagent
from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for

pytestmark = pytest.mark.serial

PROMISED = 5.0
"""Seconds. Made of our own clocks, which take three, four at most; the rest is for a slow machine."""
DEFIES = "trap '' TERM HUP && (setsid sleep 600 & echo $! > other) && echo $$ > pid && sleep 600 && sleep 600"
"""Of two processes, in two sessions, that only SIGKILL ends."""
LEAVES = "trap '' TERM HUP && (setsid sleep 600 > /dev/null 2>&1 & echo $! > left)"
"""Ends, and leaves such a one."""


def agents(daemon: Daemon) -> set[int]:
    """Every process that is neither the daemon nor a host."""
    assert daemon.process
    return set(daemon.descendants()) - {daemon.process.pid, *daemon.hosts()}


def by_api(daemon: Daemon, conversation: str) -> None:
    daemon.api("POST", f"/conversations/{conversation}/cancel")


def by_command(daemon: Daemon, conversation: str) -> None:
    Here(daemon)("stop", conversation)


def by_page(daemon: Daemon, conversation: str) -> None:
    assert daemon.form(f"/conversations/{conversation}/interruption", {})[0] == 303


Stop = Callable[[Daemon, str], None]


def all_ends(
    daemon: Daemon, conversation: str, stop: Stop, numbers: Iterable[int], *, agent: bool = True
) -> None:
    """From the click until the turn has ended, in the log and on the page, and none of the processes lives."""
    clicked = time.monotonic()
    stop(daemon, conversation)
    turn = daemon.ended(conversation)
    shown = daemon.request("GET", f"/conversations/{conversation}")[1]
    wait_for(
        lambda: not any(map(is_alive, numbers)) and not (agent and agents(daemon)), "every process to be gone"
    )
    took = time.monotonic() - clicked

    assert turn["status"] == "interrupted"
    assert b"Interrupted" in shown
    assert b'id="stop-button"' not in shown
    assert "turn.ended" in [event["type"] for event in daemon.events(0, conversation)]
    assert took <= PROMISED, f"it took {took:.1f} s"


def begun(daemon: Daemon) -> None:
    wait_for(lambda: any(name.startswith("prompt:") for name in daemon.inputs()), "it to have its prompt")


def family(daemon: Daemon, count: int) -> list[int]:
    file = daemon.work / "family"
    wait_for(lambda: file.exists() and file.read_text().count("\n") == count, "all of the family")
    return [int(word) for word in file.read_text().split()]


@pytest.mark.parametrize(
    ("habit", "stop", "children"),
    [
        ("dull", by_api, 0),
        ("silent", by_page, 0),
        ("stubborn", by_command, badagent.FAMILY),
        ("endless", by_api, 0),
    ],
)
def test_an_agent_that_does_not_obey_is_ended_in_time(
    bad: Bad, habit: str, stop: Stop, children: int
) -> None:
    """In its protocol, SIGTERM, in sessions of its own and without an environment, behind a full pipe."""
    daemon = bad(habit)
    conversation = daemon.conversation("claude-code")
    daemon.send(conversation, "begin")
    begun(daemon)
    numbers = family(daemon, children) if children else []
    if habit == "endless":
        wait_for(lambda: len(agents(daemon)) == 2, "the agent and what it started")

    all_ends(daemon, conversation, stop, [*numbers, *agents(daemon)])


def test_an_agent_that_obeys_is_through_in_time_and_so_are_its_commands(mine: Mine) -> None:
    """The agent itself stays, for the next turn."""
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    daemon.send(conversation, f"start {DEFIES}; slow")
    numbers = [pid_in(daemon), pid_in(daemon, "other")]
    before = agents(daemon) - set(numbers)

    all_ends(daemon, conversation, by_page, numbers, agent=False)

    assert agents(daemon) & before, "it was ended although it had obeyed"


def test_commands_of_an_agent_that_does_not_obey_end_in_time_and_what_they_left(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    daemon.send(conversation, f"run {LEAVES}; start {DEFIES}; deaf")
    numbers = [pid_in(daemon, name) for name in ("left", "pid", "other")]
    assert all(map(is_alive, numbers))

    all_ends(daemon, conversation, by_api, numbers)


@pytest.mark.parametrize("held", ["claude-code", "codex", "host"])
def test_who_is_held_by_a_signal_is_ended_in_time(bad: Bad, tmp_path: Path, held: str) -> None:
    transcript = FOLDER / "codex-app-server" / "permission-command-allow.ndjson.gz"
    replay.install(tmp_path / "programs", transcript, "codex", "codex-cli 0.169.0 (replay)")
    daemon = bad("silent")
    conversation = daemon.conversation("codex" if held == "codex" else "claude-code")
    daemon.send(conversation, "begin")
    begun(daemon)
    if held == "codex":
        wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "its request")
    numbers = agents(daemon)
    for number in daemon.hosts() if held == "host" else numbers:
        os.kill(number, signal.SIGSTOP)

    all_ends(daemon, conversation, by_api, numbers)
