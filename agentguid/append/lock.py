"""One daemon per data directory. The kernel lets go of the lock when the process ends, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import Self

from agentguid.protocol.errors import LogBroken


class Lock:
    """The lock on a data directory, as long as it is held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Lets go; idempotent. The file stays: removing it would let two hold locks on two files of one name."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def acquire(directory: Path) -> Lock:
    """Takes `<directory>/lock`; raises `LogBroken` naming the process that has it."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise LogBroken(
            f"another agentguid (pid {holder}) works on {directory}: stop it, or set AGENTGUID_DATA_DIR"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return Lock(descriptor)
