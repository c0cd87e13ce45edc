"""Messages and the queue: what starts a turn, what waits; the same thing asked twice is done once."""

import pytest

from agentguid.protocol.events import ItemAdded, MessageSteered, TurnEnded
from agentguid.protocol.items import Body
from tests.http.conftest import Served
from tests.http.turns import MESSAGE, SESSION, running, said


def test_an_idle_conversation_starts_a_turn(served: Served) -> None:
    conversation = served.conversation()
    answer = served.ask("POST", f"/api/conversations/{conversation}/messages", {"content": "hello"})

    assert answer.status == 201
    assert answer.json["message"].keys() >= MESSAGE
    assert answer.json["session"].keys() >= SESSION
    assert answer.json["streamId"] == answer.json["session"]["id"] == answer.json["message"]["sessionId"]
    assert answer.json["message"]["content"] == "hello"
    assert "queued" not in answer.json


def test_a_busy_one_has_it_wait(served: Served) -> None:
    conversation, _ = running(served)
    path = f"/api/conversations/{conversation}"
    first = served.ask("POST", f"{path}/messages", {"content": "second"})
    second = served.ask("POST", f"{path}/stream", {"message": "third"})

    assert (first.status, first.json["queued"], first.json["queuePosition"]) == (200, True, 1)
    assert (second.status, second.json["queued"], second.json["queuePosition"]) == (200, True, 2)
    assert first.json["message"]["status"] == "queued"
    queue = served.api("GET", f"/conversations/{conversation}/queue")["queue"]
    assert [(one["content"], one["position"]) for one in queue] == [("second", 1), ("third", 2)]
    assert queue[0]["messageId"] == first.json["message"]["id"]


def test_stream_answers_200(served: Served) -> None:
    conversation = served.conversation()
    assert served.ask("POST", f"/api/conversations/{conversation}/stream", {"content": "x"}).status == 200


@pytest.mark.parametrize("header", [True, False])
def test_the_same_key_runs_once_and_is_told_the_same(served: Served, header: bool) -> None:
    conversation = served.conversation()
    path = f"/api/conversations/{conversation}/messages"

    def send(key: str, content: str) -> object:
        body = {"content": content} if header else {"content": content, "idempotencyKey": key}
        answer = served.ask("POST", path, body, {"Idempotency-Key": key} if header else {})
        return answer.status, {name: answer.json.get(name) for name in ("message", "streamId", "queued")}

    first = send("k1", "once")
    assert send("k1", "once") == first
    waits = send("k2", "later")
    assert send("k2", "later") == waits
    assert send("k1", "once") == first
    assert len(served.api("GET", f"/conversations/{conversation}/queue")["queue"]) == 1
    assert served.api("GET", f"/conversations/{conversation}/messages")["total"] == 1


def test_a_key_belongs_to_its_conversation(served: Served) -> None:
    one, other = served.conversation(), served.conversation()
    body = {"content": "x", "idempotencyKey": "same"}
    first = served.api("POST", f"/conversations/{one}/messages", body)
    second = served.api("POST", f"/conversations/{other}/messages", body)
    assert first["message"]["id"] != second["message"]["id"]


def test_creating_with_a_key_creates_once(served: Served) -> None:
    body = {"agentId": "demo", "idempotencyKey": "create-once"}
    first, second = (served.api("POST", "/conversations", body)["conversation"]["id"] for _ in range(2))
    assert first == second


def test_agent_and_model_in_the_body_are_set_first(served: Served) -> None:
    conversation = served.conversation()
    body = {"content": "x", "agentId": "claude-code", "model": "opus", "idempotencyKey": "k"}
    session = served.api("POST", f"/conversations/{conversation}/messages", body)["session"]

    assert (session["agentId"], session["model"]) == ("claude-code", "opus")
    served.api("PATCH", f"/conversations/{conversation}", {"agentId": "demo"})
    served.api("POST", f"/conversations/{conversation}/messages", body)
    assert served.api("GET", f"/conversations/{conversation}")["conversation"]["agentId"] == "demo"


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "content"), ({"content": " \n"}, "content"), ({"content": 3}, "content"), ({"content": "x", "agentId": "no"}, "agentId"),
     ({"content": "x", "attachments": ["a"]}, "attachments"), ({"content": "x", "idempotencyKey": "k" * 300}, "idempotencyKey")],
)  # fmt: skip
def test_a_bad_message_is_refused(served: Served, body: object, field: str) -> None:
    conversation = served.conversation()
    for route in ("messages", "stream", "resume", "inject"):
        problem = served.api("POST", f"/conversations/{conversation}/{route}", body, status=400)
        assert field in problem["error"]
        assert problem["field"] == field


