"""A child under a host may have a terminal: a real one, of a size, that is ended like everything else."""

import asyncio
import signal

import pytest

from agentguid.hosts import frames, kin, tape
from agentguid.hosts.link import Link
from agentguid.hosts.terminal import SEGMENT, UNREAD
from agentguid.paths import Places
from tests.hosts.test_fuzz import dial, is_closed
from tests.hosts.tools import ENV, ended, python, records, said, shell, spec, status, until

pytestmark = pytest.mark.anyio
TERM = {**ENV, "TERM": "xterm-256color"}


def terminal(argv: list[str], rows: int = 24, columns: int = 80, **more: object) -> object:
    return spec(argv, size=(rows, columns), env=TERM, **more)


async def test_the_child_has_a_controlling_terminal_of_the_size_that_was_ordered(places: Places) -> None:
    code = """
import os, sys
print(os.isatty(0), os.isatty(1), os.isatty(2), os.get_terminal_size())
print(os.ttyname(0) == os.ttyname(os.open("/dev/tty", os.O_RDWR)) or os.tcgetpgrp(0) == os.getpgrp())
"""
    link = await Link.spawn(places, terminal(python(code), 33, 101))
    assert (await ended(link, places))["code"] == "0"
    assert said(places) == b"True True True os.terminal_size(columns=101, lines=33)\r\nTrue\r\n"
    assert {record.direction for record in records(places)} == {tape.START, tape.OUT, tape.EXIT}


async def test_a_prompt_without_a_line_end_is_taped_at_once(places: Places) -> None:
    link = await Link.spawn(places, terminal(shell("printf 'Code: '; read x; echo got $x")))
    await until(lambda: said(places) == b"Code: ")
    assert await link.send("1", b"4711\r") == "new"
    assert (await ended(link, places))["code"] == "0"
    assert said(places) == b"Code: 4711\r\ngot 4711\r\n"


async def test_what_is_typed_is_kept_nowhere(places: Places) -> None:
    code = "import getpass; print(len(getpass.getpass('Password: ')))"
    link = await Link.spawn(places, terminal(python(code)))
    await until(lambda: b"Password" in said(places))
    for key in b"hunter2\r":
        await link.send("k", bytes([key]))
    assert (await ended(link, places))["code"] == "0"
    assert b"7" in said(places)
    whole = b"".join(path.read_bytes() for path in (places.tapes / "h").iterdir())
    assert b"hunter2" not in whole
    assert tape.IN not in {record.direction for record in records(places)}


async def test_another_size_is_told_to_the_program(places: Places) -> None:
    code = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH})
print("ready", flush=True)
signal.sigwait({signal.SIGWINCH})
print(*os.get_terminal_size())
"""
    link = await Link.spawn(places, terminal(python(code)))
    await until(lambda: b"ready" in said(places))
    await link.resize(50, 132)
    assert (await ended(link, places))["code"] == "0"
    assert said(places).endswith(b"132 50\r\n")


async def test_ctrl_c_reaches_the_program_in_the_foreground(places: Places) -> None:
    link = await Link.spawn(
        places, terminal(shell("trap 'echo stopped; exit 3' INT; echo on; while :; do sleep 0.05; done"))
    )
    await until(lambda: b"on" in said(places))
    await link.send("1", b"\x03")
    assert (await ended(link, places))["code"] == "3"
    assert b"stopped" in said(places)


async def test_an_end_takes_an_interactive_shell_and_all_that_it_started(places: Places) -> None:
    link = await Link.spawn(places, terminal(["/bin/bash", "--norc", "-i"]))
    line = "setsid sleep 1000 & nohup sleep 1001 >/dev/null 2>&1 & sleep 1002 & echo do''ne\r"
    await link.send("1", line.encode())
    await until(lambda: b"done" in said(places))
    await until(lambda: len(kin.descendants(0, [str(places.tapes / "h")])) >= 4)
    await link.end(2.0)
    await ended(link, places)
    assert kin.descendants(0, [str(places.tapes / "h")]) == {}


async def test_the_last_words_are_taped_whole_before_the_end(places: Places) -> None:
    code = "import sys; sys.stdout.write('x' * 300_000 + 'end'); sys.stdout.flush()"
    link = await Link.spawn(places, terminal(python(code)))
    await ended(link, places)
    assert said(places) == b"x" * 300_000 + b"end"


async def test_who_is_not_read_waits_and_is_soon_stopped(places: Places) -> None:
    """No daemon acknowledges: the program is a little ahead, and no more."""
    link = await Link.spawn(places, terminal(["yes", "y" * 70]))
    await until(lambda: link.state & frames.PAUSED)
    before = link.tape_end
    assert before < 1 << 20
    link.acknowledge(before)
    await until(lambda: link.tape_end > before)
    await link.send("1", b"\x03")
    assert int((await ended(link, places))["code"]) in (130, -signal.SIGINT)


async def test_input_that_is_not_read_is_refused_beyond_a_bound(places: Places) -> None:
    code = "import time, tty; tty.setraw(0); print('raw', flush=True); time.sleep(1000)"
    link = await Link.spawn(places, terminal(python(code)))
    await until(lambda: b"raw" in said(places))
    answers = [await link.send(str(n), bytes(64 << 10)) for n in range(20)]
    assert answers[0] == "new"
    assert answers[-1] == "refused"
    assert answers.count("new") * (64 << 10) <= UNREAD + (128 << 10)
    assert status(link.pid, "VmHWM") <= 16 * 1024
    await link.end(0.5)
    await ended(link, places)


async def test_its_tape_is_of_small_segments(places: Places) -> None:
    link = await Link.spawn(
        places, terminal(shell("yes 0123456789012345678901234567890123456789 | head -c 3000000"))
    )
    await ended(link, places)
    found = tape.segments(places.tapes / "h")
    assert len(found) >= 3
    assert all((places.tapes / "h" / name).stat().st_size <= SEGMENT for _, name in found)


async def test_frames_of_a_size_that_make_no_sense_cost_their_sender_only(places: Places) -> None:
    link = await Link.spawn(places, terminal(["cat"]))
    for payload in (b"", b"\0", bytes(4), b"\x05\0\0\0", b"\x05\0\x05\0\0", bytes(100)):
        with dial(places) as sock:
            sock.sendall(frames.hello() + frames.frame(frames.RESIZE, payload))
            assert await asyncio.to_thread(is_closed, sock)
    await link.resize(65535, 65535)
    await link.send("1", b"well\r\x04")
    await ended(link, places)
    assert b"well\r\nwell\r\n" in said(places)


async def test_a_host_of_pipes_has_no_size(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    with dial(places) as sock:
        sock.sendall(frames.hello() + frames.resize(10, 10))
        assert await asyncio.to_thread(is_closed, sock)
    assert await link.send("a", b"x\n") == "new"
    await link.eof()
    await ended(link, places)


async def test_a_program_that_is_not_there_is_a_sentence(places: Places) -> None:
    link = await Link.spawn(places, terminal(["/no/such/program"]))
    assert "cannot be started" in (await ended(link, places))["note"]


async def test_an_idle_host_of_a_terminal_takes_at_most_16_mb(places: Places) -> None:
    link = await Link.spawn(places, terminal(["cat"]))
    await link.send("1", b"x\r")
    await until(lambda: b"x\r\nx\r\n" in said(places))
    assert status(link.pid, "VmHWM") <= 16 * 1024
    await link.end()
    await ended(link, places)
