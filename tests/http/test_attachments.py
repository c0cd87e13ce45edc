"""Files with a message, from outside: what is taken, what is refused and in which words, and how they are served."""

import hashlib
import re
from typing import Any

import pytest

from agentguid.decide import checks
from agentguid.entropy import new_id
from agentguid.project import transcript
from agentguid.protocol.events import TurnEnded
from agentguid.render.home import glance
from tests.http.conftest import Answer, Served
from tests.http.turns import running
from tests.support.pictures import GIF, JPEG, SVG, WEBP, attachment, multipart, png

PNG = png()
PAGE = {"Accept": "text/html"}


def send(served: Served, conversation: str, *files: dict[str, Any], **more: Any) -> Answer:
    body = {"content": "look", "attachments": list(files), **more}
    return served.ask("POST", f"/api/conversations/{conversation}/messages", body)


def form(
    served: Served,
    path: str,
    *files: tuple[str, bytes, str],
    headers: dict[str, str] | None = None,
    **fields: str | list[str],
) -> Answer:
    named = [
        (name, one)
        for name, given in fields.items()
        for one in ([given] if isinstance(given, str) else given)
    ]
    body, kind = multipart(named, list(files))
    return served.ask("POST", path, body, {**PAGE, "Content-Type": kind, **(headers or {})})


def attached(served: Served, conversation: str) -> list[list[dict[str, Any]]]:
    found = served.api("GET", f"/conversations/{conversation}/messages")["messages"]
    return [one["attachments"] for one in found if one["role"] == "user"]


def chips(html: bytes) -> list[str]:
    return re.findall(r'name="attached" value="([^"]*)"', html.decode())


# -- the API ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "data", "kind", "size"),
    [
        ("a.png", PNG, "image/png", (40, 25)),
        ("a.jpg", JPEG, "image/jpeg", (1, 1)),
        ("a.gif", GIF, "image/gif", (1, 1)),
        ("a.webp", WEBP, "image/webp", (1, 1)),
        ("lies.txt", PNG, "image/png", (40, 25)),
        ("notes.md", b"# One\ntwo\n", "text/plain", (None, None)),
        ("drawing.svg", SVG, "text/plain", (None, None)),
    ],
)
def test_what_a_file_is_say_its_bytes(served: Served, name: str, data: bytes, kind: str, size: Any) -> None:
    conversation = served.conversation()
    answer = send(served, conversation, attachment(name, data))

    [told] = answer.json["message"]["attachments"]
    assert answer.status == 201
    assert (told["name"], told["mimeType"], told["size"]) == (name, kind, len(data))
    assert (told["width"], told["height"]) == size
    assert told["blob"] == hashlib.sha256(data).hexdigest()
    assert attached(served, conversation) == [[told]]
    [chunk] = served.api("GET", f"/conversations/{conversation}/full?allChunks=1")["chunks"]
    assert chunk["data"]["attachments"] == [told]


@pytest.mark.parametrize(
    "kind", ["image/png", "image/jpeg", "image/gif", "image/webp", "text/html", "image/svg+xml"]
)
def test_a_file_is_served_so_that_it_can_do_nothing(served: Served, kind: str) -> None:
    told = send(served, served.conversation(), attachment("d.svg", SVG)).json["message"]["attachments"][0]
    answer = served.ask("GET", f"/blobs/{told['blob']}?as={kind}", headers=PAGE)

    shown = kind if kind in checks.TYPES else "text/plain"
    assert answer.body == SVG
    assert answer.headers["content-type"].partition(";")[0] == shown
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("files", "status", "words"),
    [
        (
            [attachment("a.heic", b"\0\0\0 ftypheic", "image/heic")],
            400,
            "a.heic is no PNG, JPEG, GIF or WebP picture",
        ),
        ([attachment("a.bin", b"\x00\x01\x02")], 400, "a.bin is neither a picture nor a text"),
        ([attachment("a.txt", b"caf\xe9")], 400, "a.txt is neither a picture nor a text in UTF-8"),
        ([attachment("a.txt", b"")], 400, "a.txt is empty"),
        ([{"name": "a.png", "data": "not base64!"}], 400, "a.png: data is not base64"),
        ([{"name": 7}], 400, "attachments: Expected"),
        ("a.png", 400, "attachments: Expected"),
        ([attachment("a.txt", b"x" * (checks.DOCUMENT + 1))], 413, "a.txt is 257 kB; a text may have 256 kB"),
        ([attachment("a.png", PNG + bytes(checks.PICTURE))], 413, "a.png is 10 MB; a picture may have 10 MB"),
        ([attachment("a.txt", b"x")] * 11, 413, "11 files are too many, 10 may go with a message"),
        ([attachment("a.png", PNG + bytes(7_000_000))] * 3, 413, "the files are 21 MB together"),
    ],
)
def test_what_cannot_be_taken_is_refused_naming_the_field(
    served: Served, files: Any, status: int, words: str
) -> None:
    conversation = served.conversation()
    body = {"content": "look", "attachments": files}
    answer = served.ask("POST", f"/api/conversations/{conversation}/messages", body)

    assert answer.status == status, answer
    assert answer.json["field"] == "attachments"
    assert words in answer.json["error"]
    assert attached(served, conversation) == []