def test_a_long_message_is_kept_whole_and_a_longer_one_is_too_large(served: Served) -> None:
    conversation = served.conversation()
    path = f"/api/conversations/{conversation}/messages"
    sent = served.ask("POST", path, {"content": "x" * 2_000_000}).json["message"]

    assert sent["size"] == 2_000_000
    assert served.parts.blobs.get(sent["blob"]) == b"x" * 2_000_000
    assert served.ask("POST", path, {"content": "x" * (33 * 1024 * 1024)}).status == 413
    assert served.ask("POST", "/api/folders", {"path": "x" * 2_000_000}).status == 413


def test_messages_come_oldest_first(served: Served) -> None:
    conversation, turn = running(served, "the prompt")
    thought = ItemAdded(item=f"{turn}-t", turn=turn, kind="thought", body=Body("hm"))
    served.report(conversation, said(turn, 1), thought, said(turn, 2, incomplete=True))
    answer = served.api("GET", f"/conversations/{conversation}/messages?limit=2")

    assert [(one["role"], one["content"], one["status"]) for one in answer["messages"]] == [
        ("user", "the prompt", "sent"),
        ("assistant", "text 1", "complete"),
    ]
    assert (answer["total"], answer["hasMore"]) == (3, True)
    rest = served.api("GET", f"/conversations/{conversation}/messages?limit=2&offset=2")
    assert [one["status"] for one in rest["messages"]] == ["incomplete"]
    assert rest["hasMore"] is False
    one = rest["messages"][0]
    assert served.api("GET", f"/conversations/{conversation}/messages/{one['id']}") == {"message": one}
    served.api("GET", f"/conversations/{conversation}/messages/{turn}-t", status=404)
    served.api("GET", f"/conversations/{served.conversation()}/messages/{one['id']}", status=404)


def test_cancel_asks_the_turn_to_stop(served: Served) -> None:
    conversation, turn = running(served)
    path = f"/conversations/{conversation}"

    assert served.api("POST", f"{path}/cancel") == {
        "ok": True,
        "conversationId": conversation,
        "sessionId": turn,
        "cancelled": True,
    }
    assert served.api("GET", path)["conversation"]["status"] == "stopping"
    served.report(conversation, TurnEnded(turn=turn, outcome="interrupted"))
    assert served.api("POST", f"{path}/cancel")["cancelled"] is False


def test_resume_is_refused_while_a_turn_runs_and_inject_waits(served: Served) -> None:
    """Of an agent that takes nothing while it works."""
    conversation, turn = running(served, agent="gemini")
    path = f"/conversations/{conversation}"

    served.api("POST", f"{path}/resume", {"content": "go on"}, status=409)
    served.api("POST", f"{path}/inject", {"content": "now", "eager": True}, status=409)
    assert served.api("GET", f"{path}/queue")["queue"] == []
    assert served.api("POST", f"{path}/inject", {"content": "then"})["queued"] is True
    served.report(conversation, TurnEnded(turn=turn, outcome="complete"))
    latest = served.api("GET", f"{path}/sessions/latest")["session"]
    assert latest["id"] != turn
    served.report(conversation, TurnEnded(turn=latest["id"], outcome="complete"))
    resumed = served.api("POST", f"{path}/resume", {"content": "go on"})
    assert resumed["resumed"] is True
    assert (
        served.api("GET", f"/sessions/{resumed['sessionId']}")["session"]["messageId"] == resumed["messageId"]
    )


def test_a_held_queue_says_so_until_it_is_released(served: Served) -> None:
    conversation, turn = running(served)
    path = f"/conversations/{conversation}"
    for text in ("first", "second"):
        served.api("POST", f"{path}/messages", {"content": text})
    assert served.api("POST", f"{path}/queue/release")["held"] is False, "nothing to release is no error"
    assert len(served.api("GET", f"{path}/queue")["queue"]) == 2

    served.report(conversation, TurnEnded(turn=turn, outcome="error", error="No key."))

    assert served.api("GET", f"{path}/queue")["held"] is True
    assert served.api("GET", path)["conversation"]["queueHeld"] is True
    answer = served.api("POST", f"{path}/queue/release")
    assert (answer["held"], [one["content"] for one in answer["queue"]]) == (False, ["second"])
    assert served.api("GET", path)["conversation"]["queueHeld"] is False


