"""The server: TCP and the unix socket from one uvicorn, and a stop that ends the streams first."""

import asyncio
import contextlib
import errno
import functools
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn

from agentguid import systemd
from agentguid.http.peers import HttpProtocol, WebSocketProtocol
from agentguid.protocol.errors import AgentguidError
from agentguid.settings import Settings
from agentguid.stream.feed import Feed

log = logging.getLogger(__name__)

FRAME_LIMIT = 1024 * 1024
"""Bytes of one WebSocket message from a client."""
PATIENCE = 0.6
"""Seconds that readers have to take their goodbye before they are cut off."""


class PortTaken(AgentguidError):  # noqa: N818 — named as the errors of the protocol are
    """The address cannot be listened on."""


class Listeners(NamedTuple):
    """Bound sockets."""

    tcp: socket.socket
    unix: socket.socket
    inherited: bool
    """Handed over by systemd: not ours to remove."""

    @property
    def port(self) -> int:
        return int(self.tcp.getsockname()[1])


def listen(settings: Settings) -> Listeners:
    """Binds both sockets, or takes systemd's. Raises PortTaken with a sentence that says what to do."""
    given = systemd.inherited()
    tcp = next((one for one in given if one.family != socket.AF_UNIX), None)
    unix = next((one for one in given if one.family == socket.AF_UNIX), None)
    own_tcp = tcp or _tcp(settings)
    try:
        return Listeners(own_tcp, unix or _unix(settings.places.socket), unix is not None)
    except AgentguidError:
        own_tcp.close()
        raise


class _Server(uvicorn.Server):
    """uvicorn's, without its signal handlers, that says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    def capture_signals(self) -> "contextlib.AbstractContextManager[None]":  # type: ignore[override]
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()


async def serve(
    app: Any,
    settings: Settings,
    feed: Feed,
    on_ready: Callable[[], Awaitable[None]],
    listeners: Listeners | None = None,
    on_hangup: Callable[[], None] = lambda: None,
) -> None:
    """Serves until SIGTERM, SIGINT or `feed.close()`. `on_ready` is awaited once connections are answered.

    SIGHUP calls `on_hangup`.
    """
    bound = listeners or listen(settings)
    server = _Server(_config(app))
    ending = asyncio.create_task(_stop(server, feed))
    with _signals(feed, on_hangup), _removed(bound, settings.places.socket):
        serving = asyncio.create_task(server.serve(sockets=[bound.tcp, bound.unix]))
        answering = asyncio.create_task(server.answers.wait())
        try:
            await asyncio.wait({serving, answering}, return_when=asyncio.FIRST_COMPLETED)
            if server.answers.is_set():
                systemd.notify("READY=1", f"STATUS=serving {settings.url}")
                await on_ready()
            await serving
        finally:
            feed.close()
            await asyncio.gather(serving, return_exceptions=True)
            ending.cancel()
            answering.cancel()


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=FRAME_LIMIT,
        ws_per_message_deflate=False,
        ws_ping_interval=30,
        ws_ping_timeout=30,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )


async def _stop(server: uvicorn.Server, feed: Feed) -> None:
    """Waits for the end of the feed: by then every stream has been woken to say goodbye."""
    await feed.closing.wait()
    systemd.notify("STOPPING=1", "STATUS=agents go on without the daemon")
    server.should_exit = True
    await asyncio.sleep(PATIENCE)
    for connection in list(server.server_state.connections):
        if transport := getattr(connection, "transport", None):
            transport.abort()


@contextlib.contextmanager
def _signals(feed: Feed, on_hangup: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def ended(name: str) -> None:
        log.info("%s: streams end, then the daemon; agents go on", name)
        feed.close()

    wanted = {signal.SIGHUP: on_hangup}
    for one in (signal.SIGTERM, signal.SIGINT):
        wanted[one] = functools.partial(ended, one.name)
    taken = []
    for one, action in wanted.items():
        with contextlib.suppress(RuntimeError, ValueError):  # not the main thread: a test
            loop.add_signal_handler(one, action)
            taken.append(one)
    try:
        yield
    finally:
        for one in taken:
            loop.remove_signal_handler(one)


@contextlib.contextmanager
def _removed(bound: Listeners, path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        bound.tcp.close()
        bound.unix.close()
        if not bound.inherited:
            path.unlink(missing_ok=True)


def _tcp(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as error:
        raise PortTaken(_why(settings, error)) from None


def _why(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = settings.port + 1 if settings.port < 65535 else settings.port - 1
        return (
            f"port {settings.port} on {settings.host} is taken by another program; "
            f"choose another with PORT={other} or --port {other}"
        )
    if error.errno == errno.EACCES:
        return (
            f"port {settings.port} may not be used by this user; choose one above 1023, such as --port 3000"
        )
    return f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}; choose a --host of this machine"


def _unix(path: Path) -> socket.socket:
    """Our control socket, for this user alone. What a daemon left behind that is gone is replaced; a live one is not."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        near = _near(path, folder)
        if path.is_socket():
            if _answers(near):
                raise PortTaken(
                    f"a daemon already answers at {path}; stop it, or choose another AGENTGUID_RUNTIME_DIR"
                )
            path.unlink(missing_ok=True)
        return _bound(near)
    except OSError as error:
        raise PortTaken(f"cannot listen at {path}: {error}; choose another AGENTGUID_RUNTIME_DIR") from None
    finally:
        os.close(folder)


def _near(path: Path, folder: int) -> str:
    """A name for the socket that fits into 107 bytes, wherever the runtime directory is."""
    if len(os.fsencode(path)) <= 100 or not os.path.isdir("/proc/self/fd"):
        return str(path)
    return f"/proc/self/fd/{folder}/{path.name}"


def _bound(near: str) -> socket.socket:
    own = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        own.bind(near)
    except OSError:
        own.close()
        raise
    finally:
        os.umask(before)
    own.listen(512)
    return own


def _answers(near: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(near)
        except TimeoutError:
            return True
        except OSError:
            return False
        return True
