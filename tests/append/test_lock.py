"""One daemon per data directory."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.append import lock
from agentguid.protocol.errors import LogBroken

HOLDER = """
import sys
from pathlib import Path
from agentguid.append import lock
held = lock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_the_second_is_refused_and_told_who_is_first(holder: subprocess.Popen[bytes], tmp_path: Path) -> None:
    with pytest.raises(LogBroken, match=rf"another agentguid \(pid {holder.pid}\) works on {tmp_path}"):
        lock.acquire(tmp_path)


def test_a_process_that_was_killed_holds_nothing(holder: subprocess.Popen[bytes], tmp_path: Path) -> None:
    holder.kill()
    holder.wait()

    with lock.acquire(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_refused_second_does_not_take_the_name_of_the_first_away(
    holder: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    for _ in range(2):
        with pytest.raises(LogBroken, match=f"pid {holder.pid}"):
            lock.acquire(tmp_path)


def test_what_was_released_may_be_taken_again(tmp_path: Path) -> None:
    first = lock.acquire(tmp_path / "new")
    with pytest.raises(LogBroken):
        lock.acquire(tmp_path / "new")
    first.release()
    first.release()

    lock.acquire(tmp_path / "new").release()


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    """Agents outlive the daemon; they must not keep its data directory."""
    held = lock.acquire(tmp_path)
    program = [sys.executable, "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        held.release()
        lock.acquire(tmp_path).release()
        child.kill()
