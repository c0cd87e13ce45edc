"""What belongs to an item can be had whole and as it is, and can do nothing."""

import json

import pytest

from agentguid.protocol.events import ItemAdded, ToolFinished, ToolStarted
from agentguid.protocol.items import Body
from tests.http.conftest import Served
from tests.http.turns import running
from tests.support.gallery import picture, png

BIG = "<script>alert(1)</script>\u202e" * 3000


@pytest.fixture
def told(served: Served) -> str:
    """The path of a conversation with a message, a tool call, and one with a picture."""
    conversation, turn = running(served, "<b>do it</b>")
    served.report(
        conversation,
        ItemAdded(item=f"{turn}-m", turn=turn, kind="message", body=Body(BIG)),
        ToolStarted(item=f"{turn}-t", turn=turn, name="Bash", input=Body('{"command":"ls"}')),
        ToolFinished(item=f"{turn}-t", output=Body("a.txt")),
        ToolStarted(item=f"{turn}-p", turn=turn, name="Shot", input=Body("{}")),
        ToolFinished(item=f"{turn}-p", output=Body(json.dumps(picture(64, 32)), "application/json")),
    )
    return f"/conversations/{conversation}/items/{turn}"


@pytest.mark.parametrize(
    ("part", "text"), [("m/text", BIG), ("t/input", '{"command":"ls"}'), ("t/output", "a.txt")]
)
def test_the_whole_is_plain_text_that_cannot_act(served: Served, told: str, part: str, text: str) -> None:
    answer = served.ask("GET", f"{told}-{part}")

    assert answer.status == 200
    assert answer.body.decode() == text
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_picture_is_what_its_bytes_say(served: Served, told: str) -> None:
    answer = served.ask("GET", f"{told}-p/pictures/0")

    assert (answer.headers["content-type"], answer.body) == ("image/png", png(64, 32))


@pytest.mark.parametrize(
    "part",
    ["p/pictures/1", "m/output", "t/text", "x/text", "t/anything", "t/pictures/0", "x/whole", "t/whole"],
)
def test_what_is_not_there_is_not_found(served: Served, told: str, part: str) -> None:
    assert served.ask("GET", f"{told}-{part}").status == 404


def test_a_long_message_can_be_had_whole_in_its_place_and_as_a_page(served: Served, told: str) -> None:
    in_place = served.ask("GET", f"{told}-m/whole", headers={"HX-Request": "true"}).body.decode()
    page = served.ask("GET", f"{told}-m/whole").body.decode()
    shown = served.ask("GET", told.partition("/items/")[0]).body.decode()

    assert in_place.startswith("<article")
    assert in_place.count("⟦U+202E⟧") == 3000
    assert in_place in page
    assert "<script>alert" not in page
    assert f'hx-get="/gm{told}-m/whole"' in shown
    assert shown.count("⟦U+202E⟧") < 200


def test_an_item_is_found_in_its_own_conversation_only(served: Served, told: str) -> None:
    other = served.conversation()

    assert served.ask("GET", f"/conversations/{other}/items/{told.rpartition('/')[2]}-t/output").status == 404


def test_nobody_reads_an_item_without_a_credential(served: Served, told: str) -> None:
    answer = served.ask("GET", f"{told}-t/output", unix=False)

    assert answer.status in (303, 401)
    assert b"a.txt" not in answer.body
