"""Who descends from an agent, and so ends with it: read off /proc. Stdlib only.

A host adopts the orphans of what its agent starts, so that nobody leaves the family by forking twice, by a session of
its own or by an environment of its own. When the host itself was killed, the mark in the environment is left to go by.
"""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

MARK = b"AGENTGUID_HELD_BY"
"""Variable that every child of a host has: the directory of its tape. Ids alone are not enough: a copy of the data has the same."""
YOUNG = 64
"""Numbers of processes back from the newest that `strike_young` looks at."""
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER

Kin = dict[int, int]
"""Process → when it started, in clock ticks since boot: a number that was given away again is another process."""


def adopt() -> bool:
    """From here on the orphans among our descendants become our children. False: this system cannot (then the mark
    alone says who belongs to us)."""
    try:
        import ctypes  # noqa: PLC0415 - costs every host 0.4 MB, and may be missing

        return bool(ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 when there is none. With the boot's id this names it for good."""
    return _status(pid)[2]


def descendants(ancestor: int, tapes: Iterable[str] = ()) -> Kin:
    """What lives and descends from a process, or bears the mark of the host of one of these tapes, or descends from who does.

    Never the asking process itself, nor `ancestor`. Costs some 20 µs for each process of the machine.
    """
    marks = {os.fsencode(directory) for directory in tapes}
    found: Kin = {}
    parents: dict[int, int] = {}
    roots = {ancestor} if ancestor else set()
    for pid in _all():
        alive, parent, started = _status(pid)
        if alive:
            found[pid], parents[pid] = started, parent
            if marks and mark(pid) in marks:
                roots.add(pid)
    ours: Kin = {}
    for pid in found:
        line, above = [pid], pid
        while above in parents and above not in roots and above not in ours and len(line) < 10_000:
            above = parents[above]
            line.append(above)
        if above in roots or above in ours:
            ours.update((one, found[one]) for one in line if one in found)
    for other in (ancestor, os.getpid()):
        ours.pop(other, None)
    return ours


def mark(pid: int) -> bytes:
    """The tape of the host that a process of this user was started under; empty when none, or when it may not be looked at."""
    path = f"/proc/{pid}"
    try:
        if os.stat(path).st_uid != os.getuid():
            return b""
        with open(f"{path}/environ", "rb") as file:
            variables = b"\0" + file.read()
    except OSError:
        return b""
    _, there, rest = variables.partition(b"\0" + MARK + b"=")
    return rest.partition(b"\0")[0] if there else b""


def strike(kin: Kin, number: int) -> int:
    """Sends a signal to each; how many were there to be sent it. Who runs as another user by now is left out."""
    return sum(_strike(pid, started, number) for pid, started in kin.items())


def strike_young(parent: int, number: int) -> None:
    """Sends a signal to those of the newest processes that are children of the caller.

    For who forks faster than all of /proc is read. A child that was not waited for keeps its number.
    """
    try:
        with open("/proc/loadavg", "rb") as file:
            newest = int(file.read().split()[4])
    except (OSError, IndexError, ValueError):
        return
    for pid in range(newest, max(1, newest - YOUNG), -1):
        alive, above, _ = _status(pid)
        if alive and above == parent:
            with suppress(OSError):
                os.kill(pid, number)


def _strike(pid: int, started: int, number: int) -> bool:
    """Looked at while it is held: what has the number now is what had it when it was found, or nothing is sent."""
    try:
        held = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    except (OSError, AttributeError):  # old kernels, some containers
        held = -1
    try:
        if start_time(pid) != started:
            return False
        if held < 0:
            os.kill(pid, number)
        else:
            signal.pidfd_send_signal(held, number)
    except OSError:
        return False
    finally:
        if held >= 0:
            os.close(held)
    return True


def _all() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _status(pid: int) -> tuple[bool, int, int]:
    """Whether it lives (a zombie does not), its parent, when it started."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return fields[0] not in (b"Z", b"X"), int(fields[1]), int(fields[19])
    except (OSError, IndexError):
        return False, 0, 0
