"""Whoever talks nonsense to a host loses his connection, and nobody else anything."""

import asyncio
import os
import random
import socket

import pytest

from agentguid.hosts import frames
from agentguid.hosts.door import short
from agentguid.hosts.link import Link
from agentguid.paths import Places
from tests.hosts.tools import ended, python, said, spec, status, until

pytestmark = pytest.mark.anyio


def dial(places: Places, host: str = "h") -> socket.socket:
    fd = os.open(places.hosts / host, os.O_RDONLY)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(5)
    sock.connect(short(fd))
    os.close(fd)
    return sock


def is_closed(sock: socket.socket) -> bool:
    """Reads what comes until the other end hangs up."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


GOOD = [frames.input_("x", b""), frames.offset(frames.ACK, 5), frames.hello()]


async def test_noise_costs_its_sender_only(places: Places) -> None:
    chance = random.Random(3)
    link = await Link.spawn(places, spec(["cat"]))
    for turn in range(60):
        with dial(places) as sock:
            greeting = frames.hello() if turn % 2 else b""
            noise = chance.randbytes(chance.randrange(1, 3000)) + b"\xff" * 5
            if turn % 3 == 0:
                noise = bytearray(chance.choice(GOOD) * 3)
                noise[chance.randrange(5)] ^= 1 << chance.randrange(8)
                noise = bytes(noise) + b"\xff" * 50
            try:
                sock.sendall(greeting + noise)
                sock.shutdown(socket.SHUT_WR)
            except ConnectionError:
                pass
            assert await asyncio.to_thread(is_closed, sock)
        if not link.alive:
            break
    assert link.alive
    assert await link.send("a", b"well\n") == "new"
    await until(lambda: said(places).endswith(b"well\n"))
    await link.end()
    await ended(link, places)


async def test_before_hello_nothing_is_heard(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    with dial(places) as sock:
        sock.sendall(frames.input_("a", b"x\n"))
        assert await asyncio.to_thread(is_closed, sock)
    assert await link.send("a", b"y\n") == "new"
    await link.eof()
    await ended(link, places)
    assert said(places) == b"y\n"


async def test_more_clients_than_there_is_room_for_are_turned_away(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    crowd = [dial(places) for _ in range(20)]
    assert await asyncio.to_thread(is_closed, crowd[-1])
    assert await link.send("a", b"x\n") == "new"
    for sock in crowd:
        sock.close()
    again = await Link.connect(places, "h")
    assert again
    await again.close()
    await link.end()
    await ended(link, places)


async def test_a_client_that_does_not_read_costs_no_memory_and_holds_nobody_up(places: Places) -> None:
    """It is poked once and asks for a million answers; the child's lines go on the tape all the same."""
    code = "import os, sys\nfor n in range(3000): os.write(1, b'%d\\n' % n); sys.stdin.readline() if n == 0 else 0"
    link = await Link.spawn(places, spec(python(code)))
    with dial(places) as mute:
        mute.sendall(frames.hello())
        mute.setblocking(False)
        asking = frames.input_("never", b"") * 20_000
        sent = 0
        try:
            while sent < 50 << 20:
                sent += mute.send(asking)
        except BlockingIOError:
            pass
        await link.send("go", b"go\n")
        await until(lambda: said(places).endswith(b"2999\n"))
        assert status(link.pid, "VmHWM") < 24 * 1024
        assert sent < 4 << 20
        await link.end()
    await ended(link, places)


async def test_pokes_are_joined_while_nobody_takes_them(places: Places) -> None:
    code = "import os, time\nfor n in range(3000): os.write(1, b'%d\\n' % n); time.sleep(0)"
    link = await Link.spawn(places, spec(python(code)))
    with dial(places) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        slow.sendall(frames.hello())
        await until(lambda: said(places).endswith(b"2999\n"))
        await until(lambda: link.exited)
        data = bytearray()
        end = link.tape_end
        while frames.poke(end, frames.EXITED) not in data:
            piece = await asyncio.to_thread(slow.recv, 65536)
            assert piece, "the connection ended before the last poke"
            data += piece
        slow.sendall(frames.offset(frames.ACK, end))
    await ended(link, places)
    kinds = [kind for kind, _ in frames.Frames().feed(bytes(data))]
    assert kinds[0] == frames.WELCOME
    assert set(kinds[1:]) == {frames.POKE}
