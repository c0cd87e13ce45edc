"""What verbs do when all is not well, and what they cost. How they work with a daemon: test_daemon."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentguid.cli.__main__ import main
from agentguid.cli.token import seconds
from agentguid.cli.verbs import VERBS
from tests.cli.conftest import Cli, Handler, Server

HOSTILE = "\x1b]0;owned\x07\u202e"
LISTED = {"conversations": [{"id": "abcd", "status": "running", "updated_at": 1}], "cursor": None}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])

    assert ended.value.code == 0
    assert f"agentguictl {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line", [["nonsense"], ["show"], ["events", "--after", "x"], ["token", "create"], ["ls", "--nonsense"]]
)
def test_a_wrong_command_line_is_a_usage_error(line: list[str], cli: Cli) -> None:
    done = cli(*line)

    assert (done.returncode, done.stdout) == (2, "")


def test_without_a_verb_the_verbs_are_listed(cli: Cli) -> None:
    done = cli()

    assert done.returncode == 2
    assert all(f"  {verb} " in done.stdout for verb in VERBS)


def test_what_waits_is_listed_once_although_an_older_daemon_knows_no_second_page(
    server: Server, cli: Cli
) -> None:
    rows = [{"id": f"a{number:03d}", "position": number, "tool": "Bash"} for number in range(100)]
    server.table["GET /approvals"] = {"approvals": rows, "total": 130}
    listed = json.loads(cli("approvals", "ls", "--json").stdout)["approvals"]

    assert [row["id"] for row in listed] == [row["id"] for row in rows]
    assert len(server.asked) == 2


def test_options_stand_before_the_verb_or_after_it(server: Server, cli: Cli) -> None:
    server.table["GET /status"] = {"well": True}

    assert cli("--json", "status").stdout == cli("status", "--json").stdout == '{"well":true}\n'


def test_what_the_daemon_says_of_an_ambiguous_id_is_passed_on(server: Server, cli: Cli) -> None:
    sentence = "ab stands for abc and abd; give more of it"
    server.table["POST /conversations/ab/cancel"] = lambda handler: handler.problem(409, sentence)

    done = cli("stop", "ab")

    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"agentguictl: {sentence}\n")


def test_an_id_cannot_leave_its_place_in_the_path(server: Server, cli: Cli) -> None:
    assert cli("stop", "../../x?y").returncode == 4
    assert server.asked[-1][1] == "/gm/api/conversations/..%2F..%2Fx%3Fy/cancel"


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_title_cannot_steer_the_terminal(server: Server, cli: Cli, flags: list[str]) -> None:
    row = {
        "id": "a" * 16,
        "title": HOSTILE,
        "status": "idle",
        "agentId": HOSTILE,
        "updated_at": 0,
        "workingDirectory": "/",
    }
    server.table["GET /conversations"] = {"conversations": [row], "cursor": None}

    done = cli("ls", *flags)

    assert done.returncode == 0
    assert "owned" in done.stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout)


def test_an_error_message_cannot_steer_the_terminal(server: Server, cli: Cli) -> None:
    server.table["GET /status"] = lambda handler: handler.problem(500, HOSTILE)

    done = cli("status")

    assert done.returncode == 1
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stderr)


def test_a_daemon_of_another_version_is_no_traceback(server: Server, cli: Cli) -> None:
    server.table["GET /status"] = {"version": "9.9"}

    done = cli("status")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "agentguictl doctor" in done.stderr


def test_no_colour_without_a_terminal(server: Server, cli: Cli) -> None:
    server.table["GET /conversations"] = LISTED

    assert "\x1b" not in cli("ls").stdout


@pytest.mark.parametrize(
    ("environ", "painted"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_on_a_terminal_unless_it_is_not_wanted(
    server: Server, places: dict[str, str], tmp_path: Path, environ: dict[str, str], painted: bool
) -> None:
    server.table["GET /conversations"] = LISTED
    ours, theirs = os.openpty()

    process = subprocess.Popen(
        [sys.executable, "-m", "agentguid.cli", "ls"],
        env={**places, "TERM": "xterm", **environ},
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # a terminal whose other side has ended reads as an error
        pass
    os.close(ours)

    assert process.wait(30) == 0
    assert b"running" in shown
    assert (b"\x1b[" in shown) is painted


def test_pages_of_a_list_are_put_together(server: Server, cli: Cli) -> None:
    def page(handler: Handler) -> None:
        import json

        second = "cursor=next" in handler.path
        row = {"id": "b" * 16 if second else "a" * 16, "status": "idle", "updated_at": 0}
        answer = {"conversations": [row], "cursor": None if second else "next"}
        handler.reply(200, json.dumps(answer).encode())

    server.table["GET /conversations"] = page

    assert [line[:8] for line in cli("ls", "-n", "0").stdout.splitlines()[1:]] == ["aaaaaaaa", "bbbbbbbb"]
    assert len(cli("ls", "-n", "1").stdout.splitlines()) == 2


def test_a_reader_that_has_enough_ends_it_quietly(
    server: Server, places: dict[str, str], tmp_path: Path
) -> None:
    line = '{"position":1,"stream":"s","type":"x","at":0,"data":{}}\n'
    server.table["GET /events"] = lambda handler: handler.stream(*[line * 1000] * 50)
    command = [sys.executable, "-m", "agentguid.cli", "events", "--json"]

    process = subprocess.Popen(
        command, env=places, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()

    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_ctrl_c_stops_watching_and_not_the_agent(
    server: Server, places: dict[str, str], tmp_path: Path
) -> None:
    row = {"id": "abc", "position": 1}
    server.table["GET /conversations/abc"] = {
        "conversation": row,
        "latestSession": {"id": "t1", "status": "active"},
    }
    server.table["GET /sessions/t1/chunks"] = {"chunks": [{"position": 1}]}
    live = '{"item":"i1","kind":"message","offset":0,"text":"at work"}'

    def endless(handler: Handler) -> None:
        handler.stream(f"event: live\ndata: {live}\n\n", end=False)
        handler.close_connection = False
        handler.rfile.read(1)  # until the client is gone

    server.table["GET /events"] = endless
    command = [sys.executable, "-m", "agentguid.cli", "follow", "abc"]
    process = subprocess.Popen(
        command, env=places, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.read(7) == b"at work"

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert b"agentguictl follow abc" in err
    assert b"agentguictl stop abc" in err
    assert not [path for method, path, _ in server.asked if method != "GET"]


def test_an_empty_message_is_not_sent(server: Server, cli: Cli) -> None:
    server.table["GET /conversations/abc"] = {"conversation": {"id": "abc", "position": 1}}

    assert cli("send", "abc", "-", stdin=" \n").returncode == 2
    assert not [path for method, path, _ in server.asked if method == "POST"]


@pytest.mark.parametrize(
    ("text", "expected"), [("90m", 5400), ("12h", 43200), ("30d", 2592000), ("4w", 2419200)]
)
def test_a_span_of_time_is_a_number_and_a_unit(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "0d", "1.5h", "9999999d"])
def test_any_other_span_is_refused(text: str, cli: Cli) -> None:
    assert cli("token", "create", "name", f"--expires={text}").returncode == 2


@pytest.mark.serial
def test_version_costs_at_most_five_starts_of_python() -> None:
    def cost(*args: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *args], stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began

    # In turns, so that a busy moment of the machine hits both.
    pairs = [(cost("-c", "pass"), cost("-m", "agentguid.cli", "version")) for _ in range(11)]

    assert statistics.median(verb / bare for bare, verb in pairs) <= 5
