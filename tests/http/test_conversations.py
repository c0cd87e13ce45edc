"""`/conversations`: shapes, statuses, what is refused."""

import pytest

from agentguid.entropy import now
from agentguid.protocol import commands
from agentguid.protocol.events import TurnEnded
from agentguid.stream.presence import Liveness
from tests.http.conftest import Served
from tests.http.turns import CONVERSATION, running


def test_a_conversation_is_created_with_all_its_fields(served: Served) -> None:
    answer = served.ask("POST", "/api/conversations", {"agentId": "demo", "title": "Hello", "model": "m"})

    assert answer.status == 201
    made = answer.json["conversation"]
    assert made.keys() >= CONVERSATION
    assert (made["title"], made["agentId"], made["agentType"], made["model"]) == (
        "Hello",
        "demo",
        "demo",
        "m",
    )
    assert made["workingDirectory"] == str(served.root / "work")
    assert (made["status"], made["isStreaming"], made["unread"]) == ("idle", False, False)
    assert served.api("GET", f"/conversations/{made['id']}") == {
        "conversation": made,
        "isActivelyStreaming": False,
        "latestSession": None,
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", ""),
        (b"", ""),
        (b"[]", ""),
        ({}, "agentId"),
        ({"agentId": 5}, "agentId"),
        ({"agentId": "nobody"}, "agentId"),
        ({"agentId": "demo", "title": 5}, "title"),
        ({"agentId": "demo", "title": "x" * 500}, "title"),
        ({"agentId": "demo", "mode": "wild"}, "mode"),
        ({"agentId": "demo", "workingDirectory": "relative"}, "workingDirectory"),
        ({"agentId": "demo", "workingDirectory": "/nowhere/at/all"}, "workingDirectory"),
        ({"agentId": "demo", "workingDirectory": "/etc/passwd"}, "workingDirectory"),
        ({"agentId": "demo", "workingDirectory": "/\0"}, "workingDirectory"),
        ({"agentId": "demo", "workingDirectory": "~nobody-such"}, "workingDirectory"),
    ],
)
def test_a_bad_field_is_named(served: Served, body: object, field: str) -> None:
    answer = served.ask("POST", "/api/conversations", body)

    assert answer.status == 400, answer
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == 400
    assert problem["error"] == problem["detail"]
    assert field in problem["error"]
    assert "\n" not in problem["error"]


def test_the_list_is_paged_and_newest_first(fresh: Served) -> None:
    made = [fresh.conversation(title=str(number)) for number in range(7)]
    first = fresh.api("GET", "/conversations?limit=3")
    second = fresh.api("GET", f"/conversations?limit=3&cursor={first['cursor']}")
    third = fresh.api("GET", f"/conversations?limit=3&cursor={second['cursor']}")
    listed = [one["id"] for page in (first, second, third) for one in page["conversations"]]

    assert listed == made[::-1]
    assert third["cursor"] is None
    assert fresh.ask("GET", "/api/conversations?cursor=nonsense").status == 400
    assert fresh.ask("GET", "/api/conversations?limit=x").json["field"] == "limit"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_is_named_is_changed_and_nothing_else(served: Served, method: str) -> None:
    conversation = served.conversation(model="m1")
    path = f"/conversations/{conversation}"

    assert served.api(method, path, {"title": "new"})["conversation"]["title"] == "new"
    changed = served.api(
        method, path, {"pinned": True, "mode": "bypass", "agentId": "claude-code", "model": "m2"}
    )
    assert {
        name: changed["conversation"][name] for name in ("title", "pinned", "mode", "agentId", "model")
    } == {
        "title": "new",
        "pinned": True,
        "mode": "bypass",
        "agentId": "claude-code",
        "model": "m2",
    }
    assert served.api(method, path, {"model": None})["conversation"]["model"] is None
    position = served.api("GET", path)["conversation"]["position"]
    assert served.api(method, path, {"title": "new", "pinned": True})["conversation"]["position"] == position


def test_archived_ones_stand_in_a_list_of_their_own(fresh: Served) -> None:
    conversation = fresh.conversation()
    fresh.api("PATCH", f"/conversations/{conversation}", {"archived": True})

    assert fresh.api("GET", "/conversations")["conversations"] == []
    assert [one["id"] for one in fresh.api("GET", "/conversations?archived=1")["conversations"]] == [
        conversation
    ]


def test_a_deleted_conversation_is_not_found(served: Served) -> None:
    conversation = served.conversation()

    assert served.api("DELETE", f"/conversations/{conversation}") == {"deleted": True}
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("PATCH", ""),
        ("GET", "/messages"),
        ("GET", "/full"),
        ("POST", "/cancel"),
    ):
        answer = served.ask(
            method, f"/api/conversations/{conversation}{path}", {} if method != "GET" else None
        )
        assert answer.status == 404, (method, path, answer)
        assert conversation in answer.json["error"]


def test_an_id_may_be_shortened_while_only_one_begins_so(fresh: Served) -> None:
    for id in ("aaaabbbbccccdddd", "aaaabbbbccccdddx"):
        fresh.dispatch(commands.CreateConversation(conversation=id, title="", agent="demo", cwd="/"))

    assert fresh.api("GET", "/conversations/aaaabbbbccccdddx")["conversation"]["id"] == "aaaabbbbccccdddx"
    problem = fresh.api("GET", "/conversations/aaaabb", status=409)
    assert "aaaabbbbccccdddd" in problem["error"]
    assert "aaaabbbbccccdddx" in problem["error"]
    fresh.api("DELETE", "/conversations/aaaabbbbccccdddd")
    assert fresh.api("GET", "/conversations/aaaabb")["conversation"]["id"] == "aaaabbbbccccdddx"
    assert fresh.ask("GET", "/api/conversations/aaa").status == 404


def test_the_status_comes_from_what_lives(served: Served) -> None:
    """No agent yet: pending, starting. One that writes: active, running."""
    conversation, turn = running(served)

    def shown() -> tuple[str, str]:
        answer = served.api("GET", f"/conversations/{conversation}")
        assert answer["isActivelyStreaming"] is answer["conversation"]["isStreaming"] is True
        return answer["conversation"]["status"], answer["latestSession"]["status"]

    assert shown() == ("starting", "pending")
    served.call(lambda: served.parts.presence.set(conversation, Liveness("h", "running", 1, now())))
    assert shown() == ("running", "active")
    served.report(conversation, TurnEnded(turn=turn, outcome="error", error="it broke"))
    served.call(lambda: served.parts.presence.set(conversation, None))
    ended = served.api("GET", f"/conversations/{conversation}")
    assert ended["conversation"]["status"] == ended["latestSession"]["status"] == "error"
    assert ended["conversation"]["error"] == ended["latestSession"]["error"] == "it broke"
