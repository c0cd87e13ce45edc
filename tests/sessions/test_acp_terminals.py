"""Commands that an ACP agent has us run, through the whole program: permission, output, ends, restarts, the folder."""

import contextlib
import http.client
import json
import os
import signal
from typing import Any

import pytest

from tests.hosts.tools import is_alive
from tests.sessions import acp
from tests.sessions.acp import Mine, ask, pending, texts, told, types
from tests.support.daemon import Daemon, wait_for


def over(daemon: Daemon, conversation: str) -> list[dict[str, Any]]:
    """All events, once every turn has ended."""

    def look() -> list[dict[str, Any]]:
        events = daemon.events(0, conversation)
        names = [event["type"] for event in events]
        return events if names.count("turn.started") == names.count("turn.ended") else []

    found: list[dict[str, Any]] = wait_for(look, "the end of the turn in the log")
    return found


def answers(daemon: Daemon, conversation: str) -> list[Any]:
    """What the agent says that it was answered."""
    over(daemon, conversation)
    said = "".join(texts(daemon, conversation))
    return [json.loads(one) for one in said.split("Answer: ")[1:]]


def command(request: dict[str, Any]) -> str:
    return str(json.loads(request["input"]["text"])["command"])


def finished(daemon: Daemon, conversation: str) -> list[str]:
    events = over(daemon, conversation)
    return [event["data"]["output"]["text"] for event in events if event["type"] == "tool.finished"]


def pid_in(daemon: Daemon, name: str = "pid") -> int:
    file = daemon.work / name
    wait_for(lambda: file.exists() and file.read_text().strip(), "the command to run")
    return int(file.read_text())


def gone(daemon: Daemon, pid: int, patience: float = 20) -> None:
    wait_for(lambda: not is_alive(pid), f"process {pid} to be gone\n{daemon.log()[-2000:]}", patience)


LASTS = "echo $$ > pid && exec sleep 600"


def test_a_command_runs_and_both_its_outlets_are_the_output_of_the_call(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    assert ask(daemon, conversation, "run echo one && echo two >&2 && exit 3")["status"] == "complete"

    [[ended, said]] = answers(daemon, conversation)
    assert ended == {"exitCode": 3, "signal": None}
    assert sorted(said["output"].split()) == ["one", "two"]
    assert (said["truncated"], said["exitStatus"]) == (False, ended)
    [output] = finished(daemon, conversation)
    assert output.startswith("Exit code: 3\n")
    assert sorted(output.split("\n", 1)[1].split()) == ["one", "two"]
    assert types(daemon, conversation).count("approval.requested") == 0
    wait_for(lambda: len(daemon.hosts()) == 1, "the host of the command to be gone")


def test_a_command_runs_where_and_with_what_the_agent_says(mine: Mine) -> None:
    daemon = mine()
    (daemon.work / "sub").mkdir()
    conversation = daemon.conversation("mine", mode="bypass")
    run = {
        "command": "sh",
        "args": ["-c", "pwd; echo $MINE $HOME; cat; echo read"],
        "env": [{"name": "MINE", "value": "a b"}],
        "cwd": str(daemon.work / "sub"),
    }
    ask(daemon, conversation, f"create {json.dumps(run).replace(';', '&&')}; wait; output")

    assert answers(daemon, conversation)[2]["output"].splitlines() == [
        str(daemon.work / "sub"),
        f"a b {daemon.environ['HOME']}",
        "read",
    ]


@pytest.mark.parametrize("decision", ["allow_once", "allow_always", "reject_once"])
def test_a_command_that_nobody_allowed_is_asked_for(mine: Mine, decision: str) -> None:
    """The agent goes on whatever the answer is. What was allowed for good is not asked for again."""
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "run touch made && echo done")
    request = pending(daemon)
    assert (request["tool"], command(request)) == ("Shell", "touch made && echo done")
    assert not (daemon.work / "made").exists()
    daemon.api("POST", f"/approvals/{request['id']}", {"decision": decision, "message": "Not today."})

    assert daemon.ended(conversation)["status"] == "complete"
    [answer] = answers(daemon, conversation)
    if decision == "reject_once":
        assert answer["message"] == "The user does not want this command to be run. Not today."
        assert not (daemon.work / "made").exists()
        return
    assert answer[1]["output"] == "done\n"
    assert (daemon.work / "made").exists()
    if decision == "allow_always":
        assert ask(daemon, conversation, "run touch made && echo done")["status"] == "complete"
    else:
        daemon.send(conversation, "run touch made && echo done")
        daemon.api("POST", f"/approvals/{pending(daemon)['id']}", {"decision": "reject_once"})
        daemon.ended(conversation)
    asked = 1 if decision == "allow_always" else 2
    assert types(daemon, conversation).count("approval.requested") == asked


