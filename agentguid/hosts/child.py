"""A program under a host: its session and process group, and its three pipes or its terminal. Stdlib only."""

import fcntl
import os
import signal
from contextlib import suppress

from agentguid.hosts.terminal import Ends, control, open_terminal

PIPE = 256 << 10
"""Bytes that a pipe holds: fewer turns for who talks a lot."""
_F_SETPIPE_SZ = 1031


class Child:
    """Forked, but waiting: `release` lets it become the program, the death of the host ends it before.

    So that nothing runs of which the tape does not know.
    """

    def __init__(
        self, argv: list[bytes], cwd: str, env: dict[bytes, bytes], size: tuple[int, int] | None = None
    ) -> None:
        """With a size (rows, columns) it gets a terminal, and has no `stderr` (-1). Raises OSError."""
        self.stdin, self.stdout, self.stderr, *theirs = open_terminal(size) if size else _open_pipes()
        held, self._gate = os.pipe()
        self.failure, failure = os.pipe()
        self._reaped = False
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._gate)
            _become(theirs, held, failure, argv, cwd, env, terminal=size is not None)
        for fd in {*theirs, held, failure}:
            os.close(fd)
        for fd in (self.stdin, self.stdout, self.stderr):
            if fd >= 0:
                os.set_blocking(fd, False)

    def release(self) -> None:
        os.write(self._gate, b"1")
        os.close(self._gate)

    def kill(self, number: int) -> None:
        """Sends a signal to the whole group. After `reap` to nobody: the number may be another group's by then."""
        if self._reaped:
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:  # it has not made its group yet
            os.kill(self.pid, number)
        except PermissionError:
            pass  # a member runs as another user

    def ended(self) -> int | None:
        """The exit code, or minus the signal. Leaves the zombie, so that the group's number stays taken."""
        result = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if result is None:
            return None
        return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status

    def reap(self) -> None:
        """Takes its exit status, once it has ended."""
        if not self._reaped:
            os.waitpid(self.pid, 0)
        self._reaped = True

    def reap_adopted(self) -> bool:
        """Takes the exit status of orphans that became ours; stops at the child itself, whose zombie stays.

        True: there is neither a child nor an orphan, and so, where orphans become ours, no descendant at all.
        """
        try:
            while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if found.si_pid == self.pid:
                    break
                os.waitpid(found.si_pid, 0)
        except ChildProcessError:
            return True
        return False

    def problem(self) -> str:
        """A sentence when the program could not be started. Waits until it has been tried: milliseconds."""
        said = os.read(self.failure, 256)
        os.close(self.failure)
        what, _, number = said.partition(b" ")
        reason = os.strerror(int(number or 0))
        if what == b"cwd":
            return f"the working directory cannot be entered: {reason}"
        return f"the program cannot be started: {reason}; is it installed, and on PATH?" if what else ""


def boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _open_pipes() -> Ends:
    theirs_in, stdin = os.pipe()
    stdout, theirs_out = os.pipe()
    stderr, theirs_err = os.pipe()
    for fd in (stdin, stdout, stderr):
        with suppress(OSError):  # the user's share of pipe memory may be used up
            fcntl.fcntl(fd, _F_SETPIPE_SZ, PIPE)
    return stdin, stdout, stderr, theirs_in, theirs_out, theirs_err


def _become(
    ends: list[int],
    held: int,
    failure: int,
    argv: list[bytes],
    cwd: str,
    env: dict[bytes, bytes],
    *,
    terminal: bool,
) -> None:
    """In the fork: never returns."""
    step = b"exec"
    try:
        os.setsid()
        if terminal:
            control(ends[0])
        for number, fd in enumerate(ends):
            os.dup2(fd, number)
        if os.read(held, 1) != b"1":
            os._exit(127)
        step = b"cwd"
        os.chdir(cwd)
        step = b"exec"
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvpe(argv[0], argv, env)  # noqa: S606 - a list, as ever
    except OSError as error:
        os.write(failure, b"%s %d" % (step, error.errno or 0))
    finally:
        os._exit(127)
