"""How a page's stream is paced: at once when nothing waits, joined when the reader is slow, never silent, never unbounded."""

import asyncio
import contextlib
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import pytest

from agentguid.stream import follow as module
from agentguid.stream.follow import follow
from tests.stream.story import HERE, THERE, Story

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def story() -> Iterator[Story]:
    one = Story()
    try:
        yield one
    finally:
        one.close()


@contextlib.asynccontextmanager
async def following(story: Story, after: int | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
    page = story.connect(story.feed.position if after is None else after)
    chunks = follow(page, story.feed, HERE)
    try:
        async with asyncio.timeout(30):
            yield chunks
    finally:
        await chunks.aclose()  # type: ignore[attr-defined]


async def until(chunks: AsyncIterator[bytes], part: bytes) -> list[bytes]:
    """The chunks up to the one that has a part."""
    found: list[bytes] = []
    async for chunk in chunks:
        found.append(chunk)
        if part in chunk:
            return found
    raise AssertionError(f"ended without {part!r}: {found}")


async def test_the_first_chunk_comes_at_once_and_caught_up_follows_the_past(story: Story) -> None:
    before = story.feed.position
    story.say("message", "while you were away")
    async with following(story, before) as chunks:
        first, *found = await until(chunks, b"caught-up")

    assert first == b": agentguid\n\n"
    assert b"while you were away" in found[0]
    position = story.feed.position
    assert found[-1] == f"retry: 250\nid: {position}\nevent: caught-up\ndata: {position}\n\n".encode()


async def test_what_happens_next_comes_without_being_asked_for(story: Story) -> None:
    async with following(story) as chunks:
        await until(chunks, b"caught-up")
        waiting = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        story.say("message", "news")

        assert b"news" in await waiting


async def test_what_other_conversations_do_comes_soon(story: Story) -> None:
    from agentguid.protocol.events import ConversationRenamed

    async with following(story) as chunks:
        await until(chunks, b"caught-up")
        story.add(ConversationRenamed(title="another name"), to=THERE)

        assert b"another name" in (await until(chunks, b"another name"))[-1]


async def test_a_slow_reader_gets_everything_joined_in_one_message(story: Story) -> None:
    """Nothing is made for a reader that does not read: what it missed is one message."""
    async with following(story) as chunks:
        await until(chunks, b"caught-up")
        for number in range(300):
            story.write("x1", f"{number} ")
        found = await anext(chunks)
        await asyncio.sleep(0)

    assert "".join(f"{number} " for number in range(300)).encode() in found


async def test_a_reader_that_does_not_read_costs_no_memory(story: Story) -> None:
    async with following(story) as chunks:
        await until(chunks, b"caught-up")
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(200):
            story.say("notice", "x" * 1000)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()

    assert grown < 100_000


async def test_a_silent_line_gives_signs_of_life_with_the_position(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.01)
    async with following(story) as chunks:
        found = await until(chunks, b"event: beat")

    position = story.feed.position
    assert found[-1] == f": alive\nid: {position}\nevent: beat\ndata: {position}\n\n".encode()


async def test_messages_come_no_faster_than_60_a_second_after_a_short_burst(story: Story) -> None:
    times: list[float] = []
    async with following(story) as chunks:
        await until(chunks, b"caught-up")
        for number in range(40):
            story.write("x1", f"{number}")
            await anext(chunks)
            times.append(asyncio.get_running_loop().time())

    counted = (
        len(times) - 2 * module.BURST
    )  # one burst at the beginning, and one where the machine made a pause
    assert times[-1] - times[0] > counted * module.PACE * 0.8


async def test_a_page_that_cannot_be_helped_is_told_to_reload_and_the_stream_ends(story: Story) -> None:
    async with following(story, 10**9) as chunks:
        found = [chunk async for chunk in chunks]

    assert found == [b": agentguid\n\n", b"event: reload\ndata: ahead of the log\n\n"]


async def test_the_stream_says_goodbye_when_the_daemon_stops(story: Story) -> None:
    async with following(story) as chunks:
        await until(chunks, b"caught-up")
        waiting = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        story.feed.close()

        assert await waiting == b"event: bye\ndata: restart\n\n"
        with pytest.raises(StopAsyncIteration):
            await anext(chunks)
