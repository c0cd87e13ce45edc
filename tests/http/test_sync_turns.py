"""Who follows one turn on the `/sync` WebSocket is told of that turn, from its beginning to its end."""

import asyncio
import json
from typing import Any

import pytest

from agentguid.agents.base import Live
from agentguid.protocol import commands
from agentguid.protocol.events import ItemAdded, ToolFinished, ToolStarted, TurnEnded
from agentguid.protocol.items import Body
from agentguid.stream import sync
from agentguid.stream.sync import SyncReader
from tests.http.conftest import Served
from tests.http.syncing import Client


def two_turns(served: Served) -> tuple[str, str, str]:
    """A conversation with a finished turn that ran a tool and was given a message meanwhile, and that message's turn."""
    conversation, turns = served.conversation(), ("tm1", "tm2")
    for message in ("m1", "m2"):
        served.dispatch(commands.SendMessage(conversation=conversation, message=message, body=Body("x")))
    served.report(
        conversation,
        ToolStarted(item="tool1", turn=turns[0], name="Bash", input=Body("{}", "application/json")),
        ToolFinished(item="tool1", output=Body("of the first")),
        TurnEnded(turn=turns[0], outcome="complete"),
    )
    return conversation, *turns


def of_tool(served: Served, conversation: str, turn: str, item: str) -> None:
    served.report(
        conversation,
        ToolStarted(item=item, turn=turn, name="Bash", input=Body("{}", "application/json")),
        ToolFinished(item=item, output=Body("x")),
    )


def shown(messages: list[dict[str, Any]]) -> set[str | None]:
    """The turns that what was told is of."""
    private = ("streaming_progress", "streaming_start", "streaming_complete", "streaming_delta")
    return {one["sessionId"] for one in messages if one["type"] in private}


def test_who_follows_a_turn_from_the_beginning_is_told_nothing_of_another(fresh: Served) -> None:
    conversation, first, second = two_turns(fresh)
    of_tool(fresh, conversation, second, "tool2")
    with Client(fresh) as client:
        client.say(type="subscribe", sessionId=second, after=0)
        fresh.report(conversation, TurnEnded(turn=second, outcome="complete"))
        messages = client.before("streaming_complete")
        assert shown(messages) == {second}
        assert [one["block"]["type"] for one in messages if one["type"] == "streaming_progress"] == [
            "tool_use",
            "tool_result",
            "result",
        ]
        assert [one["message"]["id"] for one in messages if one["type"] == "message_created"] == ["m2"]

        client.say(type="subscribe", sessionId=first, after=0)
        messages = client.before("streaming_complete")
        assert shown(messages) == {first}


def test_who_follows_a_turn_that_has_ended_is_told_nothing_of_the_next(fresh: Served) -> None:
    conversation, first, second = two_turns(fresh)
    with Client(fresh) as client:
        client.say(type="subscribe", sessionId=first, live=True)
        client.until("subscription_confirmed")
        of_tool(fresh, conversation, second, "tool2")
        fresh.call(lambda: fresh.parts.live.append(conversation, Live("i", "message", "secret", second)))
        fresh.dispatch(commands.SendMessage(conversation=conversation, message="m3", body=Body("waits")))
        client.until("queue_status")
        messages = client.all()

    assert "waits" not in json.dumps(messages)
    assert shown(messages) == set()


def test_a_tool_that_outlives_its_turn_is_told_to_who_follows_that_turn(fresh: Served) -> None:
    conversation, first, second = two_turns(fresh)
    fresh.report(
        conversation,
        ToolStarted(item="late", turn=first, name="Bash", input=Body("{}", "application/json")),
    )
    with Client(fresh) as one, Client(fresh) as other:
        one.say(type="subscribe", sessionId=first)
        other.say(type="subscribe", sessionId=second)
        for client in (one, other):
            client.until("subscription_confirmed")
        fresh.report(conversation, ToolFinished(item="late", output=Body("at last")))
        assert one.until("streaming_progress")["sessionId"] == first
        assert shown(other.all()) == set()


def test_live_text_of_a_turn_that_was_followed_before_it_began(fresh: Served) -> None:
    conversation = fresh.conversation()
    with Client(fresh) as client:
        client.say(type="subscribe", sessionId="tm1", live=True)
        client.until("subscription_confirmed")
        fresh.dispatch(commands.SendMessage(conversation=conversation, message="m1", body=Body("x")))
        fresh.call(lambda: fresh.parts.live.append(conversation, Live("i", "message", "Hel", "tm1")))
        assert client.until("streaming_delta")["text"] == "Hel"


def test_others_get_their_turn_between_two_reads_of_the_past(
    fresh: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nothing of what is read is told: what came after a turn."""
    monkeypatch.setattr("agentguid.stream.sync.BATCH", 1)
    conversation, first, second = two_turns(fresh)
    fresh.report(
        conversation,
        *(ItemAdded(item=f"i{n}", turn=second, kind="message", body=Body("x")) for n in range(50)),
    )
    read_at: list[int] = []
    passes = 0

    async def follow() -> None:
        nonlocal passes
        reader = SyncReader(fresh.parts.reader, fresh.parts.feed, fresh.parts.live)
        reader.subscribe(first, None, first, 0, False)

        async def drain() -> None:
            async for _ in reader.outputs():
                pass

        task = asyncio.create_task(drain())
        while reader.subscriptions[first].after < reader.position:
            passes += 1
            await asyncio.sleep(0)
        reader.close()
        await task

    def counted(*given: Any, **more: Any) -> Any:
        read_at.append(passes)
        return events(*given, **more)

    events = sync.read.events
    monkeypatch.setattr(sync.read, "events", counted)
    fresh.run(follow())

    assert len(read_at) > 50
    assert len(set(read_at)) == len(read_at)
