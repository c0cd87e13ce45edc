"""Terminals: opened for agents, attached to over a WebSocket, found again after a crash, gone without a trace."""

import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentguid.hosts import kin, tape
from tests.conftest import FULL
from tests.support import signin
from tests.support.attached import TerminalSocket, runs
from tests.support.daemon import Daemon, wait_for

ODD = [sys.executable, "-I", signin.__file__]
FLOOD = 200_000 if FULL else 100_000
"""Lines: several times what is kept."""
SIGN_INS = {
    "flood": [*ODD, "flood", str(FLOOD)],
    "hold": [*ODD, "hold"],
    "shell": ["/bin/bash", "--norc", "-i"],
}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Its `claude` is the program that signs in; other agents have odd sign-ins."""
    signin.install(tmp_path / "bin")
    lines = [
        f"[agents.{name}]\ncommand = {json.dumps([*ODD, 'x'])}\nlogin_command = {json.dumps(command)}"
        for name, command in SIGN_INS.items()
    ]
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("\n".join(lines))
    running = Daemon(tmp_path, PATH=f"{tmp_path}/bin:{os.environ['PATH']}").start()
    wait_for(lambda: running.api("GET", "/agents/hold")["installed"], "the search")
    try:
        yield running
    finally:
        running.close()


def begin(daemon: Daemon, agent: str, **body: Any) -> str:
    answer = daemon.api("POST", f"/agents/{agent}/auth", body)
    assert answer["ok"]
    return str(answer["terminal"])


def tapes(daemon: Daemon) -> list[Path]:
    root = daemon.root / "run" / "terminals" / "tapes"
    return list(root.iterdir()) if root.is_dir() else []


def whole(daemon: Daemon) -> bytes:
    """Every byte of every file that the daemon has written."""
    found = [daemon.root / "daemon.log"]
    for folder in (daemon.data, daemon.root / "run", daemon.root / "config"):
        found += [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in found)


def test_a_sign_in_asks_is_answered_and_leaves_no_trace(daemon: Daemon) -> None:
    assert daemon.api("GET", "/agents/auth-status")["agents"][0]["authenticated"] is False
    with TerminalSocket(daemon, begin(daemon, "claude-code")) as terminal:
        terminal.until(b"Code: ")
        terminal.type(b"4711\r")
        assert terminal.exit() == {"type": "exit", "code": 0, "note": ""}
        assert signin.TOKEN.encode() in terminal.shown
        assert b"4711" not in terminal.shown
        assert terminal.code == 1000
    wait_for(lambda: not tapes(daemon), "the tape to be deleted")
    assert b"sk-ant" not in whole(daemon)
    assert b"4711" not in whole(daemon)
    status = daemon.api("GET", "/agents/auth-status")["agents"][0]
    assert (status["auth"], status["authenticated"]) == ("yes", True)
    assert status["detail"] == "`claude auth status` says so (code)"
    assert daemon.api("GET", "/agents/claude-code")["auth"] == "yes"


def test_a_sign_in_goes_on_when_the_daemon_is_killed(daemon: Daemon) -> None:
    id = begin(daemon, "claude-code")
    with TerminalSocket(daemon, id) as terminal:
        terminal.until(b"Code: ")
        daemon.kill()
        while terminal.read():
            pass
    daemon.start()
    with TerminalSocket(daemon, id, terminal.place) as again:
        again.type(b"4711\r")
        assert again.exit()["code"] == 0
        assert b"Open https" not in again.shown  # it had that before
        assert signin.TOKEN.encode() in again.shown
    with pytest.raises(AssertionError):
        begin(daemon, "no-such-agent")
    wait_for(lambda: not tapes(daemon), "the tape to be deleted")
    assert b"sk-ant" not in whole(daemon)


def test_an_end_while_there_is_no_daemon_is_told_by_the_next_one(daemon: Daemon) -> None:
    id = begin(daemon, "hold")
    with TerminalSocket(daemon, id) as terminal:
        terminal.until(b"holding")
        host = daemon.hosts()[0]
        daemon.kill()
    kin.strike(kin.descendants(host), 9)
    wait_for(lambda: not daemon.hosts(), "the host to go")
    daemon.start()
    with TerminalSocket(daemon, id) as again:
        assert again.exit()["code"] == -9
        assert b"holding" in again.shown
    wait_for(lambda: not tapes(daemon), "the tape to be deleted")


def test_what_a_killed_host_leaves_is_ended(daemon: Daemon) -> None:
    id = begin(daemon, "hold")
    with TerminalSocket(daemon, id) as terminal:
        terminal.until(b"holding")
        os.kill(daemon.hosts()[0], 9)
        assert terminal.exit() == {"type": "exit", "code": None, "note": "its host is gone"}
    wait_for(lambda: not runs(daemon, id), "its program to end")


def test_a_second_sign_in_of_an_agent_is_the_first(daemon: Daemon) -> None:
    id = begin(daemon, "hold")
    status, answer = daemon.request("POST", "/api/agents/hold/auth", {})
    assert status == 200
    assert json.loads(answer)["terminal"] == id
    listed = daemon.api("GET", "/terminals")["terminals"]
    assert [(one["id"], one["kind"], one["about"], one["ended"]) for one in listed] == [
        (id, "login", "hold", False)
    ]
    assert daemon.api("DELETE", f"/terminals/{id}") == {"ended": True}
    wait_for(lambda: not runs(daemon, id), "its program to end")


def test_whoever_is_attached_sees_and_types_the_same(daemon: Daemon) -> None:
    id = begin(daemon, "shell")
    with TerminalSocket(daemon, id) as one, TerminalSocket(daemon, id) as other:
        one.type(b"echo o''ne $((6*7))\r")
        assert b"one 42" in other.until(b"one 42\r\n")
        other.say(type="resize", rows=40, columns=123)
        other.type(b"stty size; exit 3\r")
        assert one.exit()["code"] == 3
        assert b"40 123\r\n" in one.shown


def test_a_close_ends_all_that_was_started(daemon: Daemon) -> None:
    id = begin(daemon, "shell")
    with TerminalSocket(daemon, id) as terminal:
        terminal.type(b"setsid sleep 1000 & nohup sleep 1001 & sleep 1002 & echo star''ted\r")
        terminal.until(b"started")
        wait_for(lambda: len(runs(daemon, id)) >= 4, "all to run")
        terminal.say(type="close")
        assert terminal.exit()
    assert not runs(daemon, id)


def test_a_flood_arrives_whole_at_who_reads_and_its_tape_stays_short(daemon: Daemon) -> None:
    id = begin(daemon, "flood")
    folder = tapes(daemon)[0]
    longest = 0
    with TerminalSocket(daemon, id) as terminal:
        while terminal.read():
            if folder.exists():
                longest = max(longest, len(tape.segments(folder)))
        assert terminal.shown.count(b"\r\n") == FLOOD + 1
        assert terminal.shown.endswith(b"the end\r\n")
    assert 2 <= longest <= 6


def test_who_comes_late_gets_the_last_words(daemon: Daemon) -> None:
    id = begin(daemon, "flood")
    wait_for(lambda: daemon.api("GET", f"/terminals/{id}")["ended"], "the end")
    with TerminalSocket(daemon, id) as terminal:
        assert terminal.exit()["code"] == 0
        assert 200 << 10 < len(terminal.shown) < 600 << 10
        assert terminal.shown.endswith(b"the end\r\n")
        assert not terminal.said[0]["whole"]


def test_who_comes_back_to_what_was_cut_out_begins_anew(daemon: Daemon) -> None:
    id = begin(daemon, "flood")
    with TerminalSocket(daemon, id) as terminal:
        while len(terminal.shown) < 2 << 20:
            assert terminal.read()
        with TerminalSocket(daemon, id, terminal.place) as joined:
            joined.until(b"\r\n")
            assert joined.said[0] == {"type": "begin", "at": terminal.at, "whole": True}
        terminal.exit()
        assert terminal.shown.count(b"\r\n") == FLOOD + 1
    id = begin(daemon, "flood")
    wait_for(lambda: daemon.api("GET", f"/terminals/{id}")["ended"], "the end")
    with TerminalSocket(daemon, id, (1_200_000, 5)) as lost:
        lost.exit()
        assert not lost.said[0]["whole"]
        assert lost.shown.endswith(b"the end\r\n")


def test_nonsense_costs_an_error_and_nothing_else(daemon: Daemon) -> None:
    chance = random.Random(7)
    id = begin(daemon, "shell")
    texts = [
        "",
        "{",
        "[]",
        "null",
        '{"type":"resize"}',
        '{"type":"resize","rows":0,"columns":-1}',
        '{"type":"resize","rows":"x"}',
        '{"type":"dance"}',
        "[" * 5000,
        '{"type":"resize","rows":1e400,"columns":1}',
        '{"type":"\ud83d"}'.encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        *("".join(chr(chance.randrange(32, 0x3000)) for _ in range(30)) for _ in range(30)),
    ]
    with TerminalSocket(daemon, id) as terminal:
        for text in texts:
            terminal.socket.send(text)
        for size in (70000, 1):
            terminal.say(type="resize", rows=size, columns=size)
        terminal.say(type="resize", rows=24, columns=80)
        terminal.type(b"echo st''ill\r")
        terminal.until(b"still\r\n")
        assert len([said for said in terminal.said if said["type"] == "error"]) == len(texts)
        for _ in range(20):
            terminal.type(chance.randbytes(chance.randrange(1, 4000)))
        terminal.say(type="close")
        assert terminal.exit()
    assert daemon.healthy()


def test_a_place_that_makes_no_sense_is_the_beginning(daemon: Daemon) -> None:
    id = begin(daemon, "hold")
    with TerminalSocket(daemon, id) as first:
        first.until(b"holding")
    for at in (1, 10**9, 10**20, 37):
        with TerminalSocket(daemon, id, (at, 0)) as terminal:
            terminal.until(b"holding")


def test_what_is_not_there_is_said(daemon: Daemon) -> None:
    assert daemon.request("POST", "/api/agents/demo/auth", {})[0] == 409
    with TerminalSocket(daemon, "nothing") as terminal:
        assert not terminal.read()
        assert terminal.code == 4404


def test_who_does_not_read_holds_up_nobody_else_and_is_told_what_he_missed(daemon: Daemon) -> None:
    id = begin(daemon, "flood")
    with TerminalSocket(daemon, id) as slow:
        assert slow.read()
        with TerminalSocket(daemon, id) as quick:
            assert quick.exit()["code"] == 0
            assert quick.shown.endswith(b"the end\r\n")
        assert slow.exit()["code"] == 0
        assert slow.shown.endswith(b"the end\r\n")
        # What was sent to it before is whole; then it is told that something is missing.
        assert len(slow.shown) < len(quick.shown)
        assert False in [said["whole"] for said in slow.said if said["type"] == "begin"]


def test_a_daemon_that_stops_with_its_agents_ends_terminals_and_without_leaves_them(daemon: Daemon) -> None:
    id = begin(daemon, "hold")
    with TerminalSocket(daemon, id) as terminal:
        terminal.until(b"holding")
        assert daemon.stop() == 0
        while terminal.read():
            pass
        assert terminal.code == 1012
    assert runs(daemon, id)
    daemon.start()
    daemon.api("POST", "/shutdown", {"agents": True})
    wait_for(lambda: not runs(daemon, id), "its program to end")
