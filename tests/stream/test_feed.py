"""The feed wakes everyone who waits, and nobody misses a growth between looking and waiting."""

import asyncio

from agentguid.agents.base import Live
from agentguid.stream.feed import Feed
from agentguid.stream.live import LIMIT, LiveText


def test_a_growth_between_taking_the_event_and_waiting_is_not_missed() -> None:
    async def scene() -> int:
        feed = Feed()
        grown = feed.grown("conversation-a")
        feed.wake(3, ["conversation-a"])
        async with asyncio.timeout(1):
            await grown.wait()
        return feed.position

    assert asyncio.run(scene()) == 3


def test_readers_of_other_streams_sleep_on() -> None:
    feed = Feed()
    other, all_ = feed.grown("conversation-b"), feed.grown()

    feed.wake(1, ["conversation-a"])

    assert not other.is_set()
    assert all_.is_set()


def test_the_position_never_goes_back() -> None:
    feed = Feed(7)

    feed.wake(5)

    assert feed.position == 7


def test_live_text_grows_until_it_is_finished() -> None:
    live = LiveText(Feed())
    live.append("c", Live("i", "message", "Hel", turn="t"))
    live.append("c", Live("i", "message", "lo", turn="t"))

    (item,) = live.items("c")
    assert ("".join(item.pieces), item.offsets, item.length) == ("Hello", [0, 3], 5)

    live.finish("c", "i")
    assert live.items("c") == []


def test_live_text_is_bounded() -> None:
    live = LiveText(Feed())
    for _ in range(5):
        live.append("c", Live("i", "message", "x" * (LIMIT // 3)))

    (item,) = live.items("c")
    assert item.cut
    assert item.length <= LIMIT


def test_what_is_kept_of_a_long_live_text_has_no_hole() -> None:
    """A piece that still fits after one that did not would be read as if it followed."""
    live = LiveText(Feed())
    for text in ("a" * (LIMIT - 10), "b" * 20, "c"):
        live.append("c", Live("i", "message", text))

    (item,) = live.items("c")
    assert "".join(item.pieces) == "a" * (LIMIT - 10)
