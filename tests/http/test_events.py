"""`/events`: the log itself. Nothing twice, nothing left out, however often the connection is cut."""

import json
import random
import resource
import threading
from typing import Any

import pytest

from agentguid.agents.base import Live
from agentguid.protocol.events import ItemAdded
from agentguid.protocol.items import Body
from tests.http.conftest import Served, sse
from tests.support.daemon import wait_for

ND = {"Accept": "application/x-ndjson"}


def log_of(served: Served, query: str = "") -> list[dict[str, Any]]:
    answer = served.ask("GET", f"/api/events?{query}", headers=ND)
    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.body.splitlines()]


def items(conversation: str, start: int, count: int, size: int = 10) -> list[ItemAdded]:
    return [
        ItemAdded(item=f"{conversation}-{number}", turn=None, kind="message", body=Body("x" * size))
        for number in range(start, start + count)
    ]


def test_ndjson_is_the_whole_log_in_order(fresh: Served) -> None:
    conversation = fresh.conversation()
    fresh.report(conversation, *items(conversation, 0, 350))
    log = log_of(fresh)

    assert [one["position"] for one in log] == list(range(1, 352))
    assert log[0].keys() == {
        "position",
        "stream",
        "version",
        "type",
        "at",
        "actor",
        "cause",
        "origin",
        "data",
    }
    assert log_of(fresh, "after=340") == log[340:]
    assert log_of(fresh, "after=351") == []


def test_only_what_was_asked_for(fresh: Served) -> None:
    one, other = fresh.conversation(), fresh.conversation()
    fresh.report(one, *items(one, 0, 5))
    fresh.report(other, *items(other, 0, 5))

    assert {event["stream"] for event in log_of(fresh, f"conversation={one}")} == {f"conversation-{one}"}
    assert len(log_of(fresh, f"conversation={one}")) == 6
    assert [event["type"] for event in log_of(fresh, "types=conversation.created")] == [
        "conversation.created"
    ] * 2
    both = log_of(fresh, f"types=item.added,conversation.created&conversation={other}&after=2")
    assert [event["type"] for event in both] == ["item.added"] * 5
    assert log_of(fresh, f"conversation={one[:6]}") == log_of(fresh, f"conversation={one}")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("after=-1", 400),
        ("after=x", 400),
        ("conversation=nobody", 404),
        ("live=1", 400),
        ("after=999999", 409),
    ],
)
def test_what_cannot_be_is_refused(served: Served, query: str, status: int) -> None:
    served.api("GET", f"/events?{query}", status=status)


def test_the_past_then_caught_up_then_what_happens(fresh: Served) -> None:
    conversation = fresh.conversation()
    with fresh.stream("/api/events?follow=1") as answer:
        assert answer.getheader("content-type").startswith("text/event-stream")
        assert answer.getheader("content-encoding") is None
        messages = sse(answer)
        id, event, data = next(messages)
        assert (id, event, json.loads(data)["position"]) == ("1", "conversation.created", 1)
        assert next(messages) == ("1", "caught-up", '{"position":1}')
        fresh.report(conversation, *items(conversation, 0, 2))
        assert [next(messages)[:2] for _ in range(2)] == [("2", "item.added"), ("3", "item.added")]


def test_without_follow_it_ends_when_it_has_caught_up(fresh: Served) -> None:
    fresh.conversation()
    with fresh.stream("/api/events") as answer:
        assert [event for _, event, _ in sse(answer)] == ["conversation.created", "caught-up"]


def test_ndjson_can_follow_too(fresh: Served) -> None:
    conversation = fresh.conversation()
    with fresh.stream("/api/events?follow=1", ND) as answer:
        assert json.loads(answer.readline())["position"] == 1
        assert json.loads(answer.readline()) == {"type": "caught-up", "after": 1}
        fresh.report(conversation, *items(conversation, 0, 1))
        assert json.loads(answer.readline())["position"] == 2


