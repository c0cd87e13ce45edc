"""The daemon's life under a service manager: signs of life, sockets, reload, stop."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from websockets.sync.client import unix_connect

from agentguid.append.log import Log
from agentguid.project.all import INLINE
from agentguid.protocol.errors import LogBroken
from agentguid.watchdog import Unwell, well
from tests.support.daemon import Daemon, wait_for


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path)
    yield one
    one.close()


class Manager:
    """The end of sd_notify that systemd has: keeps what it was told."""

    def __init__(self, address: str) -> None:
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:])
        self.address = address
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while data := self._socket.recv(4096):
            self.told.append(data.decode())

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(b"", "\0" + self.address[1:])
        self._thread.join(10)
        self._socket.close()

    def times(self, line: str) -> int:
        return sum(line in message.splitlines() for message in self.told)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    one = Manager(f"@agentguid-test-{os.getpid()}-{tmp_path.name}")
    yield one
    one.close()


# -- signs of life ----------------------------------------------------------------------------------------------------
def test_systemd_is_told_ready_alive_and_stopping(daemon: Daemon, manager: Manager) -> None:
    daemon.start(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="600000")

    wait_for(lambda: manager.times("WATCHDOG=1") >= 3, "three signs of life")
    assert manager.told[0].startswith("READY=1\nSTATUS=serving http://localhost:")
    assert daemon.stop() == 0
    wait_for(lambda: any(one.startswith("STOPPING=1") for one in manager.told), "it to be told of the stop")


def test_agents_get_none_of_what_is_between_systemd_and_the_daemon(daemon: Daemon, manager: Manager) -> None:
    daemon.start(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="60000000", INVOCATION_ID="x")
    conversation = daemon.conversation()
    daemon.send(conversation, "sleep 30")

    def marked() -> list[bytes]:  # before it becomes its program, a child has the environment of its host
        found = []
        for pid in daemon.agents():
            with contextlib.suppress(OSError):  # a search for agents has just ended
                found.append(Path(f"/proc/{pid}/environ").read_bytes())
        return found

    environ = wait_for(marked, "the agent")[0]
    assert [name for name in (b"NOTIFY_SOCKET", b"WATCHDOG", b"INVOCATION_ID") if name in environ] == []


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    one = Log(tmp_path / "agentguid.db", INLINE)
    one.open()
    yield one
    one.close()


def ask(log: Log, patience: float) -> bool:
    reader = log.reader()
    try:
        return asyncio.run(well(log, reader, patience))
    finally:
        reader.close()


def test_a_log_that_answers_is_well(log: Log) -> None:
    assert ask(log, 30) is True


def test_a_writer_that_does_not_come_to_it_is_not(log: Log) -> None:
    released = threading.Event()
    stuck = log._writer.submit(lambda: released.wait(60), 0)

    try:
        assert ask(log, 0.1) is False
    finally:
        released.set()
    stuck.result(10)
    assert ask(log, 30) is True


def test_a_writer_that_answers_with_an_error_lives(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: starting again would not make room."""
    refused: Future[None] = Future()
    refused.set_exception(LogBroken("disk full"))
    monkeypatch.setattr(log, "ping", lambda: refused)

    assert ask(log, 30) is True


def test_a_writer_that_has_ended_ends_the_daemon(tmp_path: Path) -> None:
    log = Log(tmp_path / "agentguid.db", INLINE)
    log.open()
    reader = log.reader()
    log._writer.stop()

    with pytest.raises(Unwell):
        asyncio.run(well(log, reader, 30))

    reader.close()
    log.close()


def test_the_daemon_ends_with_1_when_its_writer_does(daemon: Daemon) -> None:
    """Then systemd starts it again."""
    dies = (
        "import agentguid.watchdog as w, agentguid.append.log as l, asyncio\n"
        "w.UNWATCHED = 0.2\n"
        "ping = l.Log.ping\n"
        "def once(self):\n"
        "    if self.position: self._writer._inbox.close('the thread ended')\n"
        "    return ping(self)\n"
        "l.Log.ping = once\n"
    )
    daemon.start(first=dies)
    daemon.conversation()

    assert daemon.process
    assert daemon.process.wait(60) == 1
    assert "the thread ended" in daemon.log()


