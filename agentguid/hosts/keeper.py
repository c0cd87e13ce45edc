"""What a host holds: the child and its tape. Stdlib only."""

import os
import signal

from agentguid.failpoints import failpoint
from agentguid.hosts import frames, kin, order, tape, terminal
from agentguid.hosts.child import Child, boot
from agentguid.hosts.ending import Ending
from agentguid.hosts.kin import start_time
from agentguid.hosts.loop import IN, OUT, Loop
from agentguid.hosts.pipes import Inlet, Outlet

NEAR = 8 << 20
"""Bytes that the child may be ahead of a daemon that reads: a stop must not wait for a long backlog. Above what the
daemon reads before it acknowledges (4 MiB)."""
HELD_OPEN = 1.0
"""Seconds that what the child left behind may keep its pipes open."""


class Keeper:
    """Puts the child's every byte on the tape, in order, and never gives it a byte that is not there."""

    def __init__(self, what: order.Order, writer: tape.Writer, loop: Loop) -> None:
        self.order = what
        self.tape = writer
        self.loop = loop
        self.acknowledged = 0
        self.watched = False
        """A daemon is connected."""
        self.exited = False
        """The child has ended, and that is on the tape: the last record."""
        self._known: set[str] = set()
        self._code: int | None = None
        self._full = self._problem = ""

    def start(self) -> None:
        """Starts the child. Raises OSError when the tape cannot be written: then it never ran."""
        failpoint("host.before_spawn")
        kin.adopt()
        environ = {**self.order.env, kin.MARK: os.fsencode(self.order.tape)}
        self.child = Child(self.order.argv, self.order.cwd, environ, self.order.size)
        self.ending = Ending(self.child, self.order.tape, self.loop, self._alone)
        failpoint("host.after_spawn")
        self.outlets: list[Outlet]
        if self.order.size:
            self.stdin = Inlet(self.child.stdin, terminal.UNREAD)
            self.outlets = [terminal.Screen(self.child.stdout)]
        else:
            self.stdin = Inlet(self.child.stdin)
            self.outlets = [Outlet(self.child.stdout, tape.OUT), Outlet(self.child.stderr, tape.ERR)]
        pid = self.child.pid
        self._record(
            tape.START, tape.pack_fields(pid=pid, started=start_time(pid), boot=boot(), host=os.getpid())
        )
        self.child.release()
        self._problem = self.child.problem()
        self._adjust()

    # -- asked by clients --------------------------------------------------------------------------------------------

    @property
    def state(self) -> int:
        """What pokes tell besides the tape's end."""
        near = terminal.NEAR if self.order.size else NEAR
        limit = min(near, self.order.max_uncommitted) if self.watched else self.order.max_uncommitted
        behind = self.tape.end - self.acknowledged > limit
        paused = behind and self._code is None
        return self.exited * frames.EXITED | paused * frames.PAUSED | bool(self._full) * frames.FULL

    def take(self, name: str, data: bytes) -> tuple[str, str]:
        """Status and reason of an input. On the tape first, then to the child: so it is never written twice.

        What is typed into a terminal may be a password: neither it nor its id is kept.
        """
        if name in self._known:
            return "known", ""
        if reason := self.stdin.refuses(data):
            return "refused", reason
        if self.order.size:
            self._write(data)
            return "new", ""
        try:
            if not self._full:
                self._record(tape.IN, data, name=name)
        except OSError as error:
            self._stuck(error)
        if self._full:
            return "refused", f"the tape cannot be written: {self._full}"
        self._known.add(name)
        self._write(data)
        return "new", ""

    def acknowledge(self, offset: int) -> None:
        """Up to `offset` the tape is committed: the child may go on when it was ahead."""
        self.acknowledged = max(self.acknowledged, offset)
        self._adjust()

    def watch(self, watched: bool) -> None:
        """A daemon has come, or the last one has gone."""
        self.watched = watched
        self._adjust()

    def signal(self, number: int) -> None:
        """To the whole group, as a terminal would."""
        if self._code is None:
            self.child.kill(number)

    def resize(self, size: tuple[int, int]) -> None:
        """Rows and columns. Raises FrameError: there is no terminal."""
        if not self.order.size:
            raise frames.FrameError("this host holds no terminal")
        if self.outlets[0].fd >= 0:
            terminal.resize(self.outlets[0].fd, size)

    def close_input(self) -> None:
        """After what is queued."""
        self.stdin.closing = True
        self._write()

    def end(self, grace: float) -> None:
        """No more input; SIGTERM half-way; SIGKILL after `grace` seconds. Each to all that the child started.

        With a terminal SIGHUP comes first, as when its window is closed: shells do not obey SIGTERM.
        """
        if not self.exited:
            self._close_stdin()
            if self.order.size:
                self.child.kill(signal.SIGHUP)
            self._adjust()
            self.ending.ask(grace)

    def _alone(self, left: kin.Kin) -> None:
        """The child has ended and all that it started, but for these."""
        if left:
            pids = ", ".join(map(str, sorted(left)[:20]))
            note = (
                f"{len(left)} processes that the agent started could not be ended: {pids}. End them by hand."
            )
            try:
                self._record(tape.NOTE, note.encode())
            except OSError as error:
                return self._stuck(error)
        return self._finish()

    def sync(self) -> bool:
        """Brings the tape to the disk. False: it failed and will be tried again."""
        try:
            self.tape.sync()
        except OSError:
            self.loop.after("sync", 1.0, self._sync_later)
            return False
        return True

    def _sync_later(self) -> None:
        """Once a second until all is on the disk: a sync that fails is tried again although nothing more is written."""
        try:
            done = self.tape.sync_aside()
        except OSError:
            done = False
        if not done:
            self.loop.after("sync", 1.0, self._sync_later)

    def look(self) -> None:
        """After SIGCHLD."""
        if self._code is None and (code := self.child.ended()) is not None:
            self._child_ended(code)
        self.child.reap_adopted()

    # -- the tape ----------------------------------------------------------------------------------------------------

    def _record(self, direction: int, payload: bytes, *, name: str = "", flags: int = 0) -> None:
        """Raises OSError when it cannot be written: then it is not."""
        failpoint("host.before_tape")
        self.tape.append(direction, payload, name=name, flags=flags)
        failpoint("host.after_tape")
        if not self.loop.pending("sync"):
            self.loop.after("sync", 1.0, self._sync_later)

    def _stuck(self, error: OSError) -> None:
        """The disk is full, most likely. The child's pipes are left alone, so it waits and nothing is lost."""
        self._full = self._full or (error.strerror or "unknown error")
        self.loop.after("retry", 1.0, self._retry)
        self._adjust()

    def _retry(self) -> None:
        try:
            for outlet in self.outlets:
                self._record_held(outlet)
            note = f"The tape could not be written for a while ({self._full}); the agent had to wait. Nothing was lost."
            self._record(tape.NOTE, note.encode())
        except OSError as error:
            return self._stuck(error)
        self._full = ""
        self._adjust()
        return self._finish()

    def _record_held(self, outlet: Outlet) -> None:
        if outlet.held:
            self._record(outlet.direction, outlet.held[0], flags=outlet.held[1])
            outlet.held = None

    # -- the child ---------------------------------------------------------------------------------------------------

    def _adjust(self) -> None:
        """Waits for what may be read and written now, and for nothing else."""
        reading = 0 if self.state else IN
        for outlet in self.outlets:
            if outlet.fd >= 0:
                self.loop.watch(outlet.fd, reading, lambda _, outlet=outlet: self._read(outlet))  # type: ignore[misc]
        if self.stdin.fd >= 0:
            self.loop.watch(self.stdin.fd, OUT if self.stdin.waiting else 0, lambda _: self._write())

    def _read(self, outlet: Outlet) -> None:
        fd = outlet.fd
        outlet.read()
        if outlet.fd < 0:
            self.loop.forget(fd)
        try:
            self._record_held(outlet)
        except OSError as error:
            return self._stuck(error)
        if self.state:
            self._adjust()
        return self._finish()

    def _write(self, data: bytes = b"") -> None:
        fd = self.stdin.fd
        failpoint("host.before_stdin")
        self.stdin.put(data)
        failpoint("host.after_stdin")
        if self.stdin.fd < 0:
            self.loop.forget(fd)
        self._adjust()

    def _close_stdin(self) -> None:
        self.loop.forget(self.stdin.fd)
        self.stdin.close()

    def _child_ended(self, code: int) -> None:
        self._code = code
        self._close_stdin()
        self.ending.child_ended()
        self.loop.after("held open", HELD_OPEN, self._kill_rest)
        self._adjust()
        self._finish()

    def _kill_rest(self) -> None:
        """Something still holds the pipes: its group is killed. Who has left the group is not waited for."""
        self.child.kill(signal.SIGKILL)
        self.loop.after("held open", HELD_OPEN / 2, self._abandon)

    def _abandon(self) -> None:
        if self._full:
            return self.loop.after("held open", HELD_OPEN, self._abandon)
        try:
            for outlet in self.outlets:
                if outlet.fd >= 0:
                    self.loop.forget(outlet.fd)
                    outlet.close()
                self._record_held(outlet)
        except OSError as error:
            return self._stuck(error)
        return self._finish()

    def _finish(self) -> None:
        """Writes EXIT once the child has ended and all it said is on the tape."""
        if self._code is None or self.exited or self.ending.open:
            return None
        if any(outlet.fd >= 0 or outlet.held for outlet in self.outlets):
            return None
        self.loop.cancel("held open")
        note = {"note": self._problem} if self._problem else {}
        try:
            self._record(tape.EXIT, tape.pack_fields(code=self._code, **note))
        except OSError as error:
            return self._stuck(error)
        self.exited = True
        self.child.reap()
        self.child.reap_adopted()
        self.sync()
        return None
