"""The way to the daemon: HTTP over its unix socket, or over TCP and TLS with a token."""

import json
import os
import time
import tomllib
from argparse import Namespace
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import socket
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from agentguid.cli import sse
from agentguid.cli.errors import NOT_PERMITTED, START, USAGE, CliError, Rejected, Unreachable
from agentguid.cli.output import say
from agentguid.cli.unix import UnixConnection
from agentguid.paths import Places, places

QUIET = 90.0
"""Seconds without a byte after which a connection counts as lost."""
PATIENCE = 60.0
"""Seconds for which a stream that was cut is tried again."""
_PLACES = ("data_dir", "runtime_dir")


class Client:
    """Speaks to one daemon. Raises CliError with a sentence and an exit code."""

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        self._url = urlsplit(url) if url else None
        if self._url and (self._url.scheme not in ("http", "https") or not self._url.hostname):
            raise CliError(f"--url must look like https://host:3000/gm, not {url}", USAGE)
        self._named = (url, token)
        self._token = token
        self._socket = configured().socket
        self._connection: HTTPConnection | None = None
        self.quiet = QUIET
        self._base = self._url.path.rstrip("/") if self._url else ""

    def another(self) -> "Client":
        """A client of the same daemon, with a connection of its own."""
        return Client(*self._named)

    def get(self, path: str, **query: object) -> Any:
        """The JSON that the path answers with."""
        return self._json("GET", path, query)

    def post(self, path: str, body: object = None) -> Any:
        return self._json("POST", path, {}, {} if body is None else body)

    def patch(self, path: str, body: object) -> Any:
        return self._json("PATCH", path, {}, body)

    def put(self, path: str, body: object) -> Any:
        return self._json("PUT", path, {}, body)

    def delete(self, path: str, **query: object) -> Any:
        return self._json("DELETE", path, query)

    def lines(self, path: str, **query: object) -> Iterator[Any]:
        """The values of an NDJSON answer, as they come."""
        response = self._ask("GET", path, query, accept="application/x-ndjson")
        for line in sse.lines(response):
            if line.strip():
                yield json.loads(line)

    def follow(
        self, path: str, after: int, *, tell: Callable[[str], None] = say, **query: object
    ) -> Iterator[sse.Message]:
        """Server-sent events from a position on, without end: a cut connection is taken up where it was cut."""
        met, told, lost_at = False, False, None
        try:
            while True:
                try:
                    response = self._ask("GET", path, {"after": after, **query}, accept="text/event-stream")
                    met, told, lost_at = True, False, None
                    for message in sse.messages(response):
                        after = int(message.id) if message.id else after
                        yield message
                except Unreachable:
                    if not met or (lost_at is not None and time.monotonic() - lost_at > PATIENCE):
                        raise
                    if lost_at is not None and not told:
                        told = True
                        tell("the daemon does not answer; trying again (agents go on without it)")
                self.close()
                lost_at = lost_at or time.monotonic()
                time.sleep(0.3)
        finally:
            self.close()

    def blob(self, digest: str) -> bytes:
        """The whole of what lies beside the log."""
        response = self._send("GET", f"{self._base_path()}/blobs/{part(digest)}", None, "*/*")
        if response.status >= 300:
            raise _rejection(response)
        return response.read()

    def dial(self, path: str) -> tuple[socket, str, dict[str, str]]:
        """A connection for a WebSocket, its URL and headers. `path` is under BASE."""
        base = self._base_path()
        connection = self._connect()
        try:
            connection.connect()
        except OSError as error:
            raise Unreachable(self._absent(error)) from error
        kind = "wss" if self._url and self._url.scheme == "https" else "ws"
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return (
            connection.sock,
            f"{kind}://{self._url.netloc if self._url else 'localhost'}{base}{path}",
            headers,
        )

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    # -- below: one request ------------------------------------------------------------------------------------------
    def _json(self, method: str, path: str, query: dict[str, object], body: object = None) -> Any:
        data = self._ask(method, path, query, body).read()
        try:
            return json.loads(data) if data else None
        except ValueError:
            raise CliError(f"what answers at {self._where} is not agentguid: {data[:60]!r}") from None

    def _ask(
        self,
        method: str,
        path: str,
        query: dict[str, object],
        body: object = None,
        accept: str = "application/json",
    ) -> HTTPResponse:
        asked = {name: value for name, value in query.items() if value is not None}
        target = f"{self._base_path()}/api{path}" + (f"?{urlencode(asked)}" if asked else "")
        response = self._send(method, target, None if body is None else json.dumps(body).encode(), accept)
        if response.status >= 300:
            raise _rejection(response)
        return response

    def _send(self, method: str, target: str, body: bytes | None, accept: str) -> HTTPResponse:
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            self._connection = self._connection or self._connect()
            self._connection.request(method, target, body, headers)
            return self._connection.getresponse()
        except PermissionError:
            raise CliError(f"{self._where} belongs to another user", NOT_PERMITTED) from None
        except (OSError, HTTPException) as error:
            self.close()
            raise Unreachable(self._absent(error)) from error

    def _connect(self) -> HTTPConnection:
        if self._url is None:
            return UnixConnection(self._socket, self.quiet)
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        return kind(self._url.hostname or "", self._url.port, timeout=self.quiet)

    def _base_path(self) -> str:
        """The daemon's URL prefix. It may be configured, so the daemon is asked: `/` redirects to it."""
        if not self._base:
            response = self._send("GET", "/", None, "text/html")
            response.read()
            location = urlsplit(response.getheader("Location") or "/gm").path.rstrip("/")
            self._base = location.removesuffix("/login") or "/"
        return "" if self._base == "/" else self._base

    @property
    def _where(self) -> str:
        return self._url.geturl() if self._url else str(self._socket)

    def _absent(self, error: Exception) -> str:
        if self._url:
            return f"agentguid does not answer at {self._where}: {error or type(error).__name__}"
        return f"agentguid is not running (nothing answers at {self._socket}); {START}"


def connect(args: Namespace) -> Client:
    """The client that the command line and the environment name."""
    url = args.url or os.environ.get("AGENTGUID_URL")
    return Client(url, (args.token or os.environ.get("AGENTGUID_TOKEN")) if url else None)


def configured() -> Places:
    """The daemon's places, as the environment and, after it, config.toml name them."""
    file = places().config / "config.toml"
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return places()
    except (OSError, ValueError) as error:
        raise CliError(f"{file} cannot be read: {error}", USAGE) from None
    named = {
        f"AGENTGUID_{key.upper()}": os.path.expanduser(str(table[key])) for key in _PLACES if key in table
    }
    return places({**named, **os.environ})


def part(text: str) -> str:
    """What a user typed, as one segment of a path."""
    return quote(text, safe="")


def _rejection(response: HTTPResponse) -> CliError:
    body = response.read(65_536)
    try:
        problem = json.loads(body)
        text = str(problem.get("error") or problem.get("detail") or problem.get("title") or "")
    except (ValueError, AttributeError):
        text = ""
    if response.status == 401:
        text = text or "not permitted"
        text += " (give a token: agentguictl token create NAME makes one where the daemon runs)"
    return Rejected(response.status, text or f"the daemon answered {response.status} {response.reason}")
