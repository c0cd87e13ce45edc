"""Signs in to an agent's provider from a terminal: waits for the browser here, or takes the address that it could not open.

The page that the provider leads back to is on this machine, wherever the daemon is: it is told what came (`relay`).
"""

import os
import select
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agentguid.cli.client import Client
from agentguid.cli.errors import CliError, Rejected
from agentguid.cli.output import complain, say

PATH = "/oauth2callback"
AGAIN = 2.0
"""Seconds until the daemon is asked whether it was done elsewhere."""
LONGEST = 4096
"""Characters of an address."""


def gemini(client: Client, browser: bool, show: Callable[[str], None]) -> dict[str, Any]:
    """Returns what the daemon says when it is done. Raises CliError when it comes to nothing.

    `show` is given the address to open; with `browser` it is opened, too.
    """
    from http.server import BaseHTTPRequestHandler
    from socketserver import TCPServer

    waiting = _Waiting(client)

    class Page(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            self.close_connection = True
            if urlsplit(self.path).path == PATH and not waiting.over:
                waiting.take(self.path)
                self.send_response(303)
                self.send_header("Location", "/")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = waiting.words.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """What was asked for has the code in it."""

    with TCPServer(("127.0.0.1", 0), Page) as server:
        server.timeout = 3  # for the browser to fetch the last page
        show(waiting.begin(server.server_address[1]))
        say("If it is sent to a page that does not open, paste the whole address of that page here.")
        if browser:
            import webbrowser

            webbrowser.open(waiting.url)
        waiting.wait(server)
        if waiting.by_browser:
            server.handle_request()
    if waiting.failed:
        raise waiting.failed
    assert waiting.done is not None
    return waiting.done


class _Waiting:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._id, self._until = "", 0.0
        self._typing = sys.stdin is not None
        self._typed = b""
        """Of a line that is not complete."""
        self.url = ""
        self.done: dict[str, Any] | None = None
        self.failed: CliError | None = None
        self.by_browser = False
        self.words = "Nothing to see here.\n"
        """What the browser is shown in the end."""

    @property
    def over(self) -> bool:
        return self.done is not None or self.failed is not None

    def begin(self, port: int) -> str:
        """The address to open."""
        start = self._client.post("/gemini-oauth/start", {"port": port})
        self._id, self._until, self.url = start["id"], start["expires_at"] / 1000, start["authUrl"]
        say("Open this in a browser and sign in:")
        return self.url

    def wait(self, server: Any) -> None:
        """Until it is done, by whatever way."""
        while not self.over:
            if time.time() > self._until:
                raise CliError("nobody came back in time; begin again")
            watched = [server, *([sys.stdin] if self._typing else [])]
            ready = select.select(watched, [], [], AGAIN)[0]
            if server in ready:
                server.handle_request()
            if sys.stdin in ready:
                self._read()
            if not ready:
                self._look()

    def take(self, target: str) -> None:
        """What the browser brought."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        self.by_browser = True
        if query.get("code"):
            self._try("/gemini-oauth/relay", {"code": query["code"], "state": query.get("state", "")})
        else:
            self._try("/gemini-oauth/complete", {"url": f"http://127.0.0.1{target}"[:LONGEST]})

    def _read(self) -> None:
        typed = os.read(sys.stdin.fileno(), LONGEST)
        self._typing = bool(typed)
        *lines, self._typed = (self._typed + (typed or b"\n")).split(b"\n")
        for line in lines:
            if not self.over and (address := line.decode(errors="replace").strip()):
                self._try("/gemini-oauth/complete", {"url": address})
        self._typed = self._typed[: 2 * LONGEST]

    def _try(self, path: str, body: dict[str, str]) -> None:
        """Hands it to the daemon. What is none of this sign-in leaves it as it was."""
        self._client.close()  # it was silent for long, and the daemon may have hung up
        try:
            self._client.post(path, body)
        except Rejected as rejected:
            self._look()
            if not self.over:
                complain(str(rejected))
        except CliError as failed:
            self.failed = failed
        else:
            self._look()

    def _look(self) -> None:
        self._client.close()
        try:
            status = self._client.get("/gemini-oauth/status", id=self._id)
        except CliError as failed:
            self.failed = failed
            return
        if status["status"] == "error":
            self.failed = CliError(status["error"])
            self.words = f"This did not work: {status['error']}\n"
        elif status["status"] == "success":
            self.done = {"success": True, "email": status["email"]}
            self.words = "Signed in. This page can be closed.\n"