def test_the_queue_can_be_edited_moved_and_emptied(served: Served) -> None:
    conversation, _ = running(served)
    path = f"/conversations/{conversation}"
    a, b, c = (served.api("POST", f"{path}/messages", {"content": text})["message"]["id"] for text in "abc")

    edited = served.api("PATCH", f"{path}/queue/{b}", {"content": "B"})
    assert (edited["updated"], edited["item"]["content"], edited["item"]["position"]) == (True, "B", 2)
    moved = served.api("POST", f"{path}/queue/reorder", {"order": [c]})["queue"]
    assert [one["content"] for one in moved] == ["c", "a", "B"]
    assert served.api("DELETE", f"{path}/queue/{a}") == {"deleted": True}
    assert [one["messageId"] for one in served.api("GET", f"{path}/queue")["queue"]] == [c, b]
    served.api("DELETE", f"{path}/queue/{a}", status=404)
    served.api("PATCH", f"{path}/queue/{a}", {"content": "x"}, status=404)
    served.api("PATCH", f"{path}/queue/{b}", {"content": " "}, status=400)
    served.api("POST", f"{path}/queue/reorder", {"order": ["nobody"]}, status=400)
    other, _ = running(served)
    served.api("DELETE", f"/conversations/{other}/queue/{b}", status=404)


# -- into the turn that runs ------------------------------------------------------------------------------------------
def test_a_message_for_the_running_turn_waits_first_until_the_agent_has_it(served: Served) -> None:
    conversation, turn = running(served)
    path = f"/conversations/{conversation}"
    served.api("POST", f"{path}/messages", {"content": "later"})
    answer = served.api("POST", f"{path}/messages", {"content": "now", "steer": True})
    assert (answer["queuePosition"], answer["steering"]) == (1, True)
    message = answer["message"]["id"]
    queue = served.api("GET", f"{path}/queue")["queue"]
    assert [(one["content"], one["steering"]) for one in queue] == [("now", True), ("later", False)]
    served.api("PATCH", f"{path}/queue/{message}", {"content": "other"}, status=409)
    served.api("DELETE", f"{path}/queue/{message}", status=409)

    served.report(conversation, MessageSteered(message=message, turn=turn))
    assert [one["content"] for one in served.api("GET", f"{path}/queue")["queue"]] == ["later"]
    found = served.api("GET", f"{path}/messages/{message}")["message"]
    assert (found["content"], found["role"], found["sessionId"]) == ("now", "user", turn)


def test_one_that_waits_may_be_read_now_instead(served: Served) -> None:
    conversation, _ = running(served)
    path = f"/conversations/{conversation}"
    first, second = (
        served.api("POST", f"{path}/messages", {"content": text})["message"]["id"] for text in ("a", "b")
    )
    queue = served.api("POST", f"{path}/queue/{second}/steer")["queue"]

    assert [(one["messageId"], one["steering"]) for one in queue] == [(second, True), (first, False)]
    served.api("POST", f"{path}/queue/nothing/steer", status=404)


def test_an_agent_that_cannot_read_while_it_works_is_never_asked_to(served: Served) -> None:
    """409, and nothing is left behind that was to be read now."""
    conversation, _ = running(served, agent="gemini")
    path = f"/conversations/{conversation}"
    served.api("POST", f"{path}/messages", {"content": "now", "steer": True}, status=409)
    assert served.api("GET", f"{path}/queue")["queue"] == []
    message = served.api("POST", f"{path}/messages", {"content": "later"})["message"]["id"]
    served.api("POST", f"{path}/queue/{message}/steer", status=409)


def test_an_idle_agent_just_begins(served: Served) -> None:
    conversation = served.conversation(agent="gemini")
    answer = served.api(
        "POST", f"/conversations/{conversation}/messages", {"content": "now", "steer": True}, status=201
    )

    assert answer["session"]["status"] in ("pending", "active")
    assert "steering" not in answer