def test_a_picture_may_go_without_words_and_names_the_conversation(served: Served) -> None:
    conversation = served.conversation(title="")
    answer = send(served, conversation, attachment("../up/Bild 1.png", PNG), content=None)

    assert answer.status == 201
    assert answer.json["message"]["content"] == ""
    assert served.api("GET", f"/conversations/{conversation}")["conversation"]["title"] == "Bild 1.png"
    page = served.ask("GET", f"/conversations/{conversation}", headers=PAGE).body.decode()
    assert 'alt="Bild 1.png"' in page
    [item] = served.api("GET", f"/conversations/{conversation}/full?allChunks=1")["chunks"]
    begun = served.call(
        lambda: transcript.load(served.parts.reader, [transcript.get(served.parts.reader, item["id"])])
    )  # type: ignore[list-item]
    assert glance(begun[0].opened.event) == "You: Bild 1.png"


def test_the_same_key_with_files_runs_once(served: Served) -> None:
    conversation = served.conversation()
    first, second = (
        send(served, conversation, attachment("a.png", PNG), idempotencyKey="k").json for _ in range(2)
    )

    assert first["message"] == second["message"]
    assert len(attached(served, conversation)) == 1


def test_files_wait_with_their_message_and_stay_when_its_words_change(served: Served) -> None:
    conversation, turn = running(served)
    sent = send(served, conversation, attachment("a.png", PNG)).json["message"]
    path = f"/conversations/{conversation}/queue"
    [waits] = served.api("GET", path)["queue"]
    assert waits["attachments"] == sent["attachments"]
    changed = served.api("PATCH", f"{path}/{sent['id']}", {"content": "look closer"})["item"]
    assert (changed["content"], changed["attachments"]) == ("look closer", sent["attachments"])
    page = served.ask("GET", f"/conversations/{conversation}", headers=PAGE).body.decode()
    assert f'id="q-{sent["id"]}"' in page
    assert f"/blobs/{sent['attachments'][0]['blob']}" in page

    served.report(conversation, TurnEnded(turn=turn, outcome="complete"))
    assert attached(served, conversation)[-1] == sent["attachments"]


def test_an_agent_that_takes_no_pictures_is_not_sent_one(served: Served) -> None:
    conversation = served.conversation()
    served.call(lambda: served.parts.agents.learn_pictures("demo", takes=False))
    try:
        refused = send(served, conversation, attachment("a.png", PNG))
        assert refused.status == 400
        assert "Demo agent takes no pictures" in refused.json["error"]
        assert send(served, conversation, attachment("a.txt", b"x")).status == 201
    finally:
        served.call(lambda: served.parts.agents.learn_pictures("demo", takes=True))


def test_the_commands_of_an_agent_are_told(served: Served) -> None:
    conversation = served.conversation()
    path = f"/conversations/{conversation}/commands"
    assert served.api("GET", path) == {"commands": []}
    page = served.ask("GET", path, headers=PAGE).body.decode()
    assert "This agent has named no slash commands" in page


# -- forms without script ---------------------------------------------------------------------------------------------
def test_a_form_with_files_sends_them(served: Served) -> None:
    conversation = served.conversation()
    path = f"/conversations/{conversation}/messages"
    answer = form(
        served, path, ("a.png", PNG, "image/png"), ("b.md", b"# b\n", ""), key=new_id(), text="look"
    )

    assert (answer.status, answer.headers["location"]) == (303, f"/gm/conversations/{conversation}")
    assert [one["name"] for one in attached(served, conversation)[0]] == ["a.png", "b.md"]


