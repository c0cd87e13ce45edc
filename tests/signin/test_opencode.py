"""OpenCode's own sign-in, through a terminal of ours: a menu, a key, and a file that it writes itself."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import opencode
from tests.support.attached import TerminalSocket
from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for
from tests.support.terminal import Terminal

KEY = "sk-ant-api03-abcdefghijklmnop-LAST"
LOGIN = [sys.executable, "-m", "agentguid.cli", "agents", "login", "opencode"]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """It finds the stand-in for `opencode`; its home is empty."""
    opencode.install(tmp_path / "bin")
    running = Daemon(tmp_path, PATH=f"{tmp_path}/bin:{os.environ['PATH']}").start()
    try:
        wait_for(lambda: running.api("GET", "/agents/opencode")["installed"], "the search")
        yield running
    finally:
        running.close()


def auth(daemon: Daemon) -> Path:
    return daemon.root / "home" / ".local" / "share" / "opencode" / "auth.json"


def status(daemon: Daemon) -> tuple[str, str]:
    found = daemon.api("GET", "/agents/auth-status")["agents"]
    return next((one["auth"], one["detail"]) for one in found if one["id"] == "opencode")


def signed_in(daemon: Daemon) -> None:
    """The program's own file has the key, ours have not, and agentguid says so wherever it is asked."""
    assert json.loads(auth(daemon).read_text()) == {"anthropic": {"type": "api", "key": KEY}}
    assert stat.S_IMODE(auth(daemon).stat().st_mode) == 0o600
    wait_for(lambda: status(daemon)[0] == "yes", "it to be signed in")
    assert status(daemon)[1] == "its sign-in is in ~/.local/share/opencode/auth.json"
    line = next(one for one in Here(daemon)("agents", "ls").stdout.splitlines() if "opencode" in one.lower())
    assert "yes" in line
    for folder in (daemon.data, daemon.root / "run", daemon.root / "config"):
        assert not [
            path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()
        ]
    assert KEY not in daemon.log()


def test_opencodes_own_login_signs_in_from_the_command_line(daemon: Daemon) -> None:
    assert status(daemon)[0] == "unknown"

    with Terminal(LOGIN, daemon.environ, daemon.work, watched=False) as terminal:
        terminal.expect("opencode auth login")
        terminal.expect(opencode.MENU)
        terminal.send("anthropic")
        terminal.expect("Search: anthropic")
        terminal.send("\r")
        terminal.expect(opencode.ASKS)
        terminal.send(KEY + "\r")
        terminal.expect(opencode.DONE)
        terminal.expect("OpenCode is signed in: its sign-in is in ~/.local/share/opencode/auth.json.")
        assert terminal.ends() == 0
        assert KEY not in terminal.raw

    signed_in(daemon)


def test_opencodes_own_login_signs_in_from_a_terminal_of_the_api(daemon: Daemon) -> None:
    """Chosen with arrows, as on the page."""
    begun = daemon.api("POST", "/agents/opencode/auth", {})
    assert begun["ok"]

    with TerminalSocket(daemon, begun["terminal"]) as terminal:
        terminal.until(f"● {opencode.PROVIDERS['opencode']}".encode())
        terminal.type(b"\x1b[B")
        terminal.until(f"● {opencode.PROVIDERS['anthropic']}".encode())
        terminal.type(b"\r")
        terminal.until(opencode.ASKS.encode())
        terminal.type(KEY.encode() + b"\r")
        assert terminal.exit()["code"] == 0
        assert KEY.encode() not in terminal.shown

    signed_in(daemon)


def test_an_opencode_login_that_is_broken_off_signs_in_nobody(daemon: Daemon) -> None:
    with Terminal(LOGIN, daemon.environ, daemon.work, watched=False) as terminal:
        terminal.expect(opencode.MENU)
        terminal.send("\x03")
        terminal.expect("It ended with 1. OpenCode may be signed in or not")
        assert terminal.ends() == 1

    assert not auth(daemon).exists()
    assert status(daemon)[0] == "unknown"