# -- sockets ----------------------------------------------------------------------------------------------------------
def test_both_sockets_may_come_from_systemd_and_stay_its_own(daemon: Daemon) -> None:
    """A request that came before the start is answered; the socket's file is not ours to remove."""
    folder = Path(tempfile.mkdtemp(prefix="agd"))
    daemon.socket.parent.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(folder / "s"))
        unix.listen()
        early = socket.create_connection(tcp.getsockname())
        early.sendall(b"GET /gm/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        given = (
            f"import os; os.dup2({tcp.fileno()}, 100); os.dup2({unix.fileno()}, 101); os.dup2(100, 3); os.dup2(101, 4)\n"
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2')\n"
            "from agentguid.__main__ import main; raise SystemExit(main([]))"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", given], env=daemon.environ, pass_fds=[tcp.fileno(), unix.fileno()],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            early.settimeout(60)
            assert b"200 OK" in early.recv(1000)
            with socket.socket(socket.AF_UNIX) as own:
                own.connect(str(folder / "s"))
                own.sendall(b"GET /gm/api/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                own.settimeout(60)
                answer = b"".join(iter(lambda: own.recv(4096), b""))
            assert (
                f":{tcp.getsockname()[1]}/gm/".encode() in answer
            )  # its links name the port that it was given
        finally:
            early.close()
            process.terminate()
            _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert (folder / "s").exists()
    (folder / "s").unlink()
    folder.rmdir()


# -- reload -----------------------------------------------------------------------------------------------------------
def configure(daemon: Daemon, text: str) -> None:
    folder = Path(daemon.environ["AGENTGUID_CONFIG_DIR"])
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text)


def hang_up(daemon: Daemon, until: str) -> None:
    before = daemon.log().count(until)
    assert daemon.process
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.log().count(until) > before, f"{until!r} in:\n{daemon.log()[-2000:]}")


def status_by_name(daemon: Daemon, name: str) -> int:
    with socket.create_connection(("127.0.0.1", daemon.port)) as client:
        client.sendall(f"GET /gm/healthz HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        return int(client.recv(1000).split()[1])


def test_sighup_brings_into_force_what_can_be_and_says_what_cannot(daemon: Daemon, manager: Manager) -> None:
    configure(daemon, "idle_minutes = 5")
    daemon.start(NOTIFY_SOCKET=manager.address)
    wait_for(lambda: manager.times("READY=1"), "the start to be over")
    assert status_by_name(daemon, "studio.example") == 421

    configure(
        daemon, 'hosts = ["studio.example"]\nlog_level = "debug"\nbase_url = "/elsewhere"\nidle_minutes = 5'
    )
    hang_up(daemon, "base_url = '/elsewhere'")

    assert status_by_name(daemon, "studio.example") == 200
    said = daemon.log()
    assert re.search(r"log_level = 'debug' .*is in force", said)
    assert re.search(r"base_url = '/elsewhere' .*takes a restart", said)
    assert "idle_minutes" not in said
    rows = {row["name"]: row for row in daemon.api("GET", "/settings")["settings"]}
    assert (rows["log_level"]["value"], rows["log_level"]["origin"]) == ("debug", "file")
    assert rows["base_url"]["value"] == "/gm"
    wait_for(lambda: manager.told[-1] == "READY=1", "systemd to be told that it is done")
    assert any(re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", one) for one in manager.told)


def test_a_bad_file_changes_nothing_and_is_said(daemon: Daemon) -> None:
    daemon.start()
    configure(daemon, 'log_level = "loud"')
    hang_up(daemon, "stays as it was")

    assert "it must be debug, info, warning or error" in daemon.log()
    assert daemon.healthy()

    configure(daemon, "")
    hang_up(daemon, "nothing has changed")


# -- stop -------------------------------------------------------------------------------------------------------------
def test_sigterm_ends_a_hundred_streams_with_a_goodbye_and_then_the_daemon(daemon: Daemon) -> None:
    """Each reader gets its last message, none is cut off."""
    daemon.start()
    conversation = daemon.conversation()
    with contextlib.ExitStack() as stack:
        streams = [
            stack.enter_context(daemon.follow(f"/stream?conversation={conversation}")) for _ in range(50)
        ]
        streams += [stack.enter_context(daemon.follow("/api/events?follow=1")) for _ in range(30)]
        for stream in streams:
            assert any(b"caught-up" in line for line in stream)
        folder = os.open(daemon.socket.parent, os.O_PATH)
        stack.callback(os.close, folder)
        near = f"/proc/self/fd/{folder}/{daemon.socket.name}"
        sockets = [stack.enter_context(unix_connect(near, "ws://localhost/gm/sync")) for _ in range(20)]
        for one in sockets:
            one.recv(timeout=30)
        assert daemon.process
        daemon.process.terminate()

        for stream in streams:
            assert b"event: bye" in b"".join(stream)
        for one in sockets:
            with contextlib.suppress(Exception):
                while True:
                    one.recv(timeout=30)
            assert one.close_code == 1012
        assert daemon.process.wait(30) == 0
    assert not daemon.socket.exists()
    said = [json.loads(line)["message"] for line in daemon.log().splitlines()]
    assert said[-2:] == ["SIGTERM: streams end, then the daemon; agents go on", "stopped"]


def test_a_port_that_is_taken_ends_the_start_and_stands_in_the_log(daemon: Daemon, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", daemon.port)):
        daemon.start(ready=False)
        assert daemon.process
        assert daemon.process.wait(60) == 1
    assert "is taken by another program" in daemon.log()


def test_a_place_that_cannot_be_used_is_a_bad_setting(daemon: Daemon, tmp_path: Path) -> None:
    """78, so that it is not tried again."""
    (tmp_path / "file").write_text("")
    daemon.start(ready=False, AGENTGUID_DATA_DIR=str(tmp_path / "file" / "data"))

    assert daemon.process
    assert daemon.process.wait(60) == 78
    assert "AGENTGUID_DATA_DIR" in daemon.log()
    assert daemon.log().count("\n") == 1
