"""Whatever a child does, all that it said is on the tape, in order, and then its end."""

import os
import signal
import time

import pytest

from agentguid.hosts import frames, tape
from agentguid.hosts.link import Link
from agentguid.hosts.orphans import members
from agentguid.paths import Places
from tests.hosts.tools import ended, is_alive, lines, python, records, said, shell, spec, status, until

pytestmark = pytest.mark.anyio


async def run(places: Places, argv: list[str], **fields: object) -> dict[str, str]:
    """A host's whole life."""
    return await ended(await Link.spawn(places, spec(argv, **fields)), places)


async def test_a_life(places: Places) -> None:
    assert await run(places, shell("echo one; echo two >&2; exit 3")) == {"code": "3"}
    kinds = [record.direction for record in records(places)]
    assert (kinds[0], kinds[-1]) == (tape.START, tape.EXIT)
    assert (said(places), said(places, tape.ERR)) == (b"one\n", b"two\n")
    assert not (places.hosts / "h").exists()
    assert await Link.connect(places, "h") is None


async def test_a_child_that_exits_at_once(places: Places) -> None:
    assert await run(places, ["/bin/true"]) == {"code": "0"}
    assert [record.direction for record in records(places)] == [tape.START, tape.EXIT]


async def test_a_child_that_kills_itself(places: Places) -> None:
    assert await run(places, shell("kill -SEGV $$")) == {"code": str(-signal.SIGSEGV)}


@pytest.mark.parametrize(
    "data", [b"no end", b"\xff\xfe invalid \xc3\n", bytes(range(256)) * 50, b"\n\n\n", b"\0"]
)
async def test_any_bytes_are_kept(places: Places, data: bytes) -> None:
    code = f"import os; os.write(1, {data!r}); os.write(2, {data!r})"
    assert await run(places, python(code)) == {"code": "0"}
    assert (said(places), said(places, tape.ERR)) == (data, data)


async def test_a_flood_on_stderr_loses_nothing_on_stdout(places: Places) -> None:
    code = """
import os
for number in range(2000):
    os.write(2, b"e" * 4000 + b"\\n")
    os.write(1, b"%d\\n" % number)
"""
    assert await run(places, python(code)) == {"code": "0"}
    assert said(places) == b"".join(b"%d\n" % number for number in range(2000))
    assert said(places, tape.ERR) == (b"e" * 4000 + b"\n") * 2000


async def test_every_record_but_pieces_ends_a_line(places: Places) -> None:
    code = "import sys\nfor n in range(20000): sys.stdout.write(str(n) + ' ' * (n % 100) + '\\n')"
    assert await run(places, python(code)) == {"code": "0"}
    assert all(record.payload.endswith(b"\n") for record in records(places) if record.direction == tape.OUT)
    assert [int(line.data) for line in lines(places) if line.direction == "out"] == list(range(20000))


async def test_a_line_of_10_mb_is_one_line(places: Places) -> None:
    code = "import sys; sys.stdout.write('x' * 10_000_000 + '\\nnext\\n')"
    assert await run(places, python(code)) == {"code": "0"}
    out = [line for line in lines(places) if line.direction == "out"]
    assert [len(line.data) for line in out] == [10_000_000, 4]
    assert not any(line.piece for line in out)


async def test_a_line_of_100_mb_costs_the_host_little_memory(places: Places) -> None:
    code = "import os\nfor _ in range(1000): os.write(1, b'x' * 100_000)\nos.write(1, b'\\nnext\\n'); input()"
    link = await Link.spawn(places, spec(python(code)))
    reader = tape.Reader(places.tapes / "h")
    seen = 0
    while not seen or last.payload[-5:] != b"next\n":  # noqa: F821 - set below
        await until(lambda: link.tape_end > reader.offset)
        for last in reader.records():  # noqa: B007
            seen += 1
        link.acknowledge(reader.offset)
    assert status(link.pid, "VmHWM") < 40_000
    await link.eof()
    await ended(link, places)
    out = [line for line in lines(places) if line.direction == "out"]
    assert [line.piece for line in out] == [True, True, False]
    assert sum(len(line.data) for line in out) == 100_000_004