def test_what_the_agent_was_allowed_is_not_asked_again_in_its_turn(mine: Mine) -> None:
    """Only this very command, and only in this turn."""
    daemon = mine()
    conversation = daemon.conversation("mine")
    daemon.send(conversation, "asked_run echo this; run echo this; run echo that")
    first = pending(daemon)
    assert [option["id"] for option in first["options"]] == ["y", "n"]
    daemon.api("POST", f"/approvals/{first['id']}", {"decision": "allow_once"})
    second = wait_for(
        lambda: next(
            (a for a in daemon.api("GET", "/approvals")["approvals"] if a["id"] != first["id"]), None
        ),
        "the other command to be asked for",
    )
    assert command(second) == "echo that"
    daemon.api("POST", f"/approvals/{second['id']}", {"decision": "allow_once"})
    assert daemon.ended(conversation)["status"] == "complete"

    assert [one[1]["output"] for one in answers(daemon, conversation)] == ["this\n", "this\n", "that\n"]
    daemon.send(conversation, "run echo this")
    assert command(pending(daemon)) == "echo this"


@pytest.mark.parametrize("cwd", ["/etc", "..", "away", "nothing"])
def test_nothing_runs_outside_the_working_directory(mine: Mine, cwd: str) -> None:
    daemon = mine()
    (daemon.work / "away").symlink_to("/etc")
    conversation = daemon.conversation("mine", mode="bypass")
    ask(daemon, conversation, f'create {{"command": "pwd", "cwd": "{cwd}"}}')

    [answer] = answers(daemon, conversation)
    words = "is no folder" if cwd == "nothing" else "outside the working directory"
    assert words in answer["message"]
    wait_for(lambda: len(daemon.hosts()) == 1, "no host of a command")


