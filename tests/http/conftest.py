"""A real server on loopback and a unix socket, over a real log in a directory of its own; no agents."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from agentguid.agents.discovery import Agents
from agentguid.append.blobs import Blobs
from agentguid.append.log import Log
from agentguid.dispatch import Dispatcher
from agentguid.entropy import new_id
from agentguid.http.app import create_app
from agentguid.http.parts import Parts
from agentguid.http.server import listen, serve
from agentguid.project.all import INLINE
from agentguid.protocol import commands
from agentguid.protocol.events import Event
from agentguid.settings import load
from agentguid.stream.feed import Feed
from agentguid.stream.live import LiveText
from agentguid.stream.presence import Presence

T = TypeVar("T")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float = 20) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Served:
    """A server in a thread of its own, with its event loop; closed by `stop`."""

    def __init__(self, root: Path, **environ: str) -> None:
        self.root = root
        for name in ("data", "config", "run", "work"):
            (root / name).mkdir(exist_ok=True)
        self.settings = load(
            [],
            {
                "HOME": str(root),
                "AGENTGUID_DATA_DIR": str(root / "data"),
                "AGENTGUID_CONFIG_DIR": str(root / "config"),
                "AGENTGUID_RUNTIME_DIR": str(root / "run"),
                "AGENTGUID_STARTUP_CWD": str(root / "work"),
                "AGENTGUID_PORT": "0",
                **environ,
            },
        )
        self.base = self.settings.base_url
        self.port = 0
        self.parts: Parts = None  # type: ignore[assignment]
        self.app: Any = None
        self.loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="server")
        self._thread.start()
        assert self._ready.wait(30)
        if self._failed:
            raise self._failed

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self._failed = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self.loop = loop = asyncio.get_running_loop()
        feed = Feed()

        def committed(position: int, streams: Any) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(feed.wake, position, streams)

        log = Log(self.settings.places.log, INLINE, on_commit=committed)
        log.open()
        reader = log.reader()
        try:
            feed.wake(log.position)
            blobs = Blobs(self.settings.places.blobs)
            self.parts = Parts(
                settings=self.settings,
                log=log,
                reader=reader,
                dispatch=Dispatcher(log, reader, blobs),
                feed=feed,
                live=LiveText(feed),
                presence=Presence(feed),
                blobs=blobs,
                agents=Agents({"PATH": "/nowhere"}),
            )
            self.app = create_app(self.parts)
            listeners = listen(self.settings)
            self.port = listeners.port

            async def ready() -> None:
                self._ready.set()

            terminals = asyncio.create_task(self.parts.terminals.run())
            try:
                await serve(self.app, self.settings, feed, ready, listeners)
            finally:
                terminals.cancel()
                await asyncio.gather(terminals, return_exceptions=True)
        finally:
            reader.close()
            log.close()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.parts.feed.close)
        self._thread.join(20)
        assert not self._thread.is_alive()
        if self._failed:
            raise self._failed

    # -- inside -------------------------------------------------------------------------------------------------------
    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs something in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def call(self, work: Callable[[], T]) -> T:
        async def inside() -> T:
            return work()

        return self.run(inside())

    def dispatch(self, command: commands.Command, **more: Any) -> Any:
        return self.run(self.parts.dispatch(command, actor="test", **more))

    def conversation(self, **more: Any) -> str:
        id = new_id()
        given = {"title": "a title", "agent": "demo", "cwd": str(self.root / "work"), **more}
        self.dispatch(commands.CreateConversation(conversation=id, **given))
        return id

    def report(self, conversation: str, *facts: Event, host: str = "h1") -> None:
        self.dispatch(commands.Report(conversation=conversation, host=host, facts=list(facts)))

    # -- outside ------------------------------------------------------------------------------------------------------
    @property
    def unix(self) -> str:
        return str(self.settings.places.socket)

    def connection(self, unix: bool = True) -> http.client.HTTPConnection:
        if unix:
            return UnixConnection(self.unix)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        unix: bool = True,
        based: bool = True,
    ) -> Answer:
        connection = self.connection(unix)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data is not None else {}
        try:
            connection.request(method, (self.base if based else "") + path, data, {**sent, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def api(self, method: str, path: str, body: Any = None, status: int | None = None, **more: Any) -> Any:
        answer = self.ask(method, f"/api{path}", body, **more)
        if status is None:
            assert 200 <= answer.status < 300, answer
        else:
            assert answer.status == status, answer
        return answer.json if answer.body else None

    def token(self, scope: str = "write", **more: Any) -> str:
        token: str = self.api("POST", "/tokens", {"name": f"a {scope} token", "scope": scope, **more})[
            "token"
        ]
        return token

    def cookie(self) -> str:
        """Signs a browser in; its Cookie header."""
        ticket = self.api("POST", "/tickets")["ticket"]
        answer = self.ask(
            "POST",
            "/login",
            f"ticket={ticket}".encode(),
            {"Content-Type": "application/x-www-form-urlencoded", **self.origin()},
            unix=False,
        )
        assert answer.status == 303, answer
        return answer.headers["set-cookie"].partition(";")[0]

    def origin(self) -> dict[str, str]:
        return {"Origin": f"http://127.0.0.1:{self.port}"}

    @contextlib.contextmanager
    def stream(self, path: str, headers: dict[str, str] | None = None, unix: bool = True) -> Iterator[Any]:
        """An answer that is read as it comes; cut when the block ends."""
        connection = self.connection(unix)
        connection.request(
            "GET", self.base + path, headers={"Accept": "text/event-stream", **(headers or {})}
        )
        answer = connection.getresponse()
        sock = connection.sock
        try:
            yield answer
        finally:
            with contextlib.suppress(OSError, AttributeError):
                sock.shutdown(socket.SHUT_RDWR)
            answer.close()
            connection.close()


def closed(socket: ClientConnection) -> int | None:
    """Reads to the end of a WebSocket; the code that it was closed with."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=10)
    return socket.close_code


def sse(answer: Any) -> Iterator[tuple[str | None, str, str]]:
    """The messages of an event stream: id, event, data."""
    id: str | None = None
    event, data = "message", ""
    for raw in iter(answer.readline, b""):
        line = raw.decode().removesuffix("\n")
        name, _, value = line.partition(": ")
        if not line:
            if data:
                yield id, event, data
            id, event, data = None, "message", ""
        elif name == "id":
            id = value
        elif name == "event":
            event = value
        elif name == "data":
            data += value


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One server for the tests of a module."""
    yield from _serving()


@pytest.fixture
def fresh() -> Iterator[Served]:
    """A server of its own, with an empty log."""
    yield from _serving()


def _serving() -> Iterator[Served]:
    root = Path(tempfile.mkdtemp(prefix="agd", dir=os.environ.get("TMPDIR")))  # short: sockets lie in it
    server = Served(root)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)
