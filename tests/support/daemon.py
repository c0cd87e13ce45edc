"""A real daemon in a process of its own, with its own directories, spoken to over its unix socket."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from agentguid.hosts import kin
from agentguid.hosts.tape import IN, Reader

PATIENCE = 30.0
BASE = os.environ.get("AGENTGUID_TEST_BASE", "")
"""What every URL begins with where a test does not say it; empty: as the daemon has it. Browser tests pass under any."""


def wait_for(
    condition: Callable[[], Any], what: str, patience: float = PATIENCE, said: Callable[[], str] = str
) -> Any:
    """What `condition` gives once it is true; else an error with what `said` gives then."""
    deadline = time.monotonic() + patience
    while not (got := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s in vain for {what}{said()}")
        time.sleep(0.01)
    return got


PORTS = range(18_000, 32_000, 100)
"""Where blocks of ports begin: below those that the kernel gives to connections that go out."""


def _ports() -> Iterator[int]:
    """Ports that no other process that runs tests takes: of each hundred it holds a name that goes with the process."""
    names = []
    for first in random.sample(PORTS, len(PORTS)):
        names.append(socket.socket(socket.AF_UNIX))
        with contextlib.suppress(OSError):
            names[-1].bind(f"\0agentguid-test-ports-{first}")
            yield from range(first, first + PORTS.step)


_own = _ports()


def free_port() -> int:
    """One that nobody listens on, and that nobody else is given: a daemon may come back to it."""
    for port in _own:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("all ports are taken")


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""  # it has just ended


CACHE = Path(tempfile.gettempdir()) / f"agentguid-tests-{os.getuid()}"


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        folder = os.open(self._path.parent, os.O_PATH)  # a socket's path may have 107 bytes at most
        try:
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)


class Daemon:
    """`python -m agentguid` in its own directories; may be killed and started again."""

    def __init__(self, root: Path, **environ: str) -> None:
        self.root = root
        self.port = free_port()
        if BASE:
            environ = {"AGENTGUID_BASE_URL": BASE, **environ}
        self.prefix = environ.get("AGENTGUID_BASE_URL", "/gm").rstrip("/")
        self.base = f"http://localhost:{self.port}{self.prefix}"
        home = root / "home"
        for folder in (home, root / "work", root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        self.work = root / "work"
        self.data = root / "data"
        self.socket = root / "run" / "ctl.sock"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(root / "tmp"),
            "LANG": "C.UTF-8",
            "AGENTGUID_DATA_DIR": str(self.data),
            "AGENTGUID_CONFIG_DIR": str(root / "config"),
            "AGENTGUID_RUNTIME_DIR": str(root / "run"),
            "AGENTGUID_CACHE_DIR": str(CACHE),  # a start compiles nothing that another has compiled
            "AGENTGUID_PORT": str(self.port),
            "AGENTGUID_STARTUP_CWD": str(self.work),
            "AGENTGUID_RETRY_SECONDS": "never",  # of a turn that is made to fail one wants to see the failure
            **environ,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._hosts: set[int] = set()

    # -- its life -----------------------------------------------------------------------------------------------------
    def start(self, *, ready: bool = True, first: str = "", **environ: str) -> "Daemon":
        """`first` is Python that runs in the daemon's process before it: as another version of the program would."""
        code = f"{first}\nfrom agentguid.__main__ import main; raise SystemExit(main([]))"
        with (self.root / "daemon.log").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, *(["-c", code] if first else ["-m", "agentguid"])],
                env={**self.environ, **environ},
                cwd=self.root,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        if ready:
            wait_for(self.healthy, "the daemon to serve; it said:\n", said=self._last)
        return self

    def healthy(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log()[-5000:]}")
        try:
            return self.request("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def log(self) -> str:
        with contextlib.suppress(OSError):
            return (self.root / "daemon.log").read_text(errors="replace")
        return ""

    def _last(self) -> str:
        return self.log()[-3000:]

    def kill(self) -> None:
        """As a crash would: no clean-up."""
        if self.process:
            self.process.kill()
            self.process.wait(PATIENCE)

    def stop(self) -> int:
        """As systemd would."""
        assert self.process
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def hosts(self) -> list[int]:
        """Pids of the live host processes of this daemon's directories."""
        return [pid for pid in self.descendants() if b"agentguid-host" in _command(pid)]

    def agents(self) -> list[int]:
        """Pids of what its hosts have started: not of a program that is only asked for its version."""
        return self._holding(kin.MARK + b"=")

    def close(self) -> None:
        """Ends the daemon and everything that it started."""
        if self.process and self.process.poll() is None:
            self.kill()
        for pid in self.descendants():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def descendants(self) -> list[int]:
        """Every process that has this daemon's directories in its environment: hosts and agents too."""
        return self._holding(b"")

    def _holding(self, also: bytes) -> list[int]:
        mark = f"{self.root}/".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    given = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                    if mark in given and also in given:
                        found.append(int(entry.name))
        return found

    # -- asking it ----------------------------------------------------------------------------------------------------
    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float = 30,
    ) -> tuple[int, bytes]:
        connection = _Unix(self.socket, timeout)
        try:
            data = None if body is None else json.dumps(body).encode()
            sent = {"Content-Type": "application/json"} if data is not None else {}
            connection.request(method, f"{self.prefix}{path}", data, {**sent, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.IncompleteRead as error:
            raise ConnectionResetError("the daemon ended in the middle of an answer") from error
        finally:
            connection.close()

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """A JSON answer; anything but 2xx fails."""
        status, data = self.request(method, f"/api{path}", body)
        assert 200 <= status < 300, f"{method} {path}: {status} {data[:2000]!r}\n{self.log()[-3000:]}"
        return json.loads(data) if data else None

    def form(self, path: str, fields: dict[str, str]) -> tuple[int, str]:
        """A page's form, as a browser without JavaScript sends it."""
        connection = _Unix(self.socket, PATIENCE)
        try:
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
            connection.request("POST", f"{self.prefix}{path}", urlencode(fields).encode(), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def events(self, after: int = 0, conversation: str | None = None) -> list[dict[str, Any]]:
        """All events so far, by the public surface."""
        query = f"after={after}" + (f"&conversation={conversation}" if conversation else "")
        status, data = self.request("GET", f"/api/events?{query}", headers={"Accept": "application/x-ndjson"})
        assert status == 200, data
        return [event for line in data.splitlines() if line and "position" in (event := json.loads(line))]

    def follow(self, path: str) -> "contextlib.AbstractContextManager[Iterator[bytes]]":
        """The raw lines of a stream."""
        return self._follow(path)

    @contextlib.contextmanager
    def _follow(self, path: str) -> Iterator[Iterator[bytes]]:
        connection = _Unix(self.socket, PATIENCE)
        connection.request("GET", f"{self.prefix}{path}", headers={"Accept": "text/event-stream"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        try:
            yield iter(answer.readline, b"")
        finally:
            connection.close()

    def inputs(self) -> list[str]:
        """The ids of all that was ever written to agents, as their tapes have it."""
        tapes = [Reader(folder) for folder in (self.data / "tapes").iterdir()]
        return [record.id for tape in tapes for record in tape.records() if record.direction == IN]

    # -- usual errands ------------------------------------------------------------------------------------------------
    def conversation(self, agent: str = "demo", **more: Any) -> str:
        made = self.api(
            "POST", "/conversations", {"agentId": agent, "workingDirectory": str(self.work), **more}
        )
        return str(made["conversation"]["id"])

    def send(self, conversation: str, text: str, **more: Any) -> dict[str, Any]:
        sent: dict[str, Any] = self.api(
            "POST", f"/conversations/{conversation}/messages", {"content": text, **more}
        )
        return sent

    def allow(self, conversation: str) -> None:
        """Allows what its agent asks for, once it does."""
        path = f"/approvals?conversation={conversation}"
        (asked,) = wait_for(lambda: self.api("GET", path)["approvals"], "the request")
        self.api("POST", f"/approvals/{asked['id']}", {"decision": "allow_once"})

    def latest(self, conversation: str) -> dict[str, Any] | None:
        turn: dict[str, Any] | None = self.api("GET", f"/conversations/{conversation}/sessions/latest")[
            "session"
        ]
        return turn

    def ended(self, conversation: str, turn: str | None = None, patience: float = PATIENCE) -> dict[str, Any]:
        """The latest turn (or `turn`), once it has ended."""

        def look() -> dict[str, Any] | None:
            row = (
                self.latest(conversation) if turn is None else self.api("GET", f"/sessions/{turn}")["session"]
            )
            return row if row and row["status"] not in ("active", "pending") else None

        got: dict[str, Any] = wait_for(look, "the turn to end\n", patience, self._last)
        return got

    def items(self, conversation: str) -> list[dict[str, Any]]:
        """All items of the transcript."""
        items: list[dict[str, Any]] = self.api("GET", f"/conversations/{conversation}/full?allChunks=1")[
            "chunks"
        ]
        return items
