"""The process that holds a child, writes its tape and serves a socket: `docs/protocols/host.md`.

It outlives the daemon: it imports little, and everything at its start. One thread. Stdlib only.
"""

import fcntl
import os
import signal
import time

from agentguid.failpoints import failpoint
from agentguid.hosts import frames, order, tape, terminal
from agentguid.hosts.client import Client
from agentguid.hosts.door import Door
from agentguid.hosts.frames import FrameError
from agentguid.hosts.keeper import Keeper
from agentguid.hosts.loop import IN, OUT, Loop

HELD = 75
"""Exit status: another host has this id, or had it."""
BROKEN = 71
"""Exit status: the tape or the socket cannot be made."""
GRACE = 2.0
"""Seconds between SIGTERM to the host and SIGKILL to what it holds."""
LINGER = 5.0
"""Seconds that clients have to acknowledge the end."""
CLIENTS = 8
_GONE = (EOFError, OSError, FrameError)


class Host:
    """Serves clients while its child runs; `run` returns when the child has ended and everything is on the tape."""

    def __init__(self, what: order.Order, writer: tape.Writer, held: int) -> None:
        self._lock = held
        self.loop = Loop()
        self.keeper = Keeper(what, writer, self.loop)
        self.tape = writer
        self.runtime = what.runtime
        self.clients: dict[int, Client] = {}
        self.done = self._greeted = False

    def start(self) -> None:
        """Serves, then lets the child run. Raises OSError when the socket cannot be made or the tape not be written."""
        wake, woken = os.pipe()
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # the byte in the pipe is what counts
        self.loop.watch(wake, IN, lambda _: self._woken(wake))
        self._open_door()
        self.keeper.start()

    def run(self) -> None:
        while not self.done:
            self.loop.turn()
            self._poke()
            if self.keeper.exited:
                self._leave_when_read()
        self.door.close()
        os.ftruncate(self._lock, 0)  # nothing to reap after us

    def _open_door(self) -> None:
        self.door = Door(self.runtime)
        self.loop.watch(self.door.sock.fileno(), IN, lambda _: self._accept())
        self.loop.after("door", 2.0, self._check_door)

    def _check_door(self) -> None:
        self.loop.after("door", 2.0, self._check_door)
        if not self.door.stands:
            before = self.door.sock
            try:
                self._open_door()
            except OSError:
                return  # tried again in two seconds
            self.loop.forget(before.fileno())
            before.close()

    def _woken(self, wake: int) -> None:
        if signal.SIGTERM in os.read(wake, 4096):
            self._end(GRACE)
        self.keeper.look()

    def _end(self, grace: float) -> None:
        self.done = self.keeper.exited
        self.keeper.end(grace)

    def _leave_when_read(self) -> None:
        """Goes once every client has read to the end, or had its time; the first client is waited for as well."""
        if self._greeted and all(client.acknowledged >= self.tape.end for client in self.clients.values()):
            self.done = True
        elif not self.loop.pending("leave"):
            self.loop.after("leave", LINGER, self._leave)

    def _leave(self) -> None:
        self.done = True

    # -- clients -----------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            sock, _ = self.door.sock.accept()
        except OSError:
            return  # it went away again
        if len(self.clients) < CLIENTS:
            client = Client(sock)
            self.clients[client.fd] = client
            self._interest(client)
        else:
            sock.close()

    def _interest(self, client: Client) -> None:
        events = (0 if client.behind else IN) | (0 if client.drained else OUT)
        self.loop.watch(client.fd, events, lambda events: self._serve(client, events))

    def _drop(self, client: Client) -> None:
        if self.clients.pop(client.fd, None):
            self.loop.forget(client.fd)
            client.close()
            self.keeper.watch(bool(self.clients))

    def _send(self, client: Client, data: bytes = b"") -> None:
        try:
            client.send(data)
        except OSError:
            return self._drop(client)
        return self._interest(client)

    def _serve(self, client: Client, events: int) -> None:
        if events & ~OUT:
            try:
                for kind, payload in client.read():
                    self._hear(client, kind, payload)
            except _GONE:
                return self._drop(client)
        if client.fd in self.clients:
            self._send(client)
        return None

    def _hear(self, client: Client, kind: int, payload: bytes) -> None:
        """Raises FrameError for what is not of the protocol."""
        if kind == frames.HELLO:
            frames.read_hello(payload)
            self._greeted = True
            self.keeper.watch(True)
            self._send(
                client, frames.welcome(os.getpid(), self.keeper.child.pid, self.tape.end, self.keeper.state)
            )
        elif kind == frames.INPUT:
            name, data = frames.read_input(payload)
            self._send(client, frames.taken(name, *self.keeper.take(name, data)))
        elif kind == frames.ACK:
            client.acknowledged = frames.read_offset(payload)
            self.keeper.acknowledge(client.acknowledged)
        elif kind == frames.SIGNAL:
            self.keeper.signal(frames.read_signal(payload))
        elif kind == frames.RESIZE:
            self.keeper.resize(frames.read_resize(payload))
        elif kind == frames.EOF and not payload:
            self.keeper.close_input()
        elif kind == frames.END:
            self._end(frames.read_end(payload) / 1000)
        elif kind == frames.SYNC:
            client.syncs += 1
            self._answer_syncs()
        else:
            raise FrameError(f"kind {kind} is not for a host")

    def _answer_syncs(self) -> None:
        if not self.keeper.sync():
            return self.loop.after("syncs", 1.0, self._answer_syncs)
        for client in list(self.clients.values()):
            count, client.syncs = client.syncs, 0
            self._send(client, frames.offset(frames.SYNCED, self.tape.end) * count)
        return None

    def _poke(self) -> None:
        """Tells that the tape has grown; who has not taken the last poke yet gets one when it has."""
        now = (self.tape.end, self.keeper.state)
        for client in list(self.clients.values()):
            if client.greeted and client.told != now and client.drained:
                failpoint("host.before_poke")
                client.told = now
                self._send(client, frames.poke(*now))


