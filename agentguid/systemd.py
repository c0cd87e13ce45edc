"""systemd's side of the process: what it is told, what it hands over, how often it wants a sign of life. Stdlib only.

The protocols are those of sd_notify(3), sd_listen_fds(3) and sd_watchdog_enabled(3); without systemd all of it is silent.
"""

import contextlib
import os
import socket
import time


def notify(*lines: str) -> None:
    """Tells the service manager, when there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to,
        contextlib.suppress(OSError),
    ):
        to.sendto("\n".join(lines).encode(), "\0" + address[1:] if address[0] == "@" else address)


def reloading() -> None:
    """The configuration is being read again; READY=1 says that it is done."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def inherited() -> list[socket.socket]:
    """Sockets that were bound for us. The variables are taken out of the environment: they are not for children."""
    pid, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "0")
    os.environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()):
        return []
    given = [socket.socket(fileno=3 + number) for number in range(int(count))]
    for one in given:
        one.set_inheritable(False)
    return given


def watchdog() -> float | None:
    """Seconds within which a sign of life is wanted; None: nobody waits for one."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    if (
        not wanted.isdigit()
        or int(wanted) == 0
        or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid())
    ):
        return None
    return int(wanted) / 1e6
