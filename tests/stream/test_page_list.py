"""The list beside the page: in groups, in order, bounded, and whatever happens as it would be drawn anew."""

from collections.abc import Iterator

import pytest

from agentguid.protocol import events
from agentguid.render.groups import of_folder
from agentguid.render.pages import LISTED
from tests.stream.dom import Dom, squeezed
from tests.stream.play import messages
from tests.stream.story import HERE, NEAR, THERE, Story

WORK, OTHER, PINNED = of_folder("/work").id, of_folder("/work/other").id, "g-pinned"


@pytest.fixture
def story() -> Iterator[Story]:
    one = Story()
    try:
        yield one
    finally:
        one.close()


def create(story: Story, name: str, folder: str = "/work") -> None:
    story.add(events.ConversationCreated(title=name, agent="demo", cwd=folder), to=name)


def groups(dom: Dom) -> dict[str, list[str]]:
    """The ids of the rows in each group, in the order of the page."""
    return {
        group.id: [row.id.removeprefix("c-") for row in group.elements()[-1].elements()]
        for group in dom["convs"].elements()
    }


def counts(dom: Dom) -> list[str]:
    return [node.text() for node in dom["convs"].walk() if node.attributes.get("class") == "count"]


class Reader:
    """A page, and its stream."""

    def __init__(self, story: Story) -> None:
        self.story = story
        html, self.position = story.html()
        self.dom = Dom(html)
        self.page = story.connect(self.position)

    def again(self) -> None:
        """The line was cut."""
        self.page = self.story.connect(self.dom.last_id or self.position)

    def read(self) -> Dom:
        for message in messages(self.page):
            self.dom.receive(message)
        fresh = Dom(self.story.html()[0])
        assert squeezed(self.dom["convs"].html()) == squeezed(fresh["convs"].html())
        return self.dom


def test_groups_stand_in_the_order_of_their_newest_conversation(story: Story) -> None:
    reader = Reader(story)
    assert list(groups(reader.dom)) == [WORK, OTHER]

    story.add(events.MessageQueued(message="m", body=events.Body("x")), to=THERE)

    assert list(groups(reader.read())) == [OTHER, WORK]


def test_a_new_folder_is_a_new_group_and_an_empty_group_goes(story: Story) -> None:
    reader = Reader(story)
    create(story, "new", "/somewhere/else")

    assert groups(reader.read()) == {
        of_folder("/somewhere/else").id: ["new"],
        WORK: [NEAR, HERE],
        OTHER: [THERE],
    }
    story.add(events.ConversationArchived(), to=THERE)
    assert OTHER not in groups(reader.read())


def test_pinned_ones_are_a_group_of_their_own_which_is_first(story: Story) -> None:
    reader = Reader(story)
    story.add(events.ConversationPinned(), to=THERE)
    story.add(events.ConversationPinned(), to=HERE)

    assert groups(reader.read()) == {PINNED: [THERE, HERE], WORK: [NEAR]}
    story.add(events.ConversationUnpinned(), to=HERE)
    assert groups(reader.read()) == {PINNED: [THERE], WORK: [NEAR, HERE]}


def test_folders_of_the_same_name_are_different_groups(story: Story) -> None:
    create(story, "one", "/a/demo")
    create(story, "two", "/b/demo")

    assert groups(Reader(story).dom) == {
        of_folder("/b/demo").id: ["two"],
        of_folder("/a/demo").id: ["one"],
        WORK: [NEAR, HERE],
        OTHER: [THERE],
    }


def test_a_group_says_how_many_it_has(story: Story) -> None:
    reader = Reader(story)
    create(story, "new")

    assert counts(reader.read()) == ["3", "1"]
    story.add(events.ConversationDeleted(), to=NEAR)
    assert counts(reader.read()) == ["2", "1"]


def test_what_arrives_twice_changes_nothing(story: Story) -> None:
    reader = Reader(story)
    create(story, "new", "/new")
    story.add(events.ConversationPinned(), to=THERE)
    found = messages(reader.page)
    for message in [*found, *found]:
        reader.dom.receive(message)

    reader.read()


def many(story: Story, count: int) -> list[str]:
    names = [f"n{number:03}" for number in range(count)]
    for number, name in enumerate(names):
        create(story, name, f"/many/{number % 7}")
    return names


def rows(dom: Dom) -> list[str]:
    return [row for group in groups(dom).values() for row in group]


@pytest.mark.parametrize("again", [False, True], ids=["on the same line", "on a new line"])
class TestAFullList:
    """More conversations than are listed: the page and the server agree on which, also after a line was cut."""

    def reader(self, story: Story) -> tuple[Reader, list[str]]:
        names = many(story, LISTED + 10)
        reader = Reader(story)
        reader.read()
        assert sorted(rows(reader.dom)) == sorted(names[10:])
        return reader, names

    def read(self, reader: Reader, again: bool) -> list[str]:
        if again:
            reader.again()
        return rows(reader.read())

    def test_a_newer_one_pushes_out_the_oldest(self, story: Story, again: bool) -> None:
        reader, names = self.reader(story)
        create(story, "newest")

        found = self.read(reader, again)

        assert len(found) == LISTED
        assert "newest" in found
        assert names[10] not in found

    def test_where_one_leaves_the_next_comes_in(self, story: Story, again: bool) -> None:
        reader, names = self.reader(story)
        story.add(events.ConversationArchived(), to=names[20])
        story.add(events.ConversationDeleted(), to=names[30])

        found = self.read(reader, again)

        assert sorted(found) == sorted({*names[8:]} - {names[20], names[30]})

    def test_an_old_one_comes_and_goes_as_it_is_pinned(self, story: Story, again: bool) -> None:
        reader, names = self.reader(story)
        story.add(events.ConversationPinned(), to=names[0])
        assert self.read(reader, again)[0] == names[0]
        assert names[10] not in rows(reader.dom)

        story.add(events.ConversationUnpinned(), to=names[0])

        assert sorted(self.read(reader, again)) == sorted(names[10:])

    def test_what_happens_to_one_that_is_not_listed_says_nothing(self, story: Story, again: bool) -> None:
        reader, names = self.reader(story)
        story.add(events.ConversationRenamed(title="another"), to=names[0])

        assert sorted(self.read(reader, again)) == sorted(names[10:])
