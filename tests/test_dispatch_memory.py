"""What the dispatcher keeps in memory is little, and is found again quickly."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from agentguid import dispatch
from agentguid.append import read
from agentguid.append.api import Receipt
from agentguid.decide import rules
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import NotFound
from tests.append.support import held
from tests.decide.given import ended, queued, report, said, send, started
from tests.dispatching import CREATE, STREAM, Bench, flying, lane, run


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.stop()


def reading(db: apsw.Connection, work: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[object, int]:
    """What comes of the work, and how many rows of the stream were read for it."""
    rows = 0

    def count(_: apsw.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
        nonlocal rows
        rows += row[1:2] == (STREAM,)
        return row

    db.row_trace = count
    found = run(work)
    db.row_trace = None
    return found, rows


@pytest.mark.parametrize("more", [0, 1, 57, 150])
def test_after_a_restart_no_more_than_the_events_since_the_snapshot_are_read(bench: Bench, more: int) -> None:
    async def work() -> None:
        await bench(CREATE)
        await bench(send("m1"))
        for number in range(9):
            await bench(report(*(said(f"i{number}-{part}") for part in range(99))))
        await bench(report(*(said(f"j{part}") for part in range(more))))
        await bench(send("m2"))

    run(work)
    bench.restart()
    receipt, rows = reading(bench.db, lambda: bench(send("m2")))

    assert receipt == Receipt(STREAM, 0, 0, 894 + more), (
        "the message is known: it came out of the snapshot or after"
    )
    assert 0 <= rows < dispatch.SNAPSHOT
    run(lambda: bench(report(ended("m1"))))
    assert bench.events()[-2:] == [ended("m1"), started("m2")]


def test_a_snapshot_that_other_code_made_is_not_believed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        await bench(CREATE)
        await bench(send("m1"))
        await bench(report(*(said(f"i{part}") for part in range(300))))

    run(work)
    bench.restart()
    newer = rules.CONVERSATION._replace(code=rules.CONVERSATION.code + 1)
    monkeypatch.setattr(dispatch, "rules_of", lambda command: (rules.rules_of(command)[0], newer))
    _, rows = reading(bench.db, lambda: bench(send("m2")))

    assert rows == 302
    assert bench.events()[-1] == queued("m2")
    kept = read.snapshot(bench.db, STREAM)
    assert kept
    assert kept[0] == 303, "the state was written down anew"
    assert newer.thaw(kept[1]).turn.id == "tm1"


def test_a_long_stream_is_read_in_slices_between_which_others_get_their_turn(bench: Bench) -> None:
    other = c.CreateConversation(conversation="c2", title="", agent="claude", cwd="/")

    async def work() -> None:
        bench.append(
            e.ConversationCreated(title="", agent="claude", cwd="/"),
            *(said(f"i{part}") for part in range(3000)),
            expected=0,
        )
        long = asyncio.create_task(bench(send("m1")))
        turns = 0
        while not long.done() and lane_version(bench) == 0:
            turns += 1
            await asyncio.sleep(0)
        assert turns >= 3000 // dispatch.SLICE
        await long
        await bench(other)

    run(work)


def lane_version(bench: Bench) -> int:
    found = bench.dispatch._lanes.get(STREAM)
    return found.version if found else 0


def test_only_so_many_states_are_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "LANES", 3)

    async def work() -> None:
        for number in range(6):
            await bench(c.CreateConversation(conversation=f"c{number}", title="", agent="claude", cwd="/"))
        await bench(c.PinConversation(conversation="c0"))
        with pytest.raises(NotFound):
            await bench(c.PinConversation(conversation="c9"))

        assert len(bench.dispatch._lanes) == 3
        assert isinstance(bench.events()[-1], e.ConversationPinned)

    run(work)


def test_a_state_that_is_being_worked_on_is_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "LANES", 2)

    async def work() -> None:
        await bench(CREATE)
        with held(bench.log):
            call = asyncio.create_task(bench(send("m1")))
            await flying(bench, 1)
            busy = lane(bench)
            for number in range(3):
                with pytest.raises(NotFound):
                    await bench(c.PinConversation(conversation=f"x{number}"))
            assert lane(bench) is busy
        await call

    run(work)
