"""A browser with many windows keeps a few streams, so that it has connections left for everything else."""

import asyncio
from collections.abc import Iterator

import pytest

from agentguid.stream.follow import follow
from agentguid.stream.lines import KEPT, Line, Lines
from tests.stream.story import HERE, Story


@pytest.fixture
def story() -> Iterator[Story]:
    one = Story()
    yield one
    one.close()


def test_a_new_window_keeps_its_stream_and_the_oldest_gives_way() -> None:
    lines, woken = Lines(), list[str]()
    open_now = [lines.open("b", again=False) for _ in range(KEPT)]
    open_now[0].wake = lambda: woken.append("oldest")

    newest = lines.open("b", again=False)

    assert [line.short for line in (*open_now, newest)] == [True] + [False] * KEPT
    assert woken == ["oldest"]


def test_a_stream_that_comes_again_takes_nobodys_place() -> None:
    lines = Lines()
    kept = [lines.open("b", again=False) for _ in range(KEPT)]

    assert lines.open("b", again=True).short
    lines.close("b", kept[1])
    assert not lines.open("b", again=True).short
    assert not any(line.short for line in kept)


def test_browsers_do_not_count_one_another_and_programs_are_not_counted() -> None:
    lines = Lines()

    assert not any(lines.open(f"b{number}", again=True).short for number in range(20))
    assert not any(lines.open(None, again=True).short for number in range(20))


def test_nothing_is_kept_of_a_browser_that_has_gone() -> None:
    lines = Lines()
    for line in [lines.open("b", again=False) for _ in range(KEPT + 3)]:
        lines.close("b", line)

    assert lines._kept == {}


@pytest.mark.anyio
async def test_a_line_that_has_to_give_way_brings_the_page_up_to_date_and_says_when_to_come_again(
    story: Story,
) -> None:
    line = Line()
    chunks = follow(story.connect(story.feed.position), story.feed, HERE, line=line)
    found = [await anext(chunks)]
    while b"caught-up" not in found[-1]:
        found.append(await anext(chunks))
    waiting = asyncio.ensure_future(anext(chunks))
    await asyncio.sleep(0)
    item = story.say("message", "news")
    line.short = True
    line.wake()

    assert item.encode() in await waiting
    assert (await anext(chunks)).startswith(b"retry: 2000\n")
    with pytest.raises(StopAsyncIteration):
        await anext(chunks)
