"""A scripted stand-in for a model service, on 127.0.0.1 only. Genuine agents talk to it as if it were the real one.

    with ModelServer() as model:
        ...  # model.url is what ANTHROPIC_BASE_URL and its kin are set to
        assert len(model.asked("a prompt")) == 1

Each protocol is one module with PATH, COUNT, read, whole, stream, count, error; `PROTOCOLS` names them.
"""

import gzip
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.support.model import anthropic, chat, gemini, responses
from tests.support.model.script import Ask, Place, Script, Turn

PROTOCOLS = [anthropic, chat, gemini, responses]
CUT = 6
"""Events after which a connection is dropped that is to be cut."""


@dataclass(frozen=True)
class Request:
    """One request of an agent, as it came."""

    protocol: str
    ask: Ask
    place: Place
    failed: bool


class ModelServer:
    """Answers by the script, and remembers what it was asked."""

    def __init__(self, port: int = 0, script: Script | None = None) -> None:
        self.script = script or Script()
        self.requests: list[Request] = []
        self.strange: list[str] = []
        """Paths that no protocol knows."""
        self.server = _Server(("127.0.0.1", port), _Handler)
        self.server.model = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, name="model", daemon=True)

    def __enter__(self) -> "ModelServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    def asked(self, words: str) -> list[Request]:
        """The requests that a prompt with these words led to at once: not those that follow a tool's result."""
        return [one for one in list(self.requests) if words in one.place.prompt and one.place.turn == 0]

    def of(self, scenario: str, words: str = "") -> list[Request]:
        """All requests of a scenario (whose prompt has these words), in order."""
        return [r for r in list(self.requests) if r.place.scenario == scenario and words in r.place.prompt]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    model: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that hangs up is nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are kept, not printed."""

    def do_HEAD(self) -> None:
        self._json({})

    def do_GET(self) -> None:
        if self.path.split("?")[0].endswith("/models"):
            model = {"id": "fake-model", "object": "model", "type": "model", "display_name": "fake-model"}
            return self._json({"object": "list", "data": [model], "has_more": False})
        return self._unknown()

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        path = self.path.split("?")[0]
        for protocol in PROTOCOLS:
            if path.endswith(protocol.COUNT):
                return self._json(protocol.count(protocol.read(json.loads(raw), path)))
            if path.endswith(protocol.PATH):
                ask: Ask = protocol.read(json.loads(raw), path)
                ask.raw = raw
                ask.key = self.headers.get("x-api-key") or self.headers.get("Authorization") or ""
                return self._answer(protocol, ask)
        return self._unknown()

    def _answer(self, protocol: Any, ask: Ask) -> None:
        model = self.server.model
        place, turn = model.script.answer(ask)
        model.requests.append(Request(protocol.__name__.rpartition(".")[2], ask, place, bool(turn.error)))
        if error := turn.error:
            body = protocol.error(error["status"], error["type"], error["message"])
            self._json(body, error["status"], error.get("headers"))
        elif ask.stream:
            self._stream(protocol, ask, turn)
        else:
            self._json(protocol.whole(ask, turn))

    def _stream(self, protocol: Any, ask: Ask, turn: Turn) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number, event in enumerate(protocol.stream(ask, turn)):
            if turn.cut and number == CUT:
                return
            self.wfile.write(event)
            self.wfile.flush()
            time.sleep(turn.delay)

    def _unknown(self) -> None:
        self.server.model.strange.append(f"{self.command} {self.path}")
        self._json({"type": "error", "error": {"type": "not_found_error", "message": "not here"}}, 404)

    def _json(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
