"""A WebSocket of the daemon, for a loop that waits for a keyboard as well: nothing here waits but the opening."""

import ssl
from collections.abc import Iterator

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State
from websockets.uri import parse_uri

from agentguid.cli.client import Client
from agentguid.cli.errors import FAILED, NOT_PERMITTED, CliError, Unreachable

LARGEST = 4 << 20
"""Bytes of a message from the daemon."""
READ = 256 << 10


class WebSocket:
    """Open, once it is made. Messages are bytes or text."""

    def __init__(self, client: Client, path: str) -> None:
        """`path` is under BASE. Raises Unreachable, or CliError when it is refused."""
        self._sock, url, headers = client.dial(path)
        self._protocol = ClientProtocol(parse_uri(url), max_size=LARGEST)
        self._out = bytearray()
        self._parts: list[bytes] = []
        self._opcode = Opcode.TEXT
        request = self._protocol.connect()
        for name, value in headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._early = self._open()
        self._sock.setblocking(False)

    def fileno(self) -> int:
        return self._sock.fileno()

    @property
    def unsent(self) -> int:
        """Bytes that wait until the descriptor is writable; then call `flush`."""
        return len(self._out)

    @property
    def closed(self) -> int:
        """The close code; 0 while it is open, 1006 when nobody said goodbye."""
        return (self._protocol.close_code or 1006) if self._protocol.state is State.CLOSED else 0

    def early(self) -> Iterator[bytes | str]:
        """The messages that came with the opening."""
        events, self._early = self._early, []
        yield from self._messages(events)

    def read(self) -> Iterator[bytes | str]:
        """The messages that have come. Call it when the descriptor is readable; look at `closed` after it."""
        try:
            data = self._sock.recv(READ)
            while isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
                data += self._sock.recv(READ)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            data = b""
        self._take(data)
        yield from self._messages(self._protocol.events_received())

    def send(self, message: bytes | str) -> None:
        """Nothing happens when it is closed: `closed` says so."""
        if self._protocol.state is not State.OPEN:
            return
        if isinstance(message, bytes):
            self._protocol.send_binary(message)
        else:
            self._protocol.send_text(message.encode())
        self.flush()

    def flush(self) -> None:
        """Sends what the connection takes now."""
        self._out += b"".join(self._protocol.data_to_send())
        try:
            while self._out:
                del self._out[: self._sock.send(self._out)]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return
        except OSError:
            self._out.clear()
            self._protocol.receive_eof()

    def close(self) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self.flush()
        self._sock.close()

    def _take(self, data: bytes) -> None:
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self.flush()

    def _messages(self, events: list[Event]) -> Iterator[bytes | str]:
        for event in events:
            if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                if event.opcode is not Opcode.CONT:
                    self._opcode = event.opcode
                self._parts.append(bytes(event.data))
                if event.fin:
                    whole, self._parts = b"".join(self._parts), []
                    yield whole.decode("utf-8", "replace") if self._opcode is Opcode.TEXT else whole

    def _open(self) -> list[Event]:
        """Waits for the answer; what came right behind it."""
        self.flush()
        try:
            while self._protocol.state is State.CONNECTING and not self._protocol.handshake_exc:
                self._take(self._sock.recv(READ))
        except OSError as error:
            raise Unreachable(f"the daemon went away: {error}") from error
        events = self._protocol.events_received()
        match self._protocol.handshake_exc:
            case None:
                return events
            case InvalidStatus(response=response):
                code = NOT_PERMITTED if response.status_code in (401, 403) else FAILED
                said = bytes(response.body or b"").decode("utf-8", "replace")[:300]
                raise CliError(f"the daemon answered {response.status_code} {said}".strip(), code)
            case InvalidHandshake() as wrong:
                raise Unreachable(f"the daemon went away, or what answers is not agentguid: {wrong}")
            case other:
                raise Unreachable(f"the daemon went away: {other}")
