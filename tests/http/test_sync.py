"""The `/sync` WebSocket."""

import asyncio
import contextlib
import json
import socket as sockets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from websockets.exceptions import ConnectionClosed

from agentguid.agents.base import Live
from agentguid.protocol import commands
from agentguid.protocol.events import (
    ApprovalRequested,
    ItemAdded,
    ToolFinished,
    ToolStarted,
    TurnEnded,
)
from agentguid.protocol.items import Body
from tests.http.conftest import Served, closed
from tests.http.syncing import Client, kinds
from tests.support.daemon import wait_for


def test_it_says_who_it_is(served: Served) -> None:
    with Client(served) as client:
        assert client.hello.keys() >= {"type", "clientId", "timestamp", "position"}
        client.say(type="ping", requestId=7)
        assert client.next()["requestId"] == 7


def test_a_turn_as_a_subscriber_sees_it(fresh: Served) -> None:
    conversation = fresh.conversation()
    with Client(fresh) as client:
        client.say(type="subscribe", conversationId=conversation)
        confirmed = client.next()
        assert (confirmed["type"], confirmed["conversationId"], confirmed["sessionId"]) == (
            "subscription_confirmed",
            conversation,
            None,
        )
        turn = fresh.api("POST", f"/conversations/{conversation}/messages", {"content": "hello"})["session"][
            "id"
        ]
        fresh.report(
            conversation,
            ItemAdded(item="i1", turn=turn, kind="thought", body=Body("hm")),
            ToolStarted(
                item="i2", turn=turn, name="Bash", input=Body('{"command":"ls"}', "application/json")
            ),
            ToolFinished(item="i2", output=Body("a file")),
            ItemAdded(item="i3", turn=turn, kind="message", body=Body("done")),
            TurnEnded(turn=turn, outcome="complete", duration=5),
        )
        messages = client.before("streaming_complete")

    created = next(one for one in messages if one["type"] == "message_created")
    assert (created["conversationId"], created["message"]["content"]) == (conversation, "hello")
    start = next(one for one in messages if one["type"] == "streaming_start")
    assert (start["sessionId"], start["messageId"], start["agentId"]) == (
        turn,
        created["message"]["id"],
        "demo",
    )
    steps = [one for one in messages if one["type"] == "streaming_progress"]
    assert [one["block"]["type"] for one in steps] == [
        "thinking",
        "tool_use",
        "tool_result",
        "text",
        "result",
    ]
    assert [one["seq"] for one in steps] == [2, 3, 3, 4, 5]
    assert all((one["sessionId"], one["conversationId"]) == (turn, conversation) for one in steps)
    assert steps[2]["block"]["tool_use_id"] == "i2"
    assert [one["position"] for one in steps] == sorted(one["position"] for one in steps)
    updates = [one["conversation"] for one in messages if one["type"] == "conversation_updated"]
    assert updates[0]["id"] == conversation


def test_others_are_told_that_something_changed_but_not_what(fresh: Served) -> None:
    with Client(fresh) as client:
        conversation = fresh.conversation()
        turn = fresh.api("POST", f"/conversations/{conversation}/messages", {"content": "a secret"})[
            "session"
        ]["id"]
        fresh.api("POST", f"/conversations/{conversation}/messages", {"content": "a secret too"})
        fresh.report(
            conversation,
            ItemAdded(item="i1", turn=turn, kind="message", body=Body("a secret answer")),
            ApprovalRequested(
                approval="a1", turn=turn, item=None, tool="Bash", input=Body("a secret"), options=[]
            ),
        )
        fresh.api("POST", "/approvals/a1", {"decision": "reject_once", "message": "a secret"})
        fresh.api("DELETE", f"/conversations/{conversation}")
        messages = client.before("conversation_deleted")

    assert "a secret" not in json.dumps(messages)
    assert set(kinds(messages)) == {
        "conversation_created",
        "conversation_updated",
        "conversation_deleted",
        "queue_status",
        "approval_requested",
        "approval_decided",
    }
    asked = next(one for one in messages if one["type"] == "approval_requested")
    assert (asked["approvalId"], asked["tool"], asked["conversationId"]) == ("a1", "Bash", conversation)


def test_errors_and_interruptions_have_their_own_messages(fresh: Served) -> None:
    conversation = fresh.conversation()
    with Client(fresh) as client:
        client.say(type="subscribe", conversationId=conversation)
        client.until("subscription_confirmed")
        turn = fresh.api("POST", f"/conversations/{conversation}/messages", {"content": "x"})["session"]["id"]
        fresh.report(conversation, TurnEnded(turn=turn, outcome="error", error="it broke"))
        assert client.until("streaming_error")["error"] == "it broke"
        turn = fresh.api("POST", f"/conversations/{conversation}/messages", {"content": "x"})["session"]["id"]
        fresh.report(conversation, TurnEnded(turn=turn, outcome="interrupted"))
        assert client.until("streaming_complete")["interrupted"] is True


