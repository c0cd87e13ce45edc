"""What `doctor` looks at of the data: the directory, the disk, the log."""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from agentguid.cli.checks import Check, Patient
from agentguid.cli.output import size

SCARCE, FEW = 200 << 20, 2 << 30
"""Bytes of free disk below which something is broken, or worth a note."""
AHEAD = 5.0
"""Seconds that the log's last event may lie in the future."""
NEWEST = 1000
"""Events that are verified."""


def data(patient: Patient) -> Iterator[Check]:
    folder = patient.places.data
    try:
        there = folder.stat()
    except FileNotFoundError:
        yield Check("data", "note", f"{folder} is not there yet", "the first start makes it")
        return
    mode = stat.S_IMODE(there.st_mode)
    if there.st_uid != os.getuid():
        yield Check(
            "data", "broken", f"{folder} belongs to another user", f"sudo chown -R $USER {quote(str(folder))}"
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield Check(
            "data",
            "broken",
            f"{folder} cannot be written",
            f"chmod 700 {quote(str(folder))}; is its disk mounted read-only?",
        )
    elif mode & 0o077:
        yield Check(
            "data",
            "broken",
            f"{folder} has mode {mode:04o}: others may look in",
            f"chmod 700 {quote(str(folder))}",
        )
    else:
        yield Check("data", "ok", f"{folder}, for you alone")
    yield _room(folder)


def _room(folder: Path) -> Check:
    disk = shutil.disk_usage(folder)
    text = f"{size(disk.free)} free of {size(disk.total)}"
    if disk.free < FEW:
        return Check(
            "disk", "broken" if disk.free < SCARCE else "note", text, f"make room on the disk of {folder}"
        )
    return Check("disk", "ok", text)


def log(patient: Patient) -> Iterator[Check]:
    """Its newest part is verified, and its last event must not lie in the future."""
    path = patient.places.log
    if not path.exists():
        return
    import apsw

    from agentguid.append import read
    from agentguid.append.chain import verify
    from agentguid.append.connection import reader
    from agentguid.protocol.errors import LogBroken

    try:
        db = reader(path)
        try:
            last = read.last(db)
            for _ in verify(db, max(0, last - NEWEST)):
                pass
            at = next((one.at for one in read.at(db, [last]).values()), 0) / 1e6
        finally:
            db.close()
    except (LogBroken, apsw.Error) as error:
        what = str(error) if str(path) in str(error) else f"{path}: {error}"
        yield Check("log", "broken", what, "restore a backup: agentguictl restore --help")
        return
    lies = [path, path.with_name(path.name + "-wal")]
    room = sum(file.stat().st_size for file in lies if file.exists())
    yield Check("log", "ok", f"{last:,} events, {size(room)}; the newest are whole")
    if at > time.time() + AHEAD:
        yield Check(
            "clock",
            "broken",
            f"the last event lies {at - time.time():.0f} s in the future",
            "set the clock right: timedatectl set-ntp true",
        )
