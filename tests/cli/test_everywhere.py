"""What holds for every verb: without a daemon, with a wrong token, as JSON, on a narrow terminal, without colour."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.cli.cells import cells
from agentguid.cli.verbs import VERBS
from tests.cli.conftest import Cli
from tests.support.ctl import Here
from tests.support.daemon import Daemon, free_port
from tests.support.terminal import Terminal

NAME = "abcd1234"
ASKS = {
    "status": [],
    "run": ["hello", "--agent", "demo"],
    "ls": [],
    "follow": [NAME],
    "send": [NAME, "hello"],
    "stop": [NAME],
    "retry": [NAME],
    "show": [NAME],
    "export": [NAME],
    "approvals": ["ls"],
    "queue": ["ls", NAME],
    "open": ["--print"],
    "new": ["--agent", "demo"],
    "set": [NAME, "--mode", "plan"],
    "rename": [NAME, "title"],
    "pin": [NAME],
    "archive": [NAME],
    "rm": [NAME, "--yes"],
    "agents": ["ls"],
    "import": [],
    "events": [],
    "login": [],
    "token": ["ls"],
    "rebuild": [],
}
"""Verbs that need the daemon, each with a command line that is well-formed."""
LOCAL = {"backup", "restore", "verify", "doctor", "completion", "version"}
"""Verbs that do not."""
OTHERS = {"service", "config", "devices", "keys", "logs"}
"""Verbs with tests of their own."""


def test_every_verb_is_tried_here() -> None:
    assert {*ASKS, *LOCAL} == {*VERBS} - OTHERS


@pytest.mark.parametrize("verb", ASKS)
def test_without_a_daemon_every_verb_says_how_to_start_it(verb: str, cli: Cli) -> None:
    done = cli(verb, *ASKS[verb])

    assert (done.returncode, done.stdout) == (69, "")
    assert "start it with `agentguid`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ASKS)
def test_a_daemon_elsewhere_that_does_not_answer_is_exit_code_69(verb: str, cli: Cli) -> None:
    done = cli(verb, *ASKS[verb], "--url", f"http://127.0.0.1:{free_port()}/gm", "--token", "x")

    assert (done.returncode, done.stdout) == (69, "")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    daemon = Daemon(tmp_path_factory.mktemp("daemon")).start()
    try:
        here = Here(daemon)
        here(
            "run",
            "emit 2; tool",
            "--agent",
            "demo",
            "--title",
            "A title 日本語 that is much longer than a line has room for",
        )
        yield here
    finally:
        daemon.close()


@pytest.mark.parametrize("verb", ASKS)
def test_a_wrong_token_is_exit_code_77(verb: str, here: Here) -> None:
    done = here("--url", here.daemon.base, "--token", "wrong", verb, *ASKS[verb], code=77)

    assert done.stdout == ""
    assert done.stderr.startswith("agentguictl: ")


PRINTS = [
    ["status"],
    ["ls"],
    ["show", "{id}"],
    ["export", "{id}"],
    ["approvals", "ls"],
    ["queue", "ls", "{id}"],
    ["agents", "ls"],
    ["agents", "ls", "goose"],
    ["events"],
    ["login"],
    ["open"],
    ["token", "ls"],
    ["token", "create", "t{n}"],
    ["verify"],
    ["version"],
    ["doctor"],
    ["new", "--agent", "demo"],
    ["rename", "{id}", "title"],
    ["pin", "{id}"],
    ["archive", "{id}", "--undo"],
    ["set", "{id}", "--mode", "ask"],
    ["stop", "{id}"],
    ["rebuild"],
    ["send", "{new}", "emit 1"],
    ["run", "emit 1", "--agent", "demo"],
    ["rm", "{new}", "--yes"],
]
"""What prints data. `{new}` is a conversation made for it."""


def line(here: Here, words: list[str], number: int = 0) -> list[str]:
    conversation = here.daemon.api("GET", "/conversations?limit=200")["conversations"][-1]["id"]
    new = here.new() if "{new}" in words else ""
    return [word.format(id=conversation, new=new, n=number) for word in words]


@pytest.mark.parametrize("words", PRINTS, ids=" ".join)
def test_with_json_stdout_is_json_and_nothing_else(here: Here, words: list[str]) -> None:
    text = here(*line(here, words), "--json").stdout

    try:
        assert json.loads(text)
    except ValueError:
        assert [json.loads(row) for row in text.splitlines()]


@pytest.mark.parametrize("words", PRINTS, ids=" ".join)
def test_on_40_columns_no_table_is_torn(here: Here, words: list[str]) -> None:
    told = (
        "agents ls goose",
        "doctor",
        "login",
        "open",
        "token create",
        "verify",
        "export",
        "events",
    )  # links and paths stay whole
    argv = [sys.executable, "-m", "agentguid.cli", *line(here, words, 40)]
    with Terminal(argv, {**here.daemon.environ, "NO_COLOR": "1"}, here.daemon.work, columns=40) as shown:
        assert shown.ends() == 0, shown.screen.text
        assert "\x1b[3" not in shown.raw  # no colour
        if not " ".join(words).startswith(told):
            rows = [row for row in shown.screen.text.splitlines() if not row.startswith("agentguictl")]
            assert max(map(cells, rows), default=0) <= 40
        if words == ["ls"]:
            assert shown.screen.wrapped == 0
            assert re.search(r"^ID +STATUS +\S", shown.screen.text)


@pytest.mark.parametrize(
    "words", [["ls"], ["show", "{id}"], ["export", "{id}"], ["status"], ["agents", "ls"]], ids=" ".join
)
def test_a_reader_that_has_gone_is_no_error(here: Here, words: list[str]) -> None:
    end, ours = os.pipe()
    os.close(end)
    process = subprocess.Popen(
        [sys.executable, "-m", "agentguid.cli", *line(here, words)],
        env=here.daemon.environ,
        cwd=here.daemon.work,
        stdout=ours,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(ours)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


def test_a_link_from_login_can_be_read_by_the_next_program(here: Here, tmp_path: Path) -> None:
    assert here("login").stdout.count("\n") == 1