async def test_grandchildren_that_hold_the_pipes_are_ended(places: Places) -> None:
    """Half a minute of `sleep` holds stdout; the host gives it one second, then kills the group."""
    begun = time.monotonic()
    link = await Link.spawn(places, spec(shell("sleep 30 & sleep 30 & echo done")))
    group = link.child_pid
    assert group
    assert await ended(link, places) == {"code": "0"}
    assert time.monotonic() - begun < 25
    assert said(places) == b"done\n"
    assert members(group) == []


async def test_who_left_the_group_is_not_waited_for(places: Places) -> None:
    code = """
import os, time
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    time.sleep(30)
"""
    begun = time.monotonic()
    assert await run(places, python(code)) == {"code": "0"}
    assert time.monotonic() - begun < 25
    os.kill(int(said(places)), signal.SIGKILL)


async def test_background_work_with_its_own_output_may_stay(places: Places) -> None:
    assert await run(places, shell("sleep 30 >/dev/null 2>&1 & echo $!")) == {"code": "0"}
    pid = int(said(places))
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0: break
print("up", flush=True)
while True: time.sleep(1)
"""


@pytest.mark.parametrize(
    ("argv", "grace", "code"),
    [
        (["cat"], 2.0, "0"),
        (["sleep", "60"], 1.0, str(-signal.SIGTERM)),
        (python(STUBBORN), 1.0, str(-signal.SIGKILL)),
        (["sleep", "60"], 0.0, str(-signal.SIGKILL)),
    ],
    ids=["stdin", "term", "kill", "at once"],
)
async def test_end_goes_as_far_as_it_must(places: Places, argv: list[str], grace: float, code: str) -> None:
    """No process of the group survives, and it takes no longer than the grace (and some)."""
    link = await Link.spawn(places, spec(argv))
    if "up" in argv[-1]:
        await until(lambda: said(places).count(b"up") == 3)
    begun = time.monotonic()
    await link.end(grace)
    assert time.monotonic() - begun < grace + 15
    assert link.exited
    assert members(link.child_pid or 0) == []
    assert (await ended(link, places))["code"] == code


async def test_end_also_ends_what_outlives_its_leader(places: Places) -> None:
    """The leader goes when its stdin closes; a quiet grandchild with its own output that ignores SIGTERM does not."""
    link = await Link.spawn(
        places, spec(shell("(trap '' TERM; echo up; exec sleep 60 >/dev/null 2>&1) & read line"))
    )
    await until(lambda: said(places) == b"up\n")
    await link.end()
    assert members(link.child_pid or 0) == []
    await ended(link, places)


async def test_sigterm_to_the_host_is_an_end(places: Places) -> None:
    link = await Link.spawn(places, spec(python(STUBBORN)))
    await until(lambda: said(places).count(b"up") == 3)
    os.kill(link.pid, signal.SIGTERM)
    assert await ended(link, places) == {"code": str(-signal.SIGKILL)}
    assert members(link.child_pid or 0) == []


@pytest.mark.parametrize(
    ("argv", "cwd", "sentence"),
    [
        (
            ["no-such-agent"],
            "/",
            "the program cannot be started: No such file or directory; is it installed, and on PATH?",
        ),
        (
            ["/etc/passwd"],
            "/",
            "the program cannot be started: Permission denied; is it installed, and on PATH?",
        ),
        (["true"], "/no/such", "the working directory cannot be entered: No such file or directory"),
    ],
)
async def test_what_cannot_be_started_says_why(
    places: Places, argv: list[str], cwd: str, sentence: str
) -> None:
    assert await run(places, argv, cwd=cwd) == {"code": "127", "note": sentence}


async def test_the_child_gets_what_the_spec_says_and_its_mark(places: Places) -> None:
    """Directory, environment, default signals, three descriptors, its own session, the user's umask."""
    code = """
import os
print(os.getcwd()); print(sorted(os.environ.items())); print(sorted(os.listdir("/proc/self/fd"))[:4])
status = dict(l.split(":\\t") for l in open("/proc/self/status").read().splitlines() if ":\\t" in l)
print(int(status["SigBlk"], 16), int(status["Umask"], 8))
print(os.getpid() == os.getsid(0) == os.getpgid(0), sorted(map(int, os.listdir("/proc/self/fd")))[3:])
"""
    env = {"A": "1=2", "LC_ALL": "C.UTF-8", "Ü": "\udcff"}
    assert await run(places, python(code), cwd=str(places.data.parent), env=env) == {"code": "0"}
    cwd, variables, _, numbers, own = said(places).decode().splitlines()
    mask = os.umask(0)
    os.umask(mask)
    assert cwd == str(places.data.parent)
    assert variables == repr(sorted([*env.items(), ("AGENTGUID_HELD_BY", str(places.tapes / "h"))]))
    assert numbers == f"0 {mask}"
    assert own == "True [3]"  # the listing's own


