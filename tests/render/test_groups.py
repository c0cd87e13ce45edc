"""The list beside the page as it is drawn: groups, their names, and nothing that a name could do."""

import re

import msgspec
import pytest

from agentguid.project.conversations import Conversation
from agentguid.render.environment import Site
from agentguid.render.groups import PINNED, group_of, of_folder
from agentguid.render.pages import Rows
from agentguid.render.status import IDLE, Status

ROW = msgspec.convert(
    {
        "id": "c1",
        "title": "A title",
        "agent": "demo",
        "mode": "ask",
        "cwd": "/w/demo",
        **dict.fromkeys(
            ("model", "turn", "last_outcome", "last_error", "cost", "context_used", "context_window")
        ),
        **dict.fromkeys(("archived", "pinned", "deleted", "stopping", "held"), False),
        **dict.fromkeys(("created_at", "updated_at", "read_position", "item_position", "touched"), 0),
        **dict.fromkeys(("created_position", "messages", "queued", "waiting"), 0),
    },
    Conversation,
)
WAITING = Status("waiting", "Waiting for you", "s-ask", "st-ask")


def row(**changes: object) -> Conversation:
    return msgspec.structs.replace(ROW, **changes)  # type: ignore[arg-type]


def drawn(*rows: Conversation, status: Status = IDLE, folded: tuple[str, ...] = ()) -> str:
    return "".join(Rows(Site("/gm")).groups([(one, status) for one in rows], "c1", folded))


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a\u202eb",
    "a\nb",
    "{{ 1 }}",
    "' onclick='x",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_can_do_nothing(text: str) -> None:
    html = drawn(row(title=text, cwd=f"/w/{text}", model=text), status=WAITING)

    tags = re.findall(r"<(\w+)((?:\s+[\w-]+(?:=\"[^\"]*\")?)*)\s*/?>", html)
    assert {tag for tag, _ in tags} <= {
        "details",
        "summary",
        "svg",
        "use",
        "b",
        "bdi",
        "span",
        "ul",
        "li",
        "a",
        "time",
        "small",
    }
    assert not [given for _, given in tags if re.search(r"\son\w+=", re.sub(r'"[^"]*"', '""', given))]
    assert "\u202e" not in html


def test_the_last_part_of_a_folder_is_its_name_and_the_way_there_is_kept() -> None:
    assert '<bdi dir="ltr"><span>/a/b/</span>demo</bdi>' in drawn(row(cwd="/a/b/demo"))
    assert '<bdi dir="ltr">/</bdi>' in drawn(row(cwd="/"))
    assert '<bdi dir="ltr">/top</bdi>' in drawn(row(cwd="/top"))


def test_where_a_row_belongs_follows_from_its_folder_alone() -> None:
    assert (
        group_of(row(id="x", cwd="/a/demo")) == group_of(row(id="y", cwd="/a/demo")) == of_folder("/a/demo")
    )
    assert of_folder("/a/demo").id != of_folder("/b/demo").id
    assert group_of(row(pinned=True)) == PINNED


def test_groups_are_in_the_order_of_their_first_rows_each_once() -> None:
    html = drawn(row(id="1", cwd="/b"), row(id="2", cwd="/a"), row(id="3", cwd="/b"))

    assert re.findall(r'<details class="group" id="([\w-]+)"', html) == [
        of_folder("/b").id,
        of_folder("/a").id,
    ]
    assert re.findall(r'<li id="c-(\w)"', html) == ["1", "3", "2"]
    assert re.findall(r'class="count">(\d+)<', html) == ["2", "1"]


def test_a_folded_group_is_closed_and_the_others_are_open() -> None:
    html = drawn(row(id="1", cwd="/b"), row(id="2", cwd="/a"), folded=(of_folder("/a").id,))

    assert re.findall(r"<details [^>]*?( open)?>", html) == [" open", ""]


def test_what_needs_the_user_says_which_agent_and_model() -> None:
    html = drawn(row(model="big"), status=WAITING)

    assert '<small class="ask">Demo agent · big · needs you</small>' in html
    assert 'aria-current="page"' in html
