"""One host an id; it outlives the daemon, is found again, and leaves nothing behind."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agentguid.hosts import tape
from agentguid.hosts.link import Link, held, reap
from agentguid.hosts.orphans import members
from agentguid.paths import Places
from agentguid.protocol.errors import AgentFailed
from tests.hosts.tools import ended, is_alive, python, records, said, shell, spec, until

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parent.parent.parent


async def test_a_second_host_of_an_id_starts_no_child(places: Places, tmp_path: Path) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    before = records(places)
    with pytest.raises(AgentFailed, match="running already"):
        await Link.spawn(places, spec(["touch", str(tmp_path / "started")]))
    assert not (tmp_path / "started").exists()
    assert [record.offset for record in records(places)] == [record.offset for record in before]
    assert await link.send("a", b"still here\n") == "new"
    await link.end()
    await ended(link, places)


async def test_an_id_whose_agent_has_ended_starts_no_other(places: Places, tmp_path: Path) -> None:
    await ended(await Link.spawn(places, spec(["true"])), places)
    with pytest.raises(AgentFailed, match="has had its agent"):
        await Link.spawn(places, spec(["touch", str(tmp_path / "started")]))
    assert not (tmp_path / "started").exists()


async def test_a_second_host_exits_with_75(places: Places) -> None:
    """As a process, without the daemon's end."""
    from agentguid.hosts import order

    link = await Link.spawn(places, spec(["cat"]))
    packed = order.pack(
        order.Order("h", str(places.tapes / "h"), str(places.hosts / "h"), 1, "/", [b"true"], {})
    )
    code = (
        f"import sys; sys.path.append({str(ROOT)!r}); from agentguid.hosts.host import main; sys.exit(main())"
    )
    second = await asyncio.to_thread(
        subprocess.run, python(code), input=packed, capture_output=True, check=False
    )
    assert second.returncode == 75
    await link.end()
    await ended(link, places)


DAEMON = """
import asyncio, sys
from pathlib import Path
from agentguid.paths import Places
from agentguid.hosts.link import Link, Spec
async def main():
    base = Path(sys.argv[1])
    link = await Link.spawn(Places(base / "data", base / "config", base / "run"), Spec("h", ["cat"], "/", {"PATH": "/usr/bin:/bin"}))
    await link.send("a", b"one\\n")
    print(link.pid, link.child_pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_a_host_outlives_the_daemon_and_serves_the_next(places: Places, tmp_path: Path) -> None:
    daemon = subprocess.Popen([sys.executable, "-c", DAEMON, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert daemon.stdout
    pid, child = map(int, (await asyncio.to_thread(daemon.stdout.readline)).split())
    os.killpg(os.getpgid(pid), 0)
    daemon.kill()
    await asyncio.to_thread(daemon.wait)
    daemon.stdout.close()
    link = await Link.connect(places, "h")
    assert link
    assert (link.pid, link.child_pid) == (pid, child)
    assert os.getsid(pid) == pid
    assert await link.send("a", b"one\n") == "known"
    assert await link.send("b", b"two\n") == "new"
    await link.eof()
    assert await ended(link, places) == {"code": "0"}
    assert said(places) == b"one\ntwo\n"


async def test_no_zombie_stays_while_the_daemon_lives(places: Places) -> None:
    link = await Link.spawn(places, spec(["true"]))
    await ended(link, places)
    await until(lambda: not os.path.exists(f"/proc/{link.pid}"))


async def test_the_host_holds_nothing_of_the_daemon(places: Places) -> None:
    """Its descriptors are /dev/null and its own; a file the daemon forgot to guard is closed."""
    leak = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(leak, True)
    link = await Link.spawn(places, spec(["cat"]))
    os.close(leak)
    open_files = [os.readlink(f"/proc/{link.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{link.pid}/fd")]
    assert open_files.count("/dev/null") >= 3
    assert "/etc/hostname" not in open_files
    assert not any("memfd" in name for name in open_files)
    await link.end()
    await ended(link, places)


async def test_secrets_are_not_on_the_command_line(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"], env={"PATH": "/usr/bin:/bin", "TOKEN": "s3cret"}))
    assert b"s3cret" not in Path(f"/proc/{link.pid}/cmdline").read_bytes()
    assert b"s3cret" not in b"".join(path.read_bytes() for path in (places.tapes / "h").iterdir())
    await link.end()
    await ended(link, places)


async def test_no_host_is_none(places: Places) -> None:
    assert await Link.connect(places, "never") is None
    (places.hosts / "stale").mkdir(parents=True)
    (places.hosts / "stale" / "sock").touch()
    assert await Link.connect(places, "stale") is None


async def test_a_socket_that_vanished_is_made_again(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    await link.close()
    shutil.rmtree(places.runtime)
    assert held(places, "h")
    assert await reap(places, "h") is False
    again = await Link.connect(places, "h")
    assert again
    assert again.pid == link.pid
    await again.end()
    await ended(again, places)
    assert not (places.hosts / "h").exists()


async def test_a_host_that_does_not_answer_is_an_error_not_a_wait(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    await link.close()
    monkeypatch.setattr("agentguid.hosts.link.ANSWER", 0.3)
    os.kill(link.pid, signal.SIGSTOP)
    with pytest.raises(AgentFailed, match="does not answer"):
        await Link.connect(places, "h")
    os.kill(link.pid, signal.SIGKILL)


async def test_paths_longer_than_a_socket_name_serve(tmp_path: Path) -> None:
    long = tmp_path / ("d" * 120) / ("e" * 120)
    places = Places(long / "data", long / "config", long / "run")
    link = await Link.spawn(places, spec(["cat"]))
    assert await link.send("a", b"one\n") == "new"
    assert os.stat(places.hosts / "h" / "sock").st_mode & 0o777 == 0o600
    assert os.stat(places.hosts / "h").st_mode & 0o777 == 0o700
    await link.end()
    await ended(link, places)


async def test_a_tape_that_cannot_be_made_is_said(places: Places) -> None:
    places.data.mkdir()
    places.tapes.touch()
    with pytest.raises(AgentFailed, match=r"Not a directory: .*tapes"):
        await Link.spawn(places, spec(["cat"]))


async def test_an_argument_with_nul_is_said(places: Places) -> None:
    with pytest.raises(AgentFailed, match="NUL"):
        await Link.spawn(places, spec(["echo", "a\0b"]))


async def test_what_a_killed_host_left_is_reaped(places: Places) -> None:
    """The child ignores SIGTERM and the closed pipes; its group goes, and the socket's directory."""
    code = "import os, signal, time\nsignal.signal(15, 1); os.fork(); print('up', flush=True); time.sleep(60)"
    link = await Link.spawn(places, spec(python(code)))
    group = link.child_pid or 0
    await until(lambda: said(places).count(b"up") == 2)
    os.kill(link.pid, signal.SIGKILL)
    await until(lambda: not link.alive)
    await link.close()
    assert len(members(group)) == 2
    assert await Link.connect(places, "h") is None
    assert await reap(places, "h", grace=0.2) is True
    await until(lambda: members(group) == [])
    assert not (places.hosts / "h").exists()
    assert await reap(places, "h") is False