async def test_ignored_signals_are_not_inherited(places: Places) -> None:
    assert await run(places, ["grep", "SigIgn", "/proc/self/status"]) == {"code": "0"}
    ignored = int(said(places).split()[1], 16)
    assert [number for number in signal.valid_signals() if ignored >> (number - 1) & 1] == []


async def test_a_signal_reaches_the_child(places: Places) -> None:
    link = await Link.spawn(
        places, spec(shell("trap 'echo got; exit 5' INT; echo up; while :; do sleep 0.05; done"))
    )
    await until(lambda: said(places) == b"up\n")
    await link.signal("INT")
    assert await ended(link, places) == {"code": "5"}
    assert said(places) == b"up\ngot\n"


async def test_a_child_far_ahead_of_the_log_waits(places: Places) -> None:
    """Beyond `max_uncommitted` nothing is read; when it is acknowledged, nothing has been lost."""
    code = "import os\nfor n in range(50): os.write(1, b'%d ' % n + b'x' * 100_000 + b'\\n')"
    link = await Link.spawn(places, spec(python(code), max_uncommitted=1 << 20))
    await until(lambda: link.state & frames.PAUSED)
    assert (1 << 20) < link.tape_end < (2 << 20)
    assert not link.exited
    assert await ended(link, places) == {"code": "0"}
    assert [int(line.data.split()[0]) for line in lines(places) if line.direction == "out"] == list(range(50))


async def test_a_full_disk_makes_the_child_wait_and_loses_nothing(places: Places) -> None:
    """The kernel limits the size of the host's files, then does not any more."""
    import resource

    code = "import os\ninput()\nfor n in range(50): os.write(1, b'%d ' % n + b'x' * 100_000 + b'\\n')\nprint(input())"
    link = await Link.spawn(places, spec(python(code)))
    resource.prlimit(link.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    await link.send("begin", b"begin\n")
    await until(lambda: link.state & frames.FULL)
    status, reason = await link.offer("early", b"early\n")
    assert (status, reason) == ("refused", "the tape cannot be written: File too large")
    assert len(said(places)) < 1 << 20
    resource.prlimit(link.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await until(lambda: not link.state & frames.FULL)
    assert await link.send("late", b"late\n") == "new"
    assert await ended(link, places) == {"code": "0"}
    out = [line.data for line in lines(places) if line.direction == "out"]
    assert [int(line.split()[0]) for line in out[:-1]] == list(range(50))
    assert out[-1] == b"late"
    notes = [record.payload for record in records(places) if record.direction == tape.NOTE]
    assert notes == [
        b"The tape could not be written for a while (File too large); the agent had to wait. Nothing was lost."
    ]


async def test_without_a_daemon_the_host_goes_by_itself(places: Places) -> None:
    link = await Link.spawn(places, spec(shell("read line; echo $line")))
    await link.send("a", b"bye\n")
    await link.close()
    await until(lambda: not is_alive(link.pid))
    assert said(places) == b"bye\n"
    assert records(places)[-1].direction == tape.EXIT
    assert not (places.hosts / "h").exists()


async def test_a_daemon_that_does_not_read_is_not_waited_for_long(places: Places) -> None:
    begun = time.monotonic()
    link = await Link.spawn(places, spec(["true"]))
    await until(lambda: not link.alive, seconds=30)
    assert 3 < time.monotonic() - begun < 30
    await link.close()