def test_every_event_arrives_once_across_any_cuts(fresh: Served) -> None:
    """A reader that is cut at random places and goes on with Last-Event-ID has read the log, while it grows."""
    conversation = fresh.conversation()
    chance = random.Random(7)
    wanted = 600

    def write() -> None:
        for start in range(0, wanted, 20):
            fresh.report(conversation, *items(conversation, start, 20))

    writer = threading.Thread(target=write)
    writer.start()
    got: list[int] = []
    cuts = 0
    while len(got) < wanted + 1:
        headers = {"Last-Event-ID": str(got[-1])} if got else {}
        # The position in the URL is that of the page, long past: Last-Event-ID beats it.
        with fresh.stream("/api/events?follow=1&after=0", headers, unix=True) as answer:
            left = chance.randrange(1, 40)
            for id, event, data in sse(answer):
                if event == "caught-up":
                    continue
                assert id is not None
                assert json.loads(data)["position"] == int(id)
                got.append(int(id))
                left -= 1
                if left == 0 or len(got) == wanted + 1:
                    break
        cuts += 1
    writer.join()

    assert got == list(range(1, wanted + 2))
    assert cuts > 10


def test_a_sparse_reader_goes_on_from_where_it_caught_up(fresh: Served) -> None:
    """`caught-up` has an id as well, so that what did not concern a reader is not searched again."""
    conversation = fresh.conversation()
    fresh.report(conversation, *items(conversation, 0, 50))
    with fresh.stream("/api/events?types=conversation.created&follow=1") as answer:
        messages = sse(answer)
        next(messages)
        assert next(messages)[:2] == ("51", "caught-up")


def test_live_text_has_no_id_and_ends_with_its_item(fresh: Served) -> None:
    """A new reader gets the whole open item first; after the finished item nothing live follows for it."""
    conversation = fresh.conversation()
    live = fresh.parts.live

    def append(text: str) -> None:
        fresh.call(lambda: live.append(conversation, Live("i1", "message", text, "t1")))

    append("Hel")
    append("lo")
    with fresh.stream(f"/api/events?conversation={conversation}&follow=1&live=1") as answer:
        messages = sse(answer)
        assert next(messages)[1] == "conversation.created"
        assert next(messages)[1] == "caught-up"
        id, event, data = next(messages)
        assert (id, event) == (None, "live")
        assert json.loads(data) == {
            "item": "i1",
            "kind": "message",
            "turn": "t1",
            "parent": None,
            "title": "",
            "offset": 0,
            "text": "Hello",
        }
        append(", world")
        data = next(messages)[2]
        assert (json.loads(data)["offset"], json.loads(data)["text"]) == (5, ", world")

        fresh.call(lambda: live.finish(conversation, "i1"))
        fresh.report(conversation, ItemAdded(item="i1", turn=None, kind="message", body=Body("Hello, world")))
        fresh.call(lambda: live.append(conversation, Live("i2", "message", "next", "t1")))
        assert next(messages)[1] == "item.added"
        assert json.loads(next(messages)[2])["item"] == "i2"


def test_a_reader_that_does_not_read_costs_no_memory(fresh: Served) -> None:
    """40 MB of log, ten readers that never read: the server keeps no more than what the sockets take."""
    conversation = fresh.conversation()
    for start in range(0, 1400, 100):
        fresh.report(conversation, *items(conversation, start, 100, 30_000))
    connections = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(10):
        connection = fresh.connection()
        connection.request("GET", "/gm/api/events?follow=1", headers={"Accept": "text/event-stream"})
        connections.append(connection)
    for _ in range(20):  # meanwhile the readers are served as well
        assert log_of(fresh, "after=1399")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    for connection in connections:
        connection.close()

    assert grown < 150, f"{grown:.0f} MB"


def test_a_reader_that_leaves_is_forgotten(fresh: Served) -> None:
    import asyncio

    def tasks() -> int:
        return fresh.call(lambda: len(asyncio.all_tasks()))

    before = tasks()
    for _ in range(20):
        with fresh.stream("/api/events?follow=1") as answer:
            next(sse(answer))
    wait_for(lambda: tasks() <= before + 2, "the readers' tasks to end")