def test_long_output_loses_its_beginning_at_a_character(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    line = "for n in $(seq 200)\\ndo echo ééé$n\\ndone"
    ask(daemon, conversation, f'create {{"command": "{line}", "outputByteLimit": 100}}; wait; output')

    said = answers(daemon, conversation)[2]
    assert said["truncated"] is True
    assert said["output"].endswith("ééé200\n")
    assert 96 < len(said["output"].encode()) <= 100
    assert "�" not in said["output"]


def test_a_killed_command_can_still_be_read_and_a_released_one_cannot(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    ask(daemon, conversation, f"start echo here && {LASTS}; heard; kill; output; release; output")

    created, killed, said, released, after = answers(daemon, conversation)
    assert (killed, released) == ({}, {})
    assert said["output"] == "here\n"
    assert said["exitStatus"] == {"exitCode": None, "signal": "SIGTERM"}
    assert created["terminalId"] in after["message"]
    gone(daemon, pid_in(daemon))


def test_a_program_that_is_not_there_says_so(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    ask(daemon, conversation, 'create {"command": "nowhere", "args": ["x"]}; wait; output')

    _, ended, said = answers(daemon, conversation)
    assert ended["exitCode"] == 127
    assert "is it installed" in said["output"]


def test_no_more_commands_than_a_few_run_at_once(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    ask(daemon, conversation, "; ".join(["start sleep 600"] * 17))
    last = answers(daemon, conversation)[-1]
    assert "16 commands run already" in last["message"]
    daemon.api("DELETE", f"/conversations/{conversation}")
    wait_for(lambda: not daemon.hosts(), "every command to be gone")

    other = daemon.conversation("mine", mode="bypass")
    ask(daemon, other, "; ".join(["start true; wait"] * 18))
    assert all("terminalId" in one for one in answers(daemon, other)[::2]), "what has ended makes room"


def test_a_request_that_is_taken_back_is_answered_at_once(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    assert ask(daemon, conversation, f"hasty {LASTS}; kill")["status"] == "complete"
    assert answers(daemon, conversation)[1]["code"] == -32800


# -- the end of commands ----------------------------------------------------------------------------------------------
def test_a_stop_ends_what_runs(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    daemon.send(conversation, f"run {LASTS}")
    pid = pid_in(daemon)
    daemon.api("POST", f"/conversations/{conversation}/cancel")

    gone(daemon, pid)
    assert daemon.ended(conversation)["status"] == "interrupted"


@pytest.mark.parametrize("how", ["delete", "agent", "host"])
def test_a_command_ends_with_its_agent(mine: Mine, how: str) -> None:
    """Also one that defends itself, and what it has started in a session of its own."""
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    line = "trap '' TERM && (setsid sleep 600 & echo $! > other) && echo $$ > pid && sleep 600 && sleep 600"
    ask(daemon, conversation, f"start {line}")
    pid, other = pid_in(daemon), pid_in(daemon, "other")
    match how:
        case "delete":
            daemon.api("DELETE", f"/conversations/{conversation}")
        case "agent":
            daemon.send(conversation, "crash")
        case "host":
            [agent] = [one for one in daemon.hosts() if b"-t" not in _argv(one)]
            os.kill(agent, signal.SIGKILL)
    gone(daemon, pid)
    gone(daemon, other)
    wait_for(lambda: not daemon.hosts(), "every host to be gone")


def _argv(pid: int) -> bytes:
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().split(b"\0")[-2]


def test_an_agent_whose_command_runs_is_not_put_away(tmp_path: Any) -> None:
    with acp.maker(tmp_path, AGENTGUID_IDLE_MINUTES="0.01") as make:
        daemon = make()
        conversation = daemon.conversation("mine", mode="bypass")
        ask(daemon, conversation, f"start {LASTS}")
        pid = pid_in(daemon)
        quiet = daemon.conversation("mine")
        ask(daemon, quiet, "say nothing")
        wait_for(lambda: len(daemon.hosts()) == 2, "the other agent to be put away")
        assert is_alive(pid)


def test_a_command_that_never_stops_printing_is_ended_before_it_fills_the_disk(mine: Mine) -> None:
    daemon = mine()
    daemon.stop()
    daemon.start(first="from agentguid.effects import terminal; terminal.LARGEST = 3 << 20")
    conversation = daemon.conversation("mine", mode="bypass")
    daemon.send(conversation, "run yes")

    assert daemon.ended(conversation)["status"] == "complete"
    [[ended, said]] = answers(daemon, conversation)
    assert ended == {"exitCode": None, "signal": "SIGTERM"}
    assert (said["truncated"], len(said["output"])) == (True, 1000)
    kept = [
        event["data"]["output"] for event in over(daemon, conversation) if event["type"] == "tool.finished"
    ]
    assert "bytes before this are on the tape" in kept[0]["text"][:100]


# -- restarts ---------------------------------------------------------------------------------------------------------
def test_a_command_outlives_the_daemon_and_its_end_is_told(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    daemon.send(conversation, "run echo begun && until test -e go\ndo sleep 0.05\ndone && echo over")
    wait_for(lambda: told(daemon) and len(daemon.hosts()) == 2, "the command to run")
    wait_for(lambda: [line for line in told(daemon) if "result" in line], "the agent to know")
    daemon.kill()
    (daemon.work / "go").touch()
    daemon.start()

    assert daemon.ended(conversation)["status"] == "complete"
    [[ended, said]] = answers(daemon, conversation)
    assert (ended["exitCode"], said["output"]) == (0, "begun\nover\n")
    assert finished(daemon, conversation) == ["begun\nover\n"]


POINTS = (
    "effects.terminal_before_spawn",
    "effects.terminal_after_spawn",
    "effects.before_send:2",
    "effects.after_send:2",
)
MODES = ("bypass", "ask")
"""In turns; both at each point with the long numbers."""


@pytest.mark.parametrize(
    ("point", "mode"),
    [
        pytest.param(point, mode, marks=() if mode == MODES[place % 2] else pytest.mark.full)
        for place, point in enumerate(POINTS)
        for mode in MODES
    ],
)
def test_a_command_runs_once_wherever_the_daemon_dies(mine: Mine, point: str, mode: str) -> None:
    """Neither twice nor never: it is called after the request that asked for it."""
    daemon = mine()
    conversation = daemon.conversation("mine", mode=mode)
    ask(daemon, conversation, "say warm")
    daemon.stop()
    daemon.start(AGENTGUID_FAILPOINT=point)
    with contextlib.suppress(OSError, EOFError, AssertionError, http.client.HTTPException):
        daemon.send(conversation, "run echo once >> runs && echo done")
        if mode == "ask":
            daemon.api("POST", f"/approvals/{pending(daemon)['id']}", {"decision": "allow_once"})
    assert daemon.process
    daemon.process.wait(30)
    daemon.start()
    if mode == "ask" and (open_ := daemon.api("GET", "/approvals")["approvals"]):
        daemon.api("POST", f"/approvals/{open_[0]['id']}", {"decision": "allow_once"})

    assert daemon.ended(conversation)["status"] == "complete"
    assert (daemon.work / "runs").read_text() == "once\n"
    [[ended, said]] = answers(daemon, conversation)
    assert (ended["exitCode"], said["output"]) == (0, "done\n")
    assert types(daemon, conversation).count("approval.requested") == int(mode == "ask")


# -- what is seen -----------------------------------------------------------------------------------------------------
def test_what_a_command_prints_is_seen_while_it_runs(mine: Mine) -> None:
    daemon = mine()
    conversation = daemon.conversation("mine", mode="bypass")
    daemon.send(conversation, "run echo early && until test -e go\ndo sleep 0.05\ndone && echo late")

    def page() -> bool:
        status, html = daemon.request("GET", f"/conversations/{conversation}")
        return status == 200 and b"early" in html.split(b'id="live"')[-1]

    wait_for(page, "its output on the page")
    (daemon.work / "go").touch()
    assert daemon.ended(conversation)["status"] == "complete"
    assert finished(daemon, conversation) == ["early\nlate\n"]
    wait_for(
        lambda: b'id="live-' not in daemon.request("GET", f"/conversations/{conversation}")[1], "nothing live"
    )


@pytest.mark.parametrize("offered", [False, True])
def test_terminals_are_offered_where_the_user_says_so(mine: Mine, offered: bool) -> None:
    daemon = mine(terminals=offered)
    conversation = daemon.conversation("mine")
    ask(daemon, conversation, "say Hello")
    [greeting] = told(daemon, "initialize")
    assert greeting["params"]["clientCapabilities"]["terminal"] is offered
