"""Pages in company: each ends up as it would be drawn anew, what they lack is made once, and none waits for another."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from agentguid.stream import broadcast as module
from agentguid.stream.broadcast import Company, Reader
from agentguid.stream.page import Page
from tests.conftest import FULL
from tests.stream.dom import Dom
from tests.stream.play import WORLD, Play, assert_same_as_drawn_anew, take
from tests.stream.story import Story


@pytest.fixture
def story() -> Iterator[Story]:
    one = Story()
    try:
        yield one
    finally:
        one.close()


class Viewer:
    """An open page and its connection."""

    def __init__(self, story: Story, company: Company) -> None:
        self.story, self.company = story, company
        html, self.position = story.html()
        self.dom = Dom(html)
        self.reader = Reader(story.connect(self.position), company)

    async def take(self) -> bool:
        """What there is, several messages in one when it was slow."""
        found = await self.reader.message()
        for message in (found or b"").split(b"\n\n")[:-1]:
            self.dom.receive(message + b"\n\n")
        return found is not None or not self.reader.complete

    async def catch_up(self) -> None:
        while await self.take():
            pass

    async def reconnect(self) -> None:
        self.reader.close()
        self.reader = Reader(self.story.connect(self.dom.last_id or self.position), self.company)

    async def lose(self) -> None:
        """The line is cut while a message is being made."""
        making = asyncio.ensure_future(self.reader.message())
        await asyncio.sleep(0)
        making.cancel()
        await asyncio.wait([making])
        await self.reconnect()


STEPS = ("take", "take", "catch_up", "catch_up", "reconnect", "lose")


@pytest.mark.parametrize("kept", [1, 3, 64])
@pytest.mark.parametrize("seed", range(40 if FULL else 2))
def test_whatever_happens_each_page_ends_up_as_if_drawn_anew(
    story: Story, seed: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the slow ones, for whom too little is kept, and those whose line is cut."""
    monkeypatch.setattr(module, "KEPT", kept)
    chance, company, play = random.Random(seed), Company(), Play(story)
    viewers = [Viewer(story, company) for _ in range(4)]

    async def go() -> None:
        for _ in range(60):
            for _ in range(chance.randrange(4)):
                take(play, chance.choice(WORLD), chance.randrange(10))
            for viewer in chance.sample(viewers, 2):
                await getattr(viewer, chance.choice(STEPS))()
        for viewer in viewers:
            await viewer.catch_up()

    asyncio.run(go())
    for viewer in viewers:
        assert_same_as_drawn_anew(viewer.dom, story)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Page]:
    """The pages whose messages were made since."""
    made: list[Page] = []
    whole = Page.message

    async def message(self: Page) -> bytes | None:
        made.append(self)
        return await whole(self)

    monkeypatch.setattr(Page, "message", message)
    return made


def test_what_twenty_pages_lack_is_made_once(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company()
    viewers = [Viewer(story, company) for _ in range(20)]

    async def everybody() -> None:
        await asyncio.gather(*(viewer.catch_up() for viewer in viewers))

    asyncio.run(everybody())
    made = counted(monkeypatch)
    story.say("message", "for all")
    asyncio.run(everybody())

    assert len(made) <= 3
    for viewer in viewers:
        assert "for all" in viewer.dom["log"].text()


def test_a_message_is_not_lost_to_the_others_when_the_one_who_began_it_goes(story: Story) -> None:
    company = Company()
    first, second = Viewer(story, company), Viewer(story, company)

    async def go() -> None:
        await first.catch_up()
        await second.catch_up()
        story.say(
            "message", "```python\nx = 1\n```"
        )  # its code is coloured in a thread: the message takes a while
        begun = asyncio.ensure_future(first.reader.message())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        begun.cancel()
        await asyncio.wait([begun])
        await second.catch_up()

    asyncio.run(go())
    assert_same_as_drawn_anew(second.dom, story)


def test_what_comes_while_a_message_is_being_made_is_not_missed(story: Story) -> None:
    """Who waits for a message that others have begun has heard of more than it may hold: it is not told that this is all."""
    company = Company()
    first, second = Viewer(story, company), Viewer(story, company)

    async def go() -> None:
        await first.catch_up()
        await second.catch_up()
        story.say("message", "```python\ny = 2\n```")
        begun = asyncio.ensure_future(first.reader.message())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        story.say("message", "later")
        await second.take()
        await begun
        if second.reader.complete:
            assert "later" in second.dom["log"].text()
        await second.catch_up()

    asyncio.run(go())
    assert_same_as_drawn_anew(second.dom, story)


def test_nothing_is_kept_when_nobody_is_there(story: Story) -> None:
    company = Company()
    viewers = [Viewer(story, company) for _ in range(3)]

    async def go() -> None:
        for viewer in viewers:
            await viewer.catch_up()
            viewer.reader.close()

    asyncio.run(go())

    assert company._there == {}