def test_an_empty_chooser_is_no_file(served: Served) -> None:
    conversation = served.conversation()
    path = f"/conversations/{conversation}/messages"
    assert form(served, path, ("", b"", "application/octet-stream"), key=new_id(), text="look").status == 303
    assert attached(served, conversation) == [[]]


def test_a_refused_message_keeps_its_words_and_the_files_that_were_good(served: Served) -> None:
    """They need not be chosen again: the page that says what was wrong has them."""
    conversation = served.conversation()
    path = f"/conversations/{conversation}/messages"
    held = form(served, "/attachments", ("a.png", PNG, "image/png"), headers={"HX-Request": "true"})
    [chip] = chips(held.body)
    refused = form(served, path, ("", b"", ""), key="bad", text="my words", attached=[chip])
    assert refused.status == 400
    assert b"my words" in refused.body
    assert chips(refused.body) == [chip]

    sent = form(served, path, key=new_id(), text="my words", attached=[chip])
    assert sent.status == 303
    assert [one["name"] for one in attached(served, conversation)[0]] == ["a.png"]


def test_a_bad_file_is_told_on_the_page_and_the_words_stay(served: Served) -> None:
    conversation = served.conversation()
    path = f"/conversations/{conversation}/messages"
    refused = form(served, path, ("a.bin", b"\0", ""), key=new_id(), text="my words")

    assert refused.status == 400
    assert b"a.bin is neither a picture nor a text" in refused.body
    assert b"my words" in refused.body


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f"{'ab' * 32} a.png", "a.png is not kept here any more"),
        ("../../etc/passwd x", "not as the page has made them"),
        ("", "not as the page has made them"),
    ],
)
def test_what_the_page_did_not_store_is_not_taken(served: Served, value: str, words: str) -> None:
    conversation = served.conversation()
    refused = form(
        served, f"/conversations/{conversation}/messages", key=new_id(), text="x", attached=[value]
    )

    assert refused.status == 400
    assert words.encode() in refused.body


def test_files_that_are_far_too_large_are_refused_in_words_before_they_are_read(served: Served) -> None:
    big = ("a.png", PNG + bytes(41_000_000), "image/png")
    refused = form(served, "/attachments", big, headers={"HX-Request": "true"})

    assert refused.status == 413
    assert refused.body == b"the files are more than 20 MB together; send some in another"


def test_a_new_conversation_begins_with_files(served: Served) -> None:
    fields = {"key": new_id(), "folder": str(served.root / "work"), "agent": "demo", "text": "look"}
    answer = form(served, "/conversations", ("a.png", PNG, "image/png"), **fields)

    assert answer.status == 303
    conversation = answer.headers["location"].rpartition("/")[2]
    assert [one["name"] for one in attached(served, conversation)[0]] == ["a.png"]


def test_a_refused_new_conversation_is_not_made_and_keeps_all_that_was_chosen(served: Served) -> None:
    before = len(served.api("GET", "/conversations")["conversations"])
    fields = {
        "key": new_id(),
        "folder": str(served.root / "work"),
        "agent": "demo",
        "mode": "plan",
        "model": "big-one",
        "text": "my words",
    }
    refused = form(served, "/conversations", ("a.bin", b"\0", ""), **fields)

    page = refused.body.decode()
    assert refused.status == 400
    assert "a.bin is neither a picture nor a text" in page
    assert '<option value="plan" selected>' in page
    assert 'value="big-one"' in page
    assert "my words" in page
    assert f'value="{served.root / "work"}"' in page
    assert len(served.api("GET", "/conversations")["conversations"]) == before


def test_what_could_not_be_set_stays_chosen(served: Served) -> None:
    conversation = served.conversation()
    path = f"/conversations/{conversation}/settings"
    refused = form(served, path, agent="gone", model="big-one", mode="plan")

    page = refused.body.decode()
    assert refused.status == 400
    assert '<option value="plan" selected>' in page
    assert 'value="big-one"' in page


def test_a_link_brings_a_draft_and_sends_nothing(served: Served) -> None:
    conversation = served.conversation()
    page = served.ask("GET", f"/conversations/{conversation}?text=%2Fcompact+%3Cb%3E", headers=PAGE).body

    assert b"/compact &lt;b&gt;</textarea>" in page
    assert attached(served, conversation) == []
