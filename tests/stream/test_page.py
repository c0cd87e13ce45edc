"""The page's stream: whatever happens and whenever the line is cut, the page ends up as it would be drawn anew."""

import contextlib
import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentguid.protocol import events
from agentguid.protocol.items import Body
from agentguid.stream import page as module
from agentguid.stream.page import Page, Reload, Sources, Start
from agentguid.stream.presence import Liveness
from tests.conftest import FULL
from tests.stream.dom import Dom
from tests.stream.play import READER, WORLD, Play, assert_same_as_drawn_anew, go_on, messages, take
from tests.stream.story import HERE, SITE, Story


@contextlib.contextmanager
def telling() -> Iterator[Story]:
    story = Story()
    try:
        yield story
    finally:
        story.close()


@pytest.fixture
def story() -> Iterator[Story]:
    with telling() as one:
        yield one


# -- the rule of all rules --------------------------------------------------------------------------------------------
STEPS = st.lists(
    st.tuples(st.sampled_from(WORLD) | st.sampled_from(READER), st.integers(0, 9)), min_size=10, max_size=150
)


@settings(max_examples=500 if FULL else 30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(STEPS)
def test_whatever_happens_the_page_ends_up_as_if_drawn_anew(steps: list[tuple[str, int]]) -> None:
    """After every delivery; slices are short here, so that lines are cut between them."""
    with telling() as story, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SLICE", 2)
        play = Play(story)
        for what, number in steps:
            take(play, what, number)
        play.deliver(0)


@pytest.mark.parametrize("seed", range(300 if FULL else 3))
def test_long_stories_end_the_same_way(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 2)
    with telling() as story:
        go_on(Play(story), random.Random(seed), 300)


# -- single rules -----------------------------------------------------------------------------------------------------
def open_page(story: Story) -> tuple[Dom, Page]:
    html, position = story.html()
    return Dom(html), story.connect(position)


def test_a_page_that_has_everything_gets_nothing_durable(story: Story) -> None:
    story.start()
    page = story.connect(story.feed.position)

    found = messages(page)

    assert all(not message.startswith(b"id:") for message in found)
    assert b"i-m1" not in b"".join(found)


def test_an_element_that_was_touched_often_comes_once_as_it_is_now(story: Story) -> None:
    _, position = story.html()
    tool = story.tool()
    story.ask(tool)
    story.answer(story.asks[0])
    story.finish(tool)

    (message,) = messages(story.connect(position))

    assert message.startswith(f"id: {story.feed.position}\n".encode())
    assert message.count(f'id="i-{tool}"'.encode()) == 1
    assert b"Allowed" in message
    assert b"out&#10;put" in message


def test_the_live_text_goes_in_the_message_that_brings_the_finished_item(story: Story) -> None:
    dom, page = open_page(story)
    story.write("x1", "half a sen")
    for message in messages(page):
        dom.receive(message)
    assert dom["live"].text() == "half a sen"
    story.write("x1", "tence")
    story.written("x1")

    (message,) = messages(page)

    dom.receive(message)
    assert dom["live"].text() == ""
    assert dom["i-x1"].elements()[0].text() == "half a sentence"


def test_live_pieces_have_no_id_and_say_where_they_begin(story: Story) -> None:
    _, page = open_page(story)
    story.write("x1", "one ")
    messages(page)
    story.write("x1", "two")
    story.write("x1", " three")

    (message,) = messages(page)

    assert message.startswith(b"data: ")
    assert b'<span id="live-x1-4" data-in="live-x1-t">two three</span>' in message


def test_nothing_live_follows_for_an_item_that_the_daemon_lets_go_of_late(story: Story) -> None:
    _, page = open_page(story)
    story.write("x1", "text")
    story.written("x1", told=False)
    messages(page)
    story.write("x1", " more")

    assert messages(page) == []


@pytest.mark.parametrize("ahead", [1, 10**12])
def test_a_page_from_beyond_the_log_is_told_to_reload(story: Story, ahead: int) -> None:
    with pytest.raises(Reload):
        messages(story.connect(story.feed.position + ahead))


def test_a_page_of_another_log_is_told_to_reload(story: Story) -> None:
    sources = Sources(story.db, story.feed, story.live, story.presence, story.log.id, story.log.signature)

    with pytest.raises(Reload):
        messages(Page(sources, story.fragments, story.rows, Start(0, "another", HERE)))


def test_a_page_that_lacks_more_than_500_items_gets_the_newest_window_instead(story: Story) -> None:
    dom, page = open_page(story)
    story.add(*(_notice(story, number) for number in range(501)))

    (message,) = messages(page)

    dom.receive(message)
    assert page.complete
    assert len([node for node in dom["log"].elements() if node.number]) == 100
    assert dom["log"].find("older") is not None
    assert_same_as_drawn_anew(dom, story)


def test_500_items_come_in_slices_each_with_the_position_that_it_reaches(story: Story) -> None:
    dom, page = open_page(story)
    before = story.feed.position
    story.add(*(_notice(story, number) for number in range(500)))

    found = messages(page)

    ids = [int(message.split(b"\n")[0].removeprefix(b"id: ")) for message in found]
    assert ids == [before + 50 * step for step in range(1, 11)]
    for message in found:
        dom.receive(message)
    assert_same_as_drawn_anew(dom, story)


def _notice(story: Story, number: int) -> events.ItemAdded:
    return events.ItemAdded(item=story.new("n"), turn=None, kind="notice", body=Body(f"n{number}"))


def test_a_page_whose_conversation_was_deleted_is_told_to_reload(story: Story) -> None:
    _, page = open_page(story)
    messages(page)
    story.add(events.ConversationDeleted())

    with pytest.raises(Reload):
        messages(page)


def test_readers_share_what_was_drawn(story: Story) -> None:
    pages = [open_page(story)[1] for _ in range(3)]
    item = story.say("message", "drawn once")
    drawn = []
    draw = story.fragments._draw
    story.fragments._draw = lambda one: drawn.append(one.id) or draw(one)  # type: ignore[assignment,func-returns-value]

    for page in pages:
        messages(page)

    assert drawn == [item]


def test_urls_have_the_prefix(story: Story) -> None:
    assert SITE.url("/x", after=1) == "/gm/x?after=1"


# -- live Markdown ----------------------------------------------------------------------------------------------------
def test_finished_blocks_of_a_message_are_markdown_and_the_rest_is_text(story: Story) -> None:
    dom, page = open_page(story)
    for piece in ("One **bo", "ld** word.\n\nAnd <i>", "x</i> `co"):
        story.write("x1", piece)
        for message in messages(page):
            dom.receive(message)

    live = dom["live-x1"]
    first, rest = live.elements()
    assert [child.tag for child in first.elements()] == ["strong"]
    assert rest.id == "live-x1-t"
    assert rest.text() == "And <i>x</i> `co"
    assert rest.elements()[0].tag == "span"


def test_code_that_is_being_written_stands_in_its_block(story: Story) -> None:
    dom, page = open_page(story)
    for piece in ("See:\n\n```py\nx = ", "1\n", "\n<b>"):
        story.write("x1", piece)
        for message in messages(page):
            dom.receive(message)

    rest = dom["live-x1-t"]
    assert rest.tag == "code"
    assert rest.text() == "x = 1\n\n<b>"
    story.write("x1", "\n```\n")
    for message in messages(page):
        dom.receive(message)
    assert dom["live-x1-t"].tag == "p"
    assert "x = 1" in dom["live-x1"].text()


def test_an_update_of_a_long_message_costs_what_is_new_in_it(story: Story) -> None:
    """200 KB of paragraphs, or of one paragraph, or of code: each message of the stream is about as long as its piece."""
    for name, line in (("x1", "word " * 20 + "\n\n"), ("x2", "word " * 20), ("x3", "x = 1\n" * 17)):
        _, page = open_page(story)
        messages(page)
        story.write(name, "```py\n" if name == "x3" else "Begin. ")
        messages(page)
        sent = 0
        for _ in range(2000):
            story.write(name, line)
            sent += max(len(message) for message in messages(page))
        assert sent / 2000 < 10 * len(line), name


def test_the_live_text_stays_until_its_finished_item_comes_in_the_same_message(story: Story) -> None:
    """The item is finished while the code of another one is being coloured, after the log has been read."""
    dom, page = open_page(story)
    story.write("x1", "half")
    for message in messages(page):
        dom.receive(message)
    story.say("message", "```python\nnever_seen = 1\n```")
    prepare = story.fragments.prepare

    async def meanwhile(items: object) -> None:
        await prepare(items)  # type: ignore[arg-type]
        if story.live.items(HERE):
            story.written("x1")

    story.fragments.prepare = meanwhile  # type: ignore[method-assign,assignment]
    for message in messages(page):
        dom.receive(message)
        assert (dom["live"].text() == "half") != (dom.root.find("i-x1") is not None)


def test_live_text_that_the_daemon_has_let_go_of_stays_until_its_item_is_in_the_log(story: Story) -> None:
    dom, page = open_page(story)
    story.presence.set(HERE, Liveness("h", "running", 1, 0))
    story.write("x1", "half")
    for message in messages(page):
        dom.receive(message)
    story.live.finish(HERE, "x1")
    story.write("x2", "another")
    for message in messages(page):
        dom.receive(message)
    assert dom["live-x1"].text() == "half"

    story.add(events.ItemAdded(item="x1", turn=None, kind="message", body=Body("half")))
    (message,) = messages(page)
    dom.receive(message)
    assert dom.root.find("live-x1") is None
    assert dom["i-x1"]


def test_live_text_that_nobody_will_finish_goes(story: Story) -> None:
    dom, page = open_page(story)
    story.write("x1", "half")
    for message in messages(page):
        dom.receive(message)
    story.live.clear(HERE)
    for message in messages(page):
        dom.receive(message)

    assert dom["live"].elements() == []
