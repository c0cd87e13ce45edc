"""An input reaches the child exactly once, however often it is sent, or it is said that it does not."""

import asyncio
from pathlib import Path

import pytest

from agentguid.hosts import tape
from agentguid.hosts.link import Link
from agentguid.paths import Places
from agentguid.protocol.errors import AgentFailed
from tests.hosts.tools import ended, python, records, said, shell, spec, until

pytestmark = pytest.mark.anyio


async def test_the_same_id_is_written_once(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    assert await link.send("a", b"one\n") == "new"
    assert await link.send("a", b"one\n") == "known"
    assert await link.send("b", b"two\n") == "new"
    assert await link.send("a", b"another\n") == "known"
    await link.eof()
    await ended(link, places)
    assert said(places) == b"one\ntwo\n"
    assert [(r.id, r.payload) for r in records(places) if r.direction == tape.IN] == [
        ("a", b"one\n"),
        ("b", b"two\n"),
    ]


async def test_an_id_is_known_to_every_later_connection(places: Places) -> None:
    first = await Link.spawn(places, spec(["cat"]))
    assert await first.send("a", b"one\n") == "new"
    await first.close()
    second = await Link.connect(places, "h")
    assert second
    assert await second.send("a", b"one\n") == "known"
    await second.eof()
    await ended(second, places)
    assert said(places) == b"one\n"


async def test_many_at_once_keep_their_order_and_get_their_own_answers(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    statuses = await asyncio.gather(*(link.send(f"{n % 100}", b"%d\n" % n) for n in range(200)))
    assert statuses == ["new"] * 100 + ["known"] * 100
    await link.eof()
    await ended(link, places)
    assert said(places) == b"".join(b"%d\n" % n for n in range(100))


async def test_an_input_is_on_the_tape_before_its_echo(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    for number in range(50):
        await link.send(f"{number}", b"%d\n" % number)
    await link.eof()
    await ended(link, places)
    seen: set[bytes] = set()
    for record in records(places):
        if record.direction == tape.IN:
            seen.add(record.payload.strip())
        if record.direction == tape.OUT:
            assert set(record.payload.split()) <= seen


async def test_a_large_input_passes_a_slow_reader_whole(places: Places) -> None:
    """20 MB, far more than the pipe holds."""
    code = "import sys, hashlib; data = sys.stdin.buffer.read(); print(len(data), hashlib.sha256(data).hexdigest())"
    data = bytes(range(256)) * 80_000
    link = await Link.spawn(places, spec(python(code)))
    assert await link.send("big", data) == "new"
    await link.eof()
    await ended(link, places)
    import hashlib

    assert said(places).decode() == f"{len(data)} {hashlib.sha256(data).hexdigest()}\n"


async def test_a_child_that_does_not_read_is_sent_no_more_than_the_queue_holds(places: Places) -> None:
    link = await Link.spawn(places, spec(["sleep", "60"]))
    statuses = [await link.offer(f"{n}", bytes(16 << 20)) for n in range(6)]
    assert [status for status, _ in statuses] == ["new"] * 4 + ["refused"] * 2
    assert "has not read" in statuses[-1][1]
    await link.end(0.2)
    await ended(link, places)


async def test_too_large_an_input_is_refused_before_it_is_sent(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    assert (await link.offer("a", bytes((64 << 20) + 1)))[0] == "refused"
    assert await link.send("a", b"small\n") == "new"
    await link.eof()
    await ended(link, places)


async def test_what_comes_after_the_end_is_refused(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    await link.eof()
    assert await link.offer("a", b"x\n") == ("refused", "the agent's input is closed")
    await ended(link, places)
    with pytest.raises(AgentFailed, match="gone"):
        await link.send("b", b"x\n")


async def test_a_child_that_closed_its_stdin_lives_on(places: Places, tmp_path: Path) -> None:
    waits = f"exec 0<&-; echo closed; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo still"
    link = await Link.spawn(places, spec(shell(waits)))
    await until(lambda: said(places) == b"closed\n")
    assert await link.send("a", b"x\n") == "new"
    assert (await link.offer("b", b"x\n"))[0] == "refused"
    (tmp_path / "go").touch()
    assert await ended(link, places) == {"code": "0"}
    assert said(places) == b"closed\nstill\n"


async def test_sync_answers_up_to_where_the_tape_is_on_the_disk(places: Places) -> None:
    link = await Link.spawn(places, spec(["cat"]))
    await link.send("a", b"one\n")
    await until(lambda: said(places) == b"one\n")
    offset = await link.sync()
    assert offset == records(places)[-1].end
    assert await asyncio.gather(*(link.sync() for _ in range(20))) == [offset] * 20
    await link.eof()
    await ended(link, places)
