"""Completion, in the shells themselves."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.cli.completion import SCRIPTS
from agentguid.cli.verbs import VERBS
from tests.cli.conftest import Cli, Server
from tests.support.terminal import Terminal

IDS = ("abcd1234efgh5678", "zyxw9876vuts5432")
START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source {script}"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit && compinit -u -D && source {script}"),
    "fish": (["fish", "--no-config", "-i"], "source {script}"),
}


@pytest.fixture
def rows(server: Server) -> Server:
    titles = ("mend: the $(touch owned) `test`", "write\x1b[31m docs")
    found = [{"id": id_, "status": "idle", "title": title} for id_, title in zip(IDS, titles, strict=True)]
    server.table["GET /conversations"] = {"conversations": found, "cursor": None}
    return server


@pytest.fixture(params=SCRIPTS)
def shell(
    request: pytest.FixtureRequest, rows: Server, places: dict[str, str], tmp_path: Path
) -> Iterator[Terminal]:
    """An interactive shell that has the completion, and `agentguictl` in its PATH."""
    name = str(request.param)
    if not shutil.which(name):
        pytest.skip(f"{name} IS NOT INSTALLED HERE: its completion was not tried")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "agentguictl").write_text(f'#!/bin/sh\nexec {sys.executable} -m agentguid.cli "$@"\n')
    (bin_ / "agentguictl").chmod(0o755)
    (tmp_path / "script").write_text(SCRIPTS[name])
    (tmp_path / "a-folder").mkdir()
    argv, load = START[name]
    root = str(Path(__file__).parent.parent.parent)
    environ = {**places, "PATH": f"{bin_}:{os.environ['PATH']}", "PYTHONPATH": root, "LC_ALL": "C.UTF-8"}
    with Terminal(argv, environ, tmp_path, columns=120, watched=False) as terminal:
        terminal.send(load.format(script=tmp_path / "script") + "; echo rea''dy\n")
        terminal.expect("ready")
        yield terminal


def test_a_verb_is_completed(shell: Terminal) -> None:
    shell.send("agentguictl appr\t")

    shell.expect("approvals")


def test_an_id_is_completed_from_what_the_daemon_knows(shell: Terminal, tmp_path: Path) -> None:
    shell.send("agentguictl follow abc\t")

    shell.expect(IDS[0])
    assert not (tmp_path / "owned").exists()


def test_several_ids_are_listed_with_what_they_are(shell: Terminal, tmp_path: Path) -> None:
    shell.send("agentguictl show \t\t")

    assert "idle" in shell.expect(IDS[1]) + shell.expect("docs")
    assert not (tmp_path / "owned").exists()


def test_an_option_and_its_value_are_completed(shell: Terminal) -> None:
    shell.send("agentguictl new --mo\t\t")
    shell.expect("--mode")
    shell.send("\x15agentguictl new --mode acc\t")

    shell.expect("accept_edits")


def test_a_directory_is_completed_by_the_shell(shell: Terminal) -> None:
    shell.send("agentguictl new --cwd a-f\t")

    shell.expect("a-folder/")


def words(cli: Cli, *line: str) -> list[str]:
    done = cli("completion", "fish", "--", *line)

    assert (done.returncode, done.stderr) == (0, "")
    return [row.partition("\t")[0] for row in done.stdout.splitlines()]


def test_without_a_daemon_there_is_nothing_to_complete_and_nothing_to_say(cli: Cli) -> None:
    assert words(cli, "follow", "") == []
    assert words(cli, "") == list(VERBS)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["queue", ""], ["ls", "release", "edit", "rm", "now", "move"]),
        (["--json", "approvals", "a"], ["allow"]),
        (["--url", "x", "tok"], ["token"]),
        (["nonsense", ""], []),
        (["rename", "one", "two", ""], []),
        (["follow", "--ke"], ["--keep"]),
        (["new", "--cwd", ""], ["<directories>"]),
    ],
)
def test_what_may_come_next_is_what_the_parser_takes(cli: Cli, line: list[str], expected: list[str]) -> None:
    assert words(cli, *line) == expected


def test_an_id_that_is_given_already_is_not_offered_again(cli: Cli, rows: Server) -> None:
    assert words(cli, "archive", IDS[0], "") == [IDS[1]]


def test_titles_cannot_steer_the_shell_or_the_terminal(cli: Cli, rows: Server) -> None:
    done = cli("completion", "zsh", "--", "follow", "z")

    assert done.stdout == f"{IDS[1]}\tidle: write␛[31m docs\n"