def test_the_queue_is_told(fresh: Served) -> None:
    conversation = fresh.conversation()
    path = f"/conversations/{conversation}"
    fresh.api("POST", f"{path}/messages", {"content": "x"})
    with Client(fresh) as client:
        client.say(type="subscribe", conversationId=conversation)
        client.until("subscription_confirmed")
        message = fresh.api("POST", f"{path}/messages", {"content": "waits"})["message"]["id"]
        assert client.until("queue_status")["queueLength"] == 1
        assert client.until("message_created")["message"]["status"] == "queued"
        fresh.api("PATCH", f"{path}/queue/{message}", {"content": "changed"})
        updated = client.until("queue_updated")
        assert (updated["messageId"], updated["content"]) == (message, "changed")
        fresh.api("DELETE", f"{path}/queue/{message}")
        assert client.until("queue_status")["queueLength"] == 0


def test_a_subscription_from_a_position_gets_the_past_once_and_then_goes_on(fresh: Served) -> None:
    """Whatever is written while it subscribes: each item once, in order."""
    conversation, other = fresh.conversation(), fresh.conversation()
    for one in (conversation, other):
        fresh.report(
            one,
            *(ItemAdded(item=f"{one}{n}", turn=None, kind="message", body=Body(str(n))) for n in range(250)),
        )
    with Client(fresh) as client:
        client.say(type="subscribe", conversationId=conversation, after=0)
        for number in range(250, 260):
            fresh.report(
                conversation,
                ItemAdded(item=f"{conversation}{number}", turn=None, kind="message", body=Body(str(number))),
            )
        got: list[str] = []
        while len(got) < 260:
            message = client.next()
            if message["type"] == "streaming_progress":
                assert message["conversationId"] == conversation
                got.append(message["block"]["text"])
        rest = client.all()

    assert got == [str(number) for number in range(260)]
    assert "streaming_progress" not in kinds(rest)


def test_a_turn_can_be_followed_before_it_begins(fresh: Served) -> None:
    conversation = fresh.conversation()
    with Client(fresh) as client:
        client.say(type="subscribe", sessionId="tm1")
        client.until("subscription_confirmed")
        fresh.dispatch(commands.SendMessage(conversation=conversation, message="m0", body=Body("x")))
        fresh.dispatch(commands.SendMessage(conversation=conversation, message="m1", body=Body("y")))
        fresh.report(
            conversation,
            ItemAdded(item="i0", turn="tm0", kind="message", body=Body("not this")),
            TurnEnded(turn="tm0", outcome="complete"),
        )
        fresh.report(conversation, ItemAdded(item="i1", turn="tm1", kind="message", body=Body("this")))
        assert client.until("streaming_start")["sessionId"] == "tm1"
        assert client.until("streaming_progress")["block"]["text"] == "this"


def test_only_those_who_want_live_text_get_it(fresh: Served) -> None:
    conversation = fresh.conversation()
    turn = fresh.api("POST", f"/conversations/{conversation}/messages", {"content": "x"})["session"]["id"]

    def append(text: str) -> None:
        fresh.call(lambda: fresh.parts.live.append(conversation, Live("i1", "message", text, turn)))

    append("Hel")
    with Client(fresh) as wants, Client(fresh) as does_not:
        wants.say(type="subscribe", conversationId=conversation, live=True)
        does_not.say(type="subscribe", conversationId=conversation)
        does_not.until("subscription_confirmed")
        first = wants.until("streaming_delta")
        assert (first["offset"], first["text"], first["itemId"], first["sessionId"]) == (0, "Hel", "i1", turn)
        append("lo")
        second = wants.until("streaming_delta")
        assert (second["offset"], second["text"]) == (3, "lo")
        assert "streaming_delta" not in kinds(does_not.all())


def test_unsubscribing_ends_it(fresh: Served) -> None:
    conversation = fresh.conversation()
    with Client(fresh) as client:
        client.say(type="subscribe", conversationId=conversation, sessionId="t1")
        client.until("subscription_confirmed")
        client.say(type="get_subscriptions")
        assert client.until("subscriptions")["subscriptions"] == [f"conv-{conversation}", "t1"]
        client.say(type="unsubscribe", conversationId=conversation)
        client.say(type="get_subscriptions")
        assert client.until("subscriptions")["subscriptions"] == ["t1"]
        fresh.report(conversation, ItemAdded(item="i", turn=None, kind="message", body=Body("x")))
        assert "streaming_progress" not in kinds(client.all())


