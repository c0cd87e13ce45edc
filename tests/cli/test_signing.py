"""`agentguictl agents login` and `update`, on a real terminal."""

import json
import os
import shutil
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import signin
from tests.support.attached import runs
from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for
from tests.support.terminal import Terminal

CTL = [sys.executable, "-m", "agentguid.cli", "agents"]
ODD = [sys.executable, "-I", signin.__file__]
LEAVE = "\x1d"
Open = Callable[..., Terminal]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Its `claude` is the program that signs in. Its agent `packed` is a package of npm, its agent `hold` never ends."""
    signin.install(tmp_path / "bin")
    (tmp_path / "config").mkdir()
    prefix, package = tmp_path / "prefix", tmp_path / "package"
    agents = {
        "packed": {
            "command": [str(prefix / "bin" / "packed")],
            "versioned": True,
            "update_command": ["npm", "install", "--global", "--prefix", str(prefix), str(package)],
        },
        "hold": {"command": [*ODD, "x"], "login_command": [*ODD, "hold"]},
    }
    lines = [
        f"[agents.{id}]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in fields.items())
        for id, fields in agents.items()
    ]
    (tmp_path / "config" / "config.toml").write_text("\n".join(lines))
    _install(prefix, package, "1.0.0")
    running = Daemon(tmp_path, PATH=f"{tmp_path}/bin:{os.environ['PATH']}").start()
    wait_for(lambda: running.api("GET", "/agents/hold")["installed"], "the search")
    try:
        yield running
    finally:
        running.close()


def _install(prefix: Path, package: Path, version: str) -> None:
    """As `npm install --global` would leave it, and a newer package to come."""
    package.mkdir()
    script = "#!/usr/bin/env node\nconsole.log(require('./package.json').version)\n"
    described = {"name": "packed", "version": version, "bin": {"packed": "main.js"}}
    (package / "main.js").write_text(script)
    (package / "package.json").write_text(json.dumps(described))
    there = prefix / "lib" / "node_modules" / "packed"
    shutil.copytree(package, there)
    (there / "main.js").chmod(0o755)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "packed").symlink_to("../lib/node_modules/packed/main.js")
    (package / "package.json").write_text(json.dumps({**described, "version": "2.0.0"}))


@pytest.fixture
def ctl(daemon: Daemon) -> Iterator[Open]:
    opened: list[Terminal] = []

    def make(*args: str, **more: object) -> Terminal:
        environ = {**daemon.environ, **more.pop("environ", {})}  # type: ignore[dict-item]
        opened.append(Terminal([*CTL, *args], environ, daemon.work, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for terminal in opened:
        terminal.__exit__(None, None, None)


def mode(terminal: Terminal) -> list[object]:
    """How its terminal works now; without what the program at the other end cannot change."""
    return termios.tcgetattr(terminal.master)


def test_a_sign_in_says_what_runs_asks_and_says_that_it_worked(ctl: Open, daemon: Daemon) -> None:
    terminal = ctl("login", "claude")
    before = terminal.before
    shown = terminal.expect("Code: ")
    assert f"{daemon.root}/bin/claude auth login" in shown.replace("\r\n", "")
    assert mode(terminal) != before
    terminal.send("4711\r")
    terminal.expect("Claude Code is signed in: `claude auth status` says so (code).")
    assert terminal.ends() == 0
    assert mode(terminal) == before
    assert "4711" not in terminal.raw
    assert "yes" in Here(daemon)("agents", "ls").stdout


def test_a_sign_in_that_fails_says_so_by_its_exit_code(ctl: Open) -> None:
    terminal = ctl("login", "claude-code")
    terminal.expect("Code: ")
    terminal.send("wrong\r")
    terminal.expect("It ended with 1. Claude Code is not signed in: `claude auth status` says no.")
    assert terminal.ends() == 1


def test_who_leaves_finds_it_again_also_after_the_daemon_was_killed(ctl: Open, daemon: Daemon) -> None:
    terminal = ctl("login", "claude")
    terminal.expect("Code: ")
    terminal.send(LEAVE)
    terminal.expect("agentguictl agents login claude-code --end")
    assert terminal.ends() == 0
    daemon.kill()
    daemon.start()
    again = ctl("login", "claude")
    again.expect("is being signed in already")
    again.expect("Code: ")
    daemon.kill()
    again.expect("the daemon does not answer; trying again")
    daemon.start()
    again.expect("it answers again")
    again.send("4711\r")
    again.expect("Claude Code is signed in")
    assert again.ends() == 0


def test_a_sign_in_that_was_left_can_be_ended(ctl: Open, daemon: Daemon) -> None:
    terminal = ctl("login", "hold")
    terminal.expect("holding")
    terminal.send(LEAVE)
    assert terminal.ends() == 0
    (one,) = daemon.api("GET", "/terminals")["terminals"]
    assert Here(daemon)("agents", "login", "hold", "--end").stderr == "The sign-in of hold was ended.\n"
    wait_for(lambda: not runs(daemon, one["id"]), "its program to end")
    assert "No sign-in" in Here(daemon)("agents", "login", "hold", "--end").stderr


def test_a_token_that_is_printed_is_kept_when_the_user_says_so(ctl: Open, daemon: Daemon) -> None:
    terminal = ctl("login", "claude", "--keep-token", columns=61)
    terminal.expect("Code: ")
    terminal.send("any\r")
    terminal.expect("Keep it? [Y/n] ")
    terminal.send("\r")
    terminal.expect("Kept.")
    terminal.ends()
    (key,) = json.loads((daemon.data / "keys.json").read_text())
    assert (key["name"], key["value"], key["agents"]) == (
        "CLAUDE_CODE_OAUTH_TOKEN",
        signin.TOKEN,
        ["claude-code"],
    )
    assert (daemon.data / "keys.json").stat().st_mode & 0o777 == 0o600
    assert signin.TOKEN not in Here(daemon)("keys", "ls", "--json").stdout
    assert signin.TOKEN not in (daemon.data / "logs" / "agentguid.log").read_text() + daemon.log()
    assert signin.TOKEN.encode() not in (daemon.data / "agentguid.db").read_bytes()


def test_the_program_has_the_size_of_the_users_terminal(ctl: Open, daemon: Daemon) -> None:
    terminal = ctl("login", "hold", columns=97, rows=31)
    terminal.expect("holding")
    (one,) = daemon.api("GET", "/terminals")["terminals"]

    def size() -> list[int]:
        fd = os.open(os.readlink(f"/proc/{one['pid']}/fd/0"), os.O_RDONLY | os.O_NOCTTY)
        try:
            return list(os.get_terminal_size(fd))
        finally:
            os.close(fd)

    wait_for(lambda: size() == [97, 31], "the size")
    terminal.resize(140, 50)
    os.kill(terminal.process.pid, signal.SIGWINCH)
    wait_for(lambda: size() == [140, 50], "the other size")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_users_terminal_is_as_it_was_whatever_ends_the_program(ctl: Open, number: signal.Signals) -> None:
    terminal = ctl("login", "hold")
    before = terminal.before
    terminal.expect("holding")
    assert mode(terminal) != before
    os.kill(terminal.process.pid, number)
    assert terminal.ends() != 0
    assert mode(terminal) == before


def test_without_a_terminal_it_is_said_what_to_do(daemon: Daemon) -> None:
    said = Here(daemon)("agents", "login", "claude", code=2).stderr
    assert said == (
        "agentguictl: a sign-in asks its questions on a terminal: run this in one (over ssh: ssh -t)\n"
    )
    assert "no agent begins with nobody" in Here(daemon)("agents", "login", "nobody", code=4).stderr
    assert "--keep-token" in Here(daemon)("agents", "login", "claude", "--device", code=1).stderr
    assert "is not installed" in Here(daemon)("agents", "login", "kiro", code=1).stderr
    assert "needs no sign-in" in Here(daemon)("agents", "login", "demo", code=1).stderr


def test_a_daemon_elsewhere_signs_in_as_well_with_the_right_token(ctl: Open, daemon: Daemon) -> None:
    admin, write = (
        daemon.api("POST", "/tokens", {"name": scope, "scope": scope})["token"]
        for scope in ("admin", "write")
    )
    url = ("--url", daemon.base)
    refused = ctl("login", "claude", *url, environ={"AGENTGUID_TOKEN": write})
    refused.expect("this needs one that may admin")
    assert refused.ends() == 77
    terminal = ctl(
        "login", "claude", *url, environ={"AGENTGUID_TOKEN": admin, "AGENTGUID_RUNTIME_DIR": "/no"}
    )
    terminal.expect("Code: ")
    terminal.send("4711\r")
    terminal.expect("Claude Code is signed in")
    assert terminal.ends() == 0


def test_an_update_is_shown_asked_for_and_told(ctl: Open, daemon: Daemon) -> None:
    refused = ctl("update", "claude")
    refused.expect("Run it? [y/N] ")
    refused.send("\r")
    assert refused.ends() == 0
    assert daemon.api("GET", "/terminals")["terminals"] == []
    terminal = ctl("update", "claude")
    shown = terminal.expect("Run it? [y/N] ")
    assert "(1.2.3), by its own updater" in shown
    assert f"{daemon.root}/bin/claude update" in shown.replace("\r\n", "")
    terminal.send("y\r")
    terminal.expect("Updating from 1.2.3…")
    terminal.expect("Claude Code: 1.2.3 → 1.3.0")
    assert terminal.ends() == 0


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_package_is_updated_by_npm(daemon: Daemon) -> None:
    here = Here(daemon)
    assert "--yes" in here("agents", "update", "packed", code=2).stderr
    done = here("agents", "update", "packed", "--yes", "--json")
    assert json.loads(done.stdout) == {"id": "packed", "before": "1.0.0", "after": "2.0.0", "code": 0}
    assert "npm install --global --prefix" in done.stderr
    assert daemon.api("GET", "/agents/packed")["version"] == "2.0.0"


def test_what_is_piped_into_a_shell_is_shown_and_not_run(daemon: Daemon) -> None:
    said = Here(daemon)("agents", "update", "kiro", "--yes", code=1).stderr
    assert "Run it yourself: curl -fsSL" in " ".join(said.split())
    assert daemon.api("GET", "/terminals")["terminals"] == []
