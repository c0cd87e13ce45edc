"""The server itself: its sockets, and a stop that ends everything."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import unix_connect

from agentguid.http.server import PortTaken, listen
from agentguid.protocol.events import ItemAdded
from agentguid.protocol.items import Body
from agentguid.settings import Settings, load
from agentguid.systemd import notify
from tests.http.conftest import Served, sse


@pytest.fixture
def root() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="agd"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def settings_in(root: Path, port: int = 0) -> Settings:
    environ = {"HOME": str(root), "AGENTGUID_RUNTIME_DIR": str(root / "run"), "PORT": str(port)}
    return load([], environ)


def test_a_port_that_is_taken_is_said_with_what_to_do(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            listen(settings_in(root, port))

    sentence = str(caught.value)
    assert "\n" not in sentence
    assert f"port {port}" in sentence
    assert f"PORT={port + 1}" in sentence
    assert f"--port {port + 1}" in sentence
    assert not (root / "run/ctl.sock").exists()


def test_a_foreign_address_is_said(root: Path) -> None:
    with pytest.raises(PortTaken, match="cannot listen on 192"):
        listen(load(["--host", "192.0.2.1", "--port", "0"], {"HOME": str(root)}))


def test_the_control_socket_is_for_its_user_alone(served: Served) -> None:
    path = Path(served.unix)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.is_socket()


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(root: Path) -> None:
    first = listen(settings_in(root))
    try:
        with pytest.raises(PortTaken, match="already answers"):
            listen(settings_in(root))
    finally:
        first.tcp.close()
        first.unix.close()
    assert (root / "run/ctl.sock").exists()  # as a kill -9 leaves it
    second = listen(settings_in(root))
    second.tcp.close()
    second.unix.close()


def test_a_long_path_does_not_matter(root: Path) -> None:
    """A socket's own name may have 107 bytes."""
    deep = root / ("d" * 100) / ("e" * 100)
    bound = listen(load([], {"HOME": str(root), "AGENTGUID_RUNTIME_DIR": str(deep), "PORT": "0"}))
    try:
        assert (deep / "ctl.sock").is_socket()
        with pytest.raises(PortTaken, match="already answers"):
            listen(load([], {"HOME": str(root), "AGENTGUID_RUNTIME_DIR": str(deep), "PORT": "0"}))
    finally:
        bound.tcp.close()
        bound.unix.close()


def test_it_stops_within_a_second_with_a_hundred_open_streams(fresh: Served) -> None:
    """Each reader gets its goodbye; the socket file goes."""
    path = Path(fresh.unix)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(fresh.stream("/api/events?follow=1")) for _ in range(100)]
        for one in streams:
            assert next(sse(one))[1] == "caught-up"
        client = stack.enter_context(unix_connect(fresh.unix, "ws://localhost/gm/sync"))
        client.recv(timeout=5)
        idle = fresh.connection()
        stack.callback(idle.close)
        idle.request("GET", "/gm/healthz")
        idle.getresponse().read()
        began = time.monotonic()
        fresh.stop()
        took = time.monotonic() - began

        assert took < 10, took
        for one in streams:
            assert [event for _, event, _ in sse(one)] == ["bye"]
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=5)
        assert client.close_code == 1012
    assert not path.exists()


def test_readers_that_do_not_read_do_not_hold_it_up(fresh: Served) -> None:
    conversation = fresh.conversation()
    for start in range(0, 400, 100):
        facts = [
            ItemAdded(item=f"i{n}", turn=None, kind="message", body=Body("x" * 30_000))
            for n in range(start, start + 100)
        ]
        fresh.report(conversation, *facts)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            connection = fresh.connection()
            stack.callback(connection.close)
            connection.request("GET", "/gm/api/events?follow=1", headers={"Accept": "text/event-stream"})
        assert fresh.ask("GET", "/healthz").status == 200
        began = time.monotonic()
        fresh.stop()
        assert time.monotonic() - began < 10


def test_systemd_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in (str(root / "notify"), "@agentguid-test-" + root.name):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.settimeout(5)
            listener.bind(address.replace("@", "\0"))
            monkeypatch.setenv("NOTIFY_SOCKET", address)
            notify("READY=1")
            assert listener.recv(100) == b"READY=1"
    monkeypatch.setenv("NOTIFY_SOCKET", str(root / "nobody"))
    notify("READY=1")  # nobody listens: not our concern


PROGRAM = """
import asyncio, json, os, sys
from litestar import Litestar, get
from agentguid.http.server import serve
from agentguid.settings import load
from agentguid.stream.feed import Feed
if "LISTEN_FDS" in os.environ:
    os.environ["LISTEN_PID"] = str(os.getpid())
@get("/", sync_to_thread=False)
def root() -> str:
    return "here"
async def main():
    async def ready():
        print("ready", flush=True)
    await serve(Litestar([root], logging_config=None), load([]), Feed(), ready)
asyncio.run(main())
"""


def test_sigterm_ends_the_process_with_0(root: Path) -> None:
    environ = {
        **os.environ,
        "HOME": str(root),
        "AGENTGUID_RUNTIME_DIR": str(root / "run"),
        "PORT": "0",
        "PYTHONPATH": os.getcwd(),
    }
    for name in (signal.SIGTERM, signal.SIGINT):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            process.send_signal(name)
            out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, b"", b"")
        assert not (root / "run/ctl.sock").exists()


def test_sockets_that_systemd_has_bound_are_used(root: Path) -> None:
    """A request that came before the start gets its answer."""
    with socket.create_server(("127.0.0.1", 0)) as tcp:
        port = tcp.getsockname()[1]
        environ = {
            **os.environ,
            "HOME": str(root),
            "AGENTGUID_RUNTIME_DIR": str(root / "run"),
            "LISTEN_FDS": "1",
            "PYTHONPATH": os.getcwd(),
        }
        waiting = socket.create_connection(("127.0.0.1", port))
        waiting.settimeout(20)
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        started = f"import os; os.dup2({tcp.fileno()}, 3); " + PROGRAM
        command = [sys.executable, "-c", started]
        with subprocess.Popen(
            command, env=environ, pass_fds=[tcp.fileno()], stdout=subprocess.PIPE
        ) as process:
            try:
                answer = b""
                while data := waiting.recv(1000):
                    answer += data
                assert answer.endswith(b"here")
            finally:
                waiting.close()
                process.terminate()
                process.wait(10)