@pytest.mark.parametrize(
    "frame",
    ["", "{", "[]", "null", "5", '"x"', "{}", '{"type":5}', '{"type":"nothing"}', '{"type":"subscribe"}', '{"type":"subscribe","conversationId":5}',
     '{"type":"subscribe","conversationId":"nobody"}', '{"type":"subscribe","conversationId":"nobody","after":-1}', "[" * 100_000, b"bytes"],
    ids=lambda frame: repr(frame[:30]),
)  # fmt: skip
def test_a_malformed_frame_costs_an_error(served: Served, frame: str | bytes) -> None:
    with Client(served) as client:
        client.socket.send(frame)
        assert client.next()["type"] == "error"
        client.say(type="ping", requestId=1)
        assert client.next()["type"] == "pong"


@given(some.lists(some.text(max_size=50) | some.binary(max_size=50), max_size=10))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_frames_break_it(served: Served, frames: list[str | bytes]) -> None:
    with Client(served) as client:
        for frame in frames:
            client.socket.send(frame)
        client.say(type="ping", requestId="still here")
        while (message := client.next())["type"] != "pong":
            assert message["type"] == "error"


@pytest.mark.parametrize(
    "junk",
    [b"\xff" * 64, b"\x81\x05hello", b"\x81\xfe\xff\xff", b"\x83\x80\0\0\0\0", b"\x81\x82\0\0\0\0\xff\xfe"],
)
def test_bytes_that_are_no_frames_cost_the_socket_only(served: Served, junk: bytes) -> None:
    """Unmasked, reserved opcodes, broken UTF-8: the socket is closed, the daemon lives."""
    raw = sockets.create_connection(("127.0.0.1", served.port), timeout=10)
    raw.sendall(
        b"GET /gm/sync HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Authorization: Bearer " + served.token("read").encode() + b"\r\n\r\n"
    )
    assert raw.recv(65536).startswith(b"HTTP/1.1 101")
    raw.sendall(junk)
    raw.shutdown(sockets.SHUT_WR)
    while raw.recv(65536):
        pass
    raw.close()
    assert served.ask("GET", "/healthz").status == 200


def test_a_frame_that_is_too_large_closes_the_socket(served: Served) -> None:
    with Client(served) as client:
        with contextlib.suppress(ConnectionClosed):
            client.socket.send("x" * 2_000_000)
        # What was not read yet may reset the connection before the word of its close has come through.
        assert closed(client.socket) in (1009, 1006)
    assert served.ask("GET", "/healthz").status == 200


def test_one_that_is_far_behind_is_told_the_gap(fresh: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that does not read falls behind; memory is bounded. When it reads again it is told where it was."""
    monkeypatch.setattr("agentguid.stream.sync.FAR", 50)
    conversation = fresh.conversation()

    def write(start: int, count: int, size: int) -> None:
        facts = [
            ItemAdded(item=f"i{n}", turn=None, kind="message", body=Body("x" * size))
            for n in range(start, start + count)
        ]
        fresh.report(conversation, *facts)

    with Client(fresh) as client:
        client.say(type="subscribe", conversationId=conversation)
        client.until("subscription_confirmed")
        for start in range(0, 800, 40):
            write(start, 40, 30_000)  # 24 MB: more than the kernel's buffers take
        gap = None
        seen = 0
        while gap is None:
            message = client.next()
            if message["type"] == "gap":
                gap = message
            else:
                seen = max(seen, message["position"])
        assert gap["after"] == seen
        client.say(type="subscribe", conversationId=conversation, after=gap["after"])
        message = client.until("subscription_confirmed")  # until then it is told what goes on behind the gap
        while message["type"] != "streaming_progress" or message["position"] < 801:
            message = client.next()
            if message["type"] == "streaming_progress":
                assert message["position"] == seen + 1
                seen += 1


def test_one_that_never_reads_is_given_up(fresh: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed with 1013, for the case that it reads after all."""
    monkeypatch.setattr("agentguid.http.sync.PATIENCE", 0.3)
    conversation = fresh.conversation()
    with Client(fresh) as client:
        client.say(type="subscribe", conversationId=conversation)
        client.until("subscription_confirmed")
        for start in range(0, 800, 40):
            facts = [
                ItemAdded(item=f"i{n}", turn=None, kind="message", body=Body("x" * 30_000))
                for n in range(start, start + 40)
            ]
            fresh.report(conversation, *facts)

        def given_up() -> bool:
            names = fresh.call(lambda: [repr(task.get_coro()) for task in asyncio.all_tasks()])
            return not any("_listen" in name for name in names)

        wait_for(given_up, "the server to lose its patience")
        assert closed(client.socket) == 1013


def test_it_works_over_the_unix_socket_without_a_token(served: Served) -> None:
    from websockets.sync.client import unix_connect

    with unix_connect(served.unix, "ws://localhost/gm/sync") as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "sync_connected"
