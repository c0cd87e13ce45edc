"""The whole write path, on the real log: once, in order, and never on a state that is not so."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from agentguid import dispatch
from agentguid.append import read
from agentguid.append.api import Append, Receipt, TapeMark
from agentguid.append.log import Log
from agentguid.project import conversations, queue, transcript
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import Conflict, Invalid, LogBroken, NotFound, Refused
from agentguid.protocol.items import Body
from tests.append.support import held
from tests.decide.given import ended, hosted, queued, report, said, send, started
from tests.dispatching import CREATE, PATIENCE, STREAM, Bench, flying, lane, run


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.stop()


def test_a_command_is_on_the_disk_and_in_the_read_models_when_it_returns(bench: Bench) -> None:
    async def work() -> None:
        created = await bench(CREATE, cause="form")
        sent = await bench(send("m1"))

        assert created == Receipt(STREAM, 1, 1, 1)
        assert sent == Receipt(STREAM, 2, 2, 2)
        first = read.events(bench.db, 0)[0]
        assert (first.actor, first.cause, first.stream) == ("user", "form", STREAM)
        row = conversations.get(bench.db, "c1")
        assert row
        assert row.turn == "tm1"

    run(work)


def test_a_refusal_changes_nothing(bench: Bench) -> None:
    async def work() -> None:
        with pytest.raises(NotFound):
            await bench(send("m1"))
        await bench(CREATE)
        with pytest.raises(Refused):
            await bench(CREATE)
        with pytest.raises(Invalid, match="body"):
            await bench(send("m1", " "))
        assert bench.log.position == 1
        await bench(send("m1"))

    run(work)


def test_nothing_to_do_has_a_receipt_without_a_position(bench: Bench) -> None:
    async def work() -> None:
        await bench(CREATE)

        assert await bench(c.StopTurn(conversation="c1")) == Receipt(STREAM, 0, 0, 1)
        assert bench.log.position == 1

    run(work)


@pytest.mark.parametrize("messages", [("m1", "m1"), ("m1", "m2")], ids=["same message", "other message"])
def test_a_key_is_carried_out_once_however_it_comes(bench: Bench, messages: tuple[str, str]) -> None:
    """Twice at the same time, and again later; whatever id the second caller drew for the message."""

    async def work() -> None:
        await bench(CREATE)
        first, second = await asyncio.gather(*(bench(send(message), key="k1") for message in messages))
        third = await bench(send("m9"), key="k1")
        bench.restart()
        fourth = await bench(send("m9"), key="k1")

        assert first == Receipt(STREAM, 2, 2, 2)
        repeated = Receipt(STREAM, 2, 2, 2, repeated=True)
        assert [second, third, fourth] == [repeated] * 3
        assert bench.events()[1:] == [started("m1")]
        assert (await bench(send("m5"))).first == 3, (
            "the state knows nothing of the message that was not sent"
        )
        assert bench.events()[2:] == [queued("m5")]

    run(work)


def test_a_key_of_a_command_that_would_be_refused_now_has_its_receipt(bench: Bench) -> None:
    async def work() -> None:
        await bench(CREATE)
        await bench(send("m1"))
        request = c.RequestHost(conversation="c1", host="h1")
        first, second = await asyncio.gather(bench(request, key="k1"), bench(request, key="k1"))

        assert (first.first, second.first, second.repeated) == (3, 3, True)
        with pytest.raises(Refused):
            await bench(request, key="k2")

    run(work)


def test_a_key_that_made_two_conversations_makes_one(bench: Bench) -> None:
    async def work() -> None:
        other = c.CreateConversation(conversation="c2", title="", agent="claude", cwd="/")
        first, second = await asyncio.gather(bench(CREATE, key="k"), bench(other, key="k"))

        assert (first.stream, second.stream, second.repeated) == (STREAM, STREAM, True)
        with pytest.raises(NotFound):
            await bench(c.PinConversation(conversation="c2"))

    run(work)


def test_commands_on_one_stream_keep_their_order_and_share_a_commit(bench: Bench) -> None:
    """A hundred are decided before the first is on the disk; big texts on their way to a blob overtake nothing."""
    messages = [f"m{number}" for number in range(100)]
    texts = {
        message: message + " " * (40_000 if number % 10 == 0 else 0)
        for number, message in enumerate(messages)
    }

    async def work() -> None:
        await bench(CREATE)
        with held(bench.log):
            calls = [asyncio.create_task(bench(send(message, texts[message]))) for message in messages]
            await flying(bench, 100)
            assert bench.log.position == 1
        receipts = await asyncio.gather(*calls)

        assert [receipt.first for receipt in receipts] == list(range(2, 102))
        assert [row.message for row in queue.list(bench.db, "c1")] == messages[1:]

    run(work)


def test_what_was_decided_on_a_state_that_another_writer_changed_is_decided_anew(bench: Bench) -> None:
    async def work() -> None:
        await bench(CREATE)
        foreign = [started("x1"), *(said(f"x{number}") for number in range(9))]
        bench.append(*foreign, expected=1)
        await asyncio.gather(bench(send("m1")), bench(send("m2")), bench(send("m3")))

        assert bench.events()[1:] == [*foreign, queued("m1"), queued("m2"), queued("m3")]

    run(work)


def test_what_rests_on_an_append_that_was_not_made_is_decided_anew(bench: Bench) -> None:
    """Two commands under a key that is known by then: what followed them was refused, done already or possible, wrongly."""
    host = c.RequestHost(conversation="c1", host="h1")

    async def work() -> None:
        await bench(CREATE)
        with held(bench.log):
            calls = [
                asyncio.create_task(one)
                for one in (
                    bench(send("m1"), key="k1"),
                    bench(send("m2"), key="k1"),
                    bench(host, key="k1"),
                    bench(send("m2")),
                    bench(c.RequestHost(conversation="c1", host="h2")),
                    bench(c.RemoveMessage(conversation="c1", message="m3")),
                    bench(c.StopTurn(conversation="c1")),
                    bench(c.StopTurn(conversation="c1")),
                )
            ]
            await flying(bench, 8)
        results = await asyncio.gather(*calls, return_exceptions=True)

        assert bench.events()[1:] == [
            started("m1"),
            queued("m2"),
            hosted("h2"),
            e.TurnStopRequested(turn="tm1"),
        ]
        made = [(one.first, one.repeated) if isinstance(one, Receipt) else type(one) for one in results]
        assert made[:3] == [(2, False), (2, True), (2, True)]
        assert made[3:] == [(3, False), (4, False), Refused, (5, False), (0, False)]

    run(work)


class Restless(Log):
    """Somebody else appends each time just before the dispatcher does."""

    tries = 0

    def submit(self, append: Append) -> Future[Receipt]:
        self.tries += 1
        foreign = Append(STREAM, self.tries, [e.ConversationRenamed(title=f"{self.tries}")], 1, "import")
        super().submit(foreign).result(PATIENCE)
        return super().submit(append)


def test_a_stream_that_never_holds_still_is_given_up(bench: Bench) -> None:
    run(lambda: bench(CREATE))
    bench.stop()
    bench.start(Restless)

    with pytest.raises(Conflict):
        run(lambda: bench(send("m1")))

    assert isinstance(bench.log, Restless)
    assert bench.log.tries == dispatch.RETRIES + 1


def test_a_big_body_becomes_a_blob_before_the_commit_that_names_it(bench: Bench) -> None:
    big = "é" * 20_000

    async def work() -> None:
        await bench(CREATE)
        await bench(send("m1", big))
        await bench(report(e.ItemAdded(item="i1", turn="tm1", kind="message", body=Body("x" * 32_768))))
        start, item = bench.events()[1:]

        assert isinstance(start, e.TurnStarted)
        assert (start.body.text, start.body.size) == ("é" * 4096, 40_000)
        assert bench.blobs.whole(start.body).decode() == big
        assert isinstance(item, e.ItemAdded)
        assert item.body.blob is None, "32 KiB stay in the event"
        rows = transcript.load(bench.db, transcript.newest(bench.db, "c1"))
        assert [row.id for row in rows] == ["m1", "i1"]

    run(work)


def test_a_waiting_message_is_remembered_by_its_blob(bench: Bench) -> None:
    """The state, too, holds the preview: it goes into snapshots."""

    async def work() -> None:
        await bench(CREATE)
        await bench(send("m1"))
        await bench(send("m2", "x" * 100_000))
        await bench(report(ended("m1")))

        start = bench.events()[-1]
        assert isinstance(start, e.TurnStarted)
        assert (len(start.body.text), start.body.size) == (4096, 100_000)
        assert bench.blobs.whole(start.body) == b"x" * 100_000

    run(work)


def test_a_mark_moves_with_the_facts_and_also_alone(bench: Bench) -> None:
    def mark(offset: int) -> TapeMark:
        return TapeMark("h1", offset, offset, b"{}")

    async def work() -> None:
        await bench(CREATE)
        await bench(send("m1"))
        with_facts = await bench(report(said("i1")), mark=mark(10))
        assert (with_facts.first, read.mark(bench.db, "h1")) == (3, mark(10))
        alone = await bench(report(ended("m9")), mark=mark(20))
        assert (alone, read.mark(bench.db, "h1")) == (Receipt(STREAM, 0, 0, 3), mark(20))
        await asyncio.gather(
            *(bench(report(said(f"i{number}")), mark=mark(number)) for number in range(30, 60))
        )
        assert read.mark(bench.db, "h1") == mark(59)

    run(work)


def test_a_caller_that_goes_away_takes_nothing_with_it(bench: Bench) -> None:
    """A browser that closes while the commit runs: the message is sent, and the next command sees it."""

    async def work() -> None:
        await bench(CREATE)
        with held(bench.log):
            call = asyncio.create_task(bench.dispatch(send("m1"), actor="user"))
            await flying(bench, 1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        await bench(send("m2"))

        assert bench.events()[1:] == [started("m1"), queued("m2")]

    run(work)


def test_a_log_that_is_closed_says_so_and_the_state_is_not_moved(bench: Bench) -> None:
    async def work() -> None:
        await bench(CREATE)
        bench.log.close()
        with pytest.raises(LogBroken):
            await bench(send("m1"))
        assert lane(bench).version == 1

    run(work)
