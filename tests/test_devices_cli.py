"""Devices and the code for a phone, from a terminal, with a real daemon."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for

LIGHT = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    one = Daemon(tmp_path_factory.mktemp("daemon"), AGENTGUID_HOSTS="studio.example:443,other.example")
    try:
        yield one.start()
    finally:
        one.close()


def ctl(daemon: Daemon, *args: str, code: int = 0) -> str:
    done = Here(daemon)(*args, code=code)
    return done.stdout if code == 0 else done.stderr


def sign_in(daemon: Daemon, agent: str) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
    ticket = daemon.api("POST", "/tickets")["ticket"]
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"http://127.0.0.1:{daemon.port}",
        "User-Agent": agent,
    }
    connection.request("POST", "/gm/login", f"ticket={ticket}", headers)
    assert connection.getresponse().status == 303
    connection.close()


def matrix(drawn: str) -> list[list[int]]:
    rows: list[list[int]] = []
    for line in drawn.splitlines():
        rows += [[LIGHT[one][half] for one in line] for half in (0, 1)]
    return rows


def test_devices_are_listed_and_one_is_signed_out(daemon: Daemon) -> None:
    sign_in(daemon, "Mozilla/5.0 (iPhone; like Mac OS X) Safari/604")
    sign_in(daemon, "Mozilla/5.0 (Windows NT 10.0) Firefox/130")

    table = ctl(daemon, "devices", "ls")
    assert "Safari on iPhone" in table
    assert "never" in table
    ctl(daemon, "devices", "revoke", "Safari on iPhone")

    names = [row["name"] for row in json.loads(ctl(daemon, "devices", "ls", "--json"))["devices"]]
    assert names == ["Firefox on Windows"]
    assert "no device" in ctl(daemon, "devices", "revoke", "nobody", code=4)


def test_the_code_in_a_terminal_is_that_of_the_link_below_it(daemon: Daemon) -> None:
    drawn, _, link = ctl(daemon, "login", "--qr").rstrip("\n").rpartition("\n\n")

    assert link.startswith("https://studio.example/gm/login?ticket=")
    expected = [list(row) for row in segno.make(link, error="l", micro=False).matrix_iter(border=2)]
    assert matrix(drawn)[: len(expected)] == [[int(bool(one)) for one in row] for row in expected]


def test_on_a_terminal_the_code_is_dark_on_light_whatever_its_colours(daemon: Daemon) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "agentguid.cli", "login", "--qr"],
        env={**daemon.environ, "TERM": "xterm"}, stdout=theirs, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    with open(ours, "rb", buffering=0) as terminal:
        try:
            while piece := terminal.read(65536):
                said += piece
        except OSError:  # the other end is closed
            pass
    assert process.wait(60) == 0
    assert said.count(b"\x1b[97;40m") == said.count(b"\x1b[0m") > 15


def test_an_address_is_chosen_by_a_part_of_it(daemon: Daemon) -> None:
    assert "http://other.example:" in ctl(daemon, "login", "--qr", "--address", "other")
    assert "studio.example, other.example" in ctl(daemon, "login", "--qr", "--address", "nowhere", code=1)


def test_a_daemon_of_this_machine_alone_says_what_to_set(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path).start()
    try:
        said = ctl(daemon, "login", "--qr", code=1)
    finally:
        daemon.close()

    assert "only this machine can reach" in said
    assert 'host = "0.0.0.0"' in said


def test_the_running_daemons_settings_have_their_flags(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.start(
        first="import sys; from agentguid.__main__ import main; raise SystemExit(main(['--idle-minutes', '3']))"
    )
    try:
        rows = {
            row["name"]: row
            for row in json.loads(ctl(daemon, "config", "show", "--running", "--json"))["settings"]
        }
        wait_for(daemon.healthy, "the daemon")
    finally:
        daemon.close()

    assert (rows["idle_minutes"]["value"], rows["idle_minutes"]["where"]) == (3.0, "--idle-minutes")
