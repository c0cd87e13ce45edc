"""A small HTTP server on the control socket, for what a real daemon does only on a bad day; and the CLI as a process."""

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.support.ctl import Here
from tests.support.daemon import Daemon

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers from the server's table; an entry is `METHOD /path` without prefix and query."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self.reply(302, b"", Location=f"{self.server.base}/")
            return
        length = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.command, self.path, json.loads(self.rfile.read(length) or "null")))
        found = self.server.table.get(f"{self.command} {path.removeprefix(self.server.base + '/api')}")
        if found is None:
            self.problem(404, f"there is no {path}")
        elif callable(found):
            found(self)
        else:
            self.reply(200, json.dumps(found).encode())

    do_POST = do_DELETE = do_GET

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def problem(self, status: int, error: str) -> None:
        self.reply(status, json.dumps({"status": status, "error": error}).encode())

    def stream(self, *pieces: str, end: bool = True) -> None:
        """A chunked answer, one chunk a piece. Without `end` the connection is cut in the middle."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            data = piece.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        if end:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = not end

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path) -> None:
        self.base = "/gm"
        self.table: dict[str, Answer | dict[str, Any]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        here = Path.cwd()
        os.chdir(path.parent)  # the path may be longer than a socket's name can be
        try:
            super().__init__(path.name, Handler)
        finally:
            os.chdir(here)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """A daemon for the tests of one module."""
    daemon = Daemon(tmp_path_factory.mktemp("daemon")).start()
    try:
        yield Here(daemon)
    finally:
        daemon.close()


Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """An environment with directories of its own."""
    (tmp_path / "run").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AGENTGUID_DATA_DIR": str(tmp_path / "data"),
        "AGENTGUID_CONFIG_DIR": str(tmp_path / "config"),
        "AGENTGUID_RUNTIME_DIR": str(tmp_path / "run"),
    }


@pytest.fixture
def server(tmp_path: Path, places: dict[str, str]) -> Iterator[Server]:
    with Server(tmp_path / "run" / "ctl.sock") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@pytest.fixture
def cli(places: dict[str, str], tmp_path: Path) -> Cli:
    """Runs `agentguictl` with arguments; returns what it printed and its exit code."""

    def run(*args: str, stdin: str = "", **environ: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "agentguid.cli", *args],
            env={**places, **environ},
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run
