"""Who ends an agent ends all that it started, however it hides, and nothing else."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.hosts import kin
from agentguid.hosts.link import Link, reap
from agentguid.hosts.orphans import held, sweep
from agentguid.paths import Places
from tests.hosts.tools import ENV, ended, is_alive, python, records, said, shell, spec, until

pytestmark = pytest.mark.anyio

HIDING = """
import os, signal, sys, time
def hide(*also):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            null = os.open("/dev/null", os.O_RDWR)
            os.write(1, b"%d\\n" % os.getpid())
            for fd in range(3): os.dup2(null, fd)
            if also: os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"], {})
            time.sleep(600)
        os._exit(0)
    os.wait()
hide()
"""
"""Forks twice, has a session of its own, hears neither SIGTERM nor SIGHUP. `hide(1)`: and gives its environment away."""
STAY = "\nsys.stdin.read()\n"
STORM = """
import os, sys, time
def storm(until):
    while time.time() < until:
        time.sleep(0.002)  # enough to be outrun, and no burden to whoever reaps them all
        if os.fork():
            os._exit(0)
        os.setsid()
for _ in range(3):
    if os.fork() == 0:
        null = os.open("/dev/null", os.O_RDWR)
        for fd in range(3): os.dup2(null, fd)
        storm(time.time() + 600)
print("up", flush=True)
sys.stdin.read()
"""
"""Three lines of processes, each of which lives only until it has forked the next, in a session of its own."""


@pytest.fixture
def bystanders(places: Places, tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that look a little like ours, and are not."""
    ours = str(places.tapes / "h")
    likes = [
        {"AGENTGUID_HELD_BY": f"{ours}2"},
        {"AGENTGUID_HELD_BY": str(tmp_path / "a-copy-of-data" / "tapes" / "h")},
        {"AGENTGUID_HELD_BY": ""},
        {"NOT_AGENTGUID_HELD_BY": ours},
        {"A": f"1 AGENTGUID_HELD_BY={ours}"},
        {"B": f"AGENTGUID_HELD_BY={ours}"},
    ]
    idle = ["sleep", "600"]
    found = [subprocess.Popen(idle, env=ENV | like, start_new_session=True) for like in likes]
    yield found
    for process in found:
        process.kill()
        process.wait()


def hidden(places: Places) -> list[int]:
    return [int(word) for word in said(places).split() if word.isdigit()]


async def test_an_end_reaches_who_hides_and_nobody_else(
    places: Places, bystanders: list[subprocess.Popen[bytes]]
) -> None:
    link = await Link.spawn(places, spec(python(HIDING + "hide(1)\nhide(1)" + STAY)))
    await until(lambda: len(hidden(places)) == 3)
    assert all(map(is_alive, hidden(places)))

    begun = time.monotonic()
    await link.end(0.4)
    took = time.monotonic() - begun

    assert not any(map(is_alive, hidden(places)))
    assert took < 20
    assert [process.poll() for process in bystanders] == [None] * len(bystanders)
    await ended(link, places)


async def test_who_hides_is_asked_before_it_is_killed(places: Places, tmp_path: Path) -> None:
    """SIGTERM first: a server may put its affairs in order."""
    script = f"trap 'echo ended > {tmp_path}/said; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    link = await Link.spawn(places, spec(shell(f"setsid sh -c {script!r} & exec cat")))
    await until(lambda: said(places) == b"up\n")
    await link.end(10.0)
    assert (tmp_path / "said").read_text() == "ended\n"
    await ended(link, places)


async def test_an_end_outruns_a_storm_of_forks(places: Places) -> None:
    link = await Link.spawn(places, spec(python(STORM)))
    await until(lambda: said(places) == b"up\n")
    await link.end(0.2)
    await ended(link, places)
    assert kin.descendants(0, [str(places.tapes / "h")]) == {}
    assert not [record for record in records(places) if b"could not be ended" in record.payload]


async def test_who_hides_outlives_an_agent_that_ended_by_itself_until_it_is_swept(
    places: Places, bystanders: list[subprocess.Popen[bytes]]
) -> None:
    link = await Link.spawn(places, spec(python(HIDING)))
    assert (await ended(link, places))["code"] == "0"
    [pid] = hidden(places)
    assert is_alive(pid)
    assert not await reap(places, "h", 0.1), "the host ended in good order"
    assert is_alive(pid)
    await until(lambda: not held(places, "h"))

    assert await sweep(places, ["another", "h"], 0.1)

    assert not is_alive(pid)
    assert [process.poll() for process in bystanders] == [None] * len(bystanders)
    assert not await sweep(places, ["another", "h"], 0.1)


async def test_what_a_killed_host_leaves_is_found_by_its_mark(
    places: Places, bystanders: list[subprocess.Popen[bytes]]
) -> None:
    link = await Link.spawn(places, spec(python(HIDING + STAY)))
    await until(lambda: len(hidden(places)) == 1)
    os.kill(link.pid, signal.SIGKILL)
    await until(lambda: not link.alive)
    await link.close()

    assert await reap(places, "h", 0.2)

    assert not any(map(is_alive, [*hidden(places), link.child_pid or 0]))
    assert [process.poll() for process in bystanders] == [None] * len(bystanders)


async def test_what_lives_under_a_living_host_is_not_swept(places: Places) -> None:
    link = await Link.spawn(places, spec(python(HIDING + STAY)))
    await until(lambda: len(hidden(places)) == 1)
    assert not await sweep(places, ["h"], 0.1)
    assert is_alive(hidden(places)[0])
    await link.end(0.2)
    await ended(link, places)


async def test_orphans_leave_no_zombies_with_their_host(places: Places) -> None:
    """It adopts them, so it is the one to take their exit status."""
    script = "for i in 1 2 3 4 5 6 7 8; do (sleep 0.01 & echo $!); done; echo up; read line"
    link = await Link.spawn(places, spec(shell(script)))
    await until(lambda: b"up" in said(places))
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in hidden(places)))
    assert link.alive
    await link.end()
    await ended(link, places)


def test_a_number_that_was_given_away_is_not_struck() -> None:
    process = subprocess.Popen(["sleep", "60"])
    started = kin.start_time(process.pid)
    try:
        assert kin.strike({process.pid: started + 1}, signal.SIGKILL) == 0
        assert process.poll() is None
        assert kin.strike({process.pid: started}, signal.SIGKILL) == 1
        assert process.wait(60) == -signal.SIGKILL
        assert kin.strike({process.pid: started}, signal.SIGKILL) == 0
    finally:
        process.kill()


def test_the_asking_process_and_its_forebears_are_never_found() -> None:
    """Even when they bear the mark: a daemon may itself have been started by an agent."""
    code = f"import sys; sys.path.append({str(Path(__file__).parents[2])!r})\n"
    code += "from agentguid.hosts import kin; import os; print(len(kin.descendants(0, ['me'])), kin.mark(os.getpid()))"
    said = subprocess.run(
        [sys.executable, "-c", code], env=ENV | {"AGENTGUID_HELD_BY": "me"}, capture_output=True, check=True
    )
    assert said.stdout == b"0 b'me'\n"


async def test_an_end_of_an_agent_that_has_just_ended_still_ends_the_rest(places: Places) -> None:
    link = await Link.spawn(places, spec(shell("setsid sleep 600 & echo $!; exit 3")))
    await until(lambda: hidden(places))
    await asyncio.sleep(0)
    await link.end(0.2)
    assert (await ended(link, places))["code"] == "3"
    assert not is_alive(hidden(places)[0])
