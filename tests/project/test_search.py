"""Looking for conversations by title and folder."""

import apsw
import pytest

from agentguid.project import conversations
from agentguid.protocol import events as e
from agentguid.protocol.errors import Invalid
from tests.project.conftest import Filler


@pytest.fixture
def filled(db: apsw.Connection, fill: Filler) -> apsw.Connection:
    given = [
        ("c1", "Fix the login", "/home/u/shop"),
        ("c2", "Änderung 100%", "/home/u/blog"),
        ("c3", "Fix the footer", "/home/u/blog"),
        ("c4", "fix_login", "/srv/Shop"),
    ]
    for number, (key, title, folder) in enumerate(given):
        created = e.ConversationCreated(title=title, agent="demo", cwd=folder)
        fill(created, stream=f"conversation-{key}", at=number)
    return db


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("fix", ["c4", "c3", "c1"]),
        ("FIX shop", ["c4", "c1"]),
        ("blog", ["c3", "c2"]),
        ("änderung", ["c2"]),
        ("0%", ["c2"]),
        ("x_l", ["c4"]),
        ("login /home", ["c1"]),
        ("nothing", []),
        ("login\n/home", ["c1"]),
        ("'", []),
    ],
)
def test_all_words_must_be_in_title_or_folder_in_any_case(
    filled: apsw.Connection, text: str, found: list[str]
) -> None:
    assert [row.id for row in conversations.search(filled, text)[0]] == found


def test_page_by_page_everything_is_found_once(filled: apsw.Connection) -> None:
    pages, cursor = [], None
    for _ in range(3):
        rows, cursor = conversations.search(filled, "u", limit=1, before=cursor)
        pages.append([row.id for row in rows])

    assert (pages, cursor) == ([["c3"], ["c2"], ["c1"]], None)


def test_a_search_looks_at_so_many_and_then_says_where_to_go_on(
    filled: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "LOOKED", 2)

    rows, cursor = conversations.search(filled, "fix shop home")
    assert rows == []
    assert cursor
    assert [row.id for row in conversations.search(filled, "fix shop home", before=cursor)[0]] == ["c1"]


def test_archived_ones_are_looked_for_apart_and_deleted_ones_not_at_all(
    filled: apsw.Connection, fill: Filler
) -> None:
    fill(e.ConversationArchived(), stream="conversation-c1")
    fill(e.ConversationDeleted(), stream="conversation-c3")

    assert [row.id for row in conversations.search(filled, "fix")[0]] == ["c4"]
    assert [row.id for row in conversations.search(filled, "fix", archived=True)[0]] == ["c1"]


def test_pinned_ones_come_first(filled: apsw.Connection, fill: Filler) -> None:
    fill(e.ConversationPinned(), stream="conversation-c1")

    assert [row.id for row in conversations.search(filled, "fix")[0]] == ["c1", "c4", "c3"]


def test_a_cursor_that_is_none_of_ours_is_refused(filled: apsw.Connection) -> None:
    with pytest.raises(Invalid, match="cursor"):
        conversations.search(filled, "fix", before="x")