async def test_a_process_that_only_has_the_number_is_left_alone(places: Places) -> None:
    """The tape names our own number with another start time, or another boot."""
    innocent = subprocess.Popen(["sleep", "60"], start_new_session=True)
    for host, started, boot in (
        ("one", "1", Path("/proc/sys/kernel/random/boot_id").read_text().strip()),
        ("two", "", "x"),
    ):
        writer = tape.Writer(str(places.tapes / host), host)
        writer.append(tape.START, tape.pack_fields(pid=innocent.pid, started=started, boot=boot))
        writer.close()
        (places.tapes / host / "lock").write_bytes(b"1\n")
        assert await reap(places, host) is False
    assert is_alive(innocent.pid)
    innocent.kill()
    innocent.wait()


async def test_what_a_host_in_good_order_left_running_is_left_alone(places: Places) -> None:
    await ended(await Link.spawn(places, spec(shell("sleep 60 >/dev/null 2>&1 & echo $!"))), places)
    pid = int(said(places))
    await until(lambda: not held(places, "h"))
    assert await reap(places, "h") is False
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


async def test_whoever_waits_for_an_answer_of_a_killed_host_is_told(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    os.kill(link.pid, signal.SIGSTOP)
    waiting = [asyncio.create_task(link.send("a", b"x\n")), asyncio.create_task(link.sync())]
    await asyncio.sleep(0)
    os.kill(link.pid, signal.SIGKILL)
    for task in waiting:
        with pytest.raises(AgentFailed, match="gone"):
            await task
    assert link.grown.is_set()
    assert not link.alive
    await link.close()


async def test_several_clients_are_poked_and_all_are_waited_for(places: Places) -> None:
    first = await Link.spawn(places, spec(["cat"]))
    second = await Link.connect(places, "h")
    assert second
    await first.send("a", b"x\n")
    await first.eof()
    await until(lambda: first.exited and second.exited)
    assert first.tape_end == second.tape_end == records(places)[-1].end
    first.acknowledge(first.tape_end)
    assert await second.send("a", b"x\n") == "known"
    await ended(second, places)
    await ended(first, places)
