"""Devices and the code for a phone, from a terminal, with a real daemon."""

import http.client
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from tests.support.ctl import Here
from tests.support.daemon import Daemon, wait_for
from tests.support.terminal import Terminal

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


# -- a browser that shows a code --------------------------------------------------------------------------------------
def shows_a_code(daemon: Daemon, agent: str) -> tuple[str, dict[str, str]]:
    """The code and the browser's cookies, after it has asked."""
    origin = {"Origin": f"http://127.0.0.1:{daemon.port}"}
    form = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": agent, **origin}
    _, cookies, _ = asked(daemon, "POST", form)
    _, _, page = asked(daemon, "GET", cookies)
    found = re.search(r'id="code"><b>([A-Z-]{9})</b>', page)
    assert found, page
    return found[1], cookies


def asked(daemon: Daemon, method: str, headers: dict[str, str]) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
    try:
        connection.request(method, "/gm/login/code", "" if method == "POST" else None, headers)
        answer = connection.getresponse()
        cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0].replace('"', "")
        return answer.status, {"Cookie": cookie} if cookie else {}, answer.read().decode()
    finally:
        connection.close()


def test_a_browser_that_shows_a_code_is_let_in_from_the_terminal(daemon: Daemon) -> None:
    code, cookies = shows_a_code(daemon, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140")
    assert "--yes" in ctl(daemon, "login", "--approve", code, code=2)
    assert asked(daemon, "GET", cookies)[0] == 200

    answer = json.loads(ctl(daemon, "login", "--approve", code.lower(), "--yes", "--json"))

    assert (answer["state"], answer["name"]) == ("approved", "Firefox on Linux")
    assert "Firefox on Linux" in ctl(daemon, "devices", "ls")
    status, cookies, _ = asked(daemon, "GET", cookies)
    assert (status, bool(cookies)) == (303, True)
    assert "no browser waits" in ctl(daemon, "login", "--approve", code, "--yes", code=4)


@pytest.mark.parametrize(("typed", "said", "state"), [("y", "signed in", 303), ("", "refused", 200)])
def test_a_terminal_says_who_asks_before_it_lets_them_in(
    daemon: Daemon, typed: str, said: str, state: int
) -> None:
    code, cookies = shows_a_code(daemon, "Mozilla/5.0 (Windows NT 10.0) Firefox/140")
    argv = [sys.executable, "-m", "agentguid.cli", "login", "--approve", code]
    with Terminal(argv, daemon.environ, daemon.work) as shown:
        shown.expect("Sign it in?")
        assert "Firefox on Windows at 127.0.0.1 asked" in shown.screen.text
        assert f"shows {code}" in shown.screen.text
        shown.send(typed + "\r")
        shown.expect(f"{said}: Firefox on Windows")
        assert shown.ends() == (0 if typed else 1)

    assert asked(daemon, "GET", cookies)[0] == state


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
