"""A host that does not answer is ended, also one that has only just begun; and nobody waits for it without an end."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.hosts import orphans
from agentguid.paths import Places

HOLDER = """
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(fd, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
os.write(fd, str(os.getpid()).encode())
time.sleep(1000)
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(data=tmp_path / "data", config=tmp_path / "config", runtime=tmp_path / "run")


@pytest.fixture
def holder(places: Places) -> Iterator[subprocess.Popen[bytes]]:
    """Holds the lock of the host h; who it is it writes once it is given a line."""
    (places.tapes / "h").mkdir(parents=True)
    argv = [sys.executable, "-c", HOLDER, str(places.tapes / "h" / "lock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


@pytest.mark.anyio
async def test_a_host_that_has_not_yet_said_who_it_is_is_ended_once_it_has(
    places: Places, holder: subprocess.Popen[bytes]
) -> None:
    killing = asyncio.create_task(orphans.kill(places, "h"))
    await asyncio.sleep(0)
    assert holder.stdin
    holder.stdin.write(b"\n")
    holder.stdin.flush()

    await killing

    assert holder.wait(10) == -9
    assert not orphans.held(places, "h")


@pytest.mark.anyio
async def test_a_host_that_cannot_be_ended_is_said_and_not_waited_for(
    places: Places, holder: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "PATIENCE", 0.1)

    with pytest.raises(OSError, match="cannot be ended"):
        await orphans.kill(places, "h")

    assert holder.poll() is None