def lock(directory: str) -> int:
    """The lock on a host's id, -1 when it is held. The daemon looks at it for an instant: hence several tries."""
    os.makedirs(directory, 0o700, exist_ok=True)
    fd = os.open(os.path.join(directory, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(20):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.01)
        else:
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)
            return fd
    os.close(fd)
    return -1


def _say(text: str) -> None:
    """To whoever started us; then, as before, to nobody."""
    try:
        os.write(1, text.encode())
    except OSError:
        return  # it is gone; the host is not


def _open(what: order.Order) -> Host | int:
    """The host with its child, or an exit status."""
    try:
        held = lock(what.tape)
        if held < 0:
            _say(f"Host {what.host} is running already; connect to it.")
            return HELD
        if not tape.is_empty(what.tape):
            _say(f"Host {what.host} has had its agent; request a host with a new id.")
            return HELD
        writer = tape.Writer(what.tape, what.host, segment=terminal.SEGMENT if what.size else tape.SEGMENT)
        host = Host(what, writer, held)
        host.start()
    except OSError as error:
        _say(
            f"Cannot hold an agent: {error.strerror}: {error.filename or what.tape}. Free it, then send the message again."
        )
        return BROKEN
    return host


def main() -> int:
    """Reads its order from stdin, says `ready` or a sentence on stdout, and is alone from there on."""
    os.closerange(3, 1 << 16)
    with open(0, "rb", closefd=False) as stdin:
        what = order.unpack(stdin.read())
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.chdir("/")
    host = _open(what)
    if isinstance(host, int):
        return host
    _say("ready")
    os.dup2(null, 1)
    try:
        host.run()
    except BaseException as error:
        host.keeper.ending.send(signal.SIGKILL)
        host.tape.append(tape.NOTE, f"The host failed, its agent was ended: {error!r}".encode())
        raise
    finally:
        host.tape.close()
    return 0
