"""Items of the transcript that the adapter makes of lines which no recording has."""

import json
from typing import Any

import pytest

from agentguid.agents.base import Fact, Live
from agentguid.protocol.events import (
    ItemAdded,
    ToolFinished,
    ToolStarted,
    TurnEnded,
)
from agentguid.protocol.items import Body
from tests.agents.byhand import Session, launched, result, result_of, streamed, text, tool


def test_a_finished_block_has_the_id_of_its_stream() -> None:
    """Even when its line comes after the block's end, and when the message ended before."""
    session = Session().begin()
    session.out(
        streamed("message_start", message={"id": "m1"}),
        streamed("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    )
    begun = f"h-{session.offset:x}"
    [live] = session.feed("out", json.dumps(streamed("content_block_delta", delta={"text": "Hel"})).encode())
    session.out(streamed("content_block_stop", index=0), streamed("message_stop"))
    [fact] = session.out(text("Hello"))

    assert live == Live(item=begun, kind="message", text="Hel", turn="t1")
    assert isinstance(fact, ItemAdded)
    assert (fact.item, fact.body) == (begun, Body("Hello", "text/markdown"))


def test_blocks_of_one_line_have_ids_of_their_own() -> None:
    blocks = [{"type": "text", "text": "one"}, {"type": "thinking", "thinking": "two"}]
    facts = Session().out({"type": "assistant", "message": {"id": "m", "content": blocks}})

    assert [(fact.item, fact.kind) for fact in facts if isinstance(fact, ItemAdded)] == [
        ("h-10", "message"),
        ("h-10-1", "thought"),
    ]


def test_threads_of_sub_agents_do_not_mix() -> None:
    """A sub-agent's text is its own, also while the main thread streams."""
    session = Session().begin()
    session.out(tool("c1", "Agent"), streamed("message_start", message={"id": "m1"}))
    session.out(streamed("content_block_start", index=0, content_block={"type": "text", "text": "Ma"}))
    main = f"h-{session.offset:x}"
    [sub] = session.out(text("sub", parent_tool_use_id="c1"))
    [whole] = session.out(text("Main"))

    assert isinstance(sub, ItemAdded)
    assert isinstance(whole, ItemAdded)
    assert (sub.parent, whole.parent, whole.item) == ("h-20", None, main)


def test_a_background_agent_is_known_after_its_call_ended() -> None:
    session = Session().begin()
    session.out(
        tool("c1", "Agent"), result_of("c1", "launched"), tool("c2", parent_tool_use_id="c1"), result()
    )
    [finished] = session.out(result_of("c2", "done", parent_tool_use_id="c1"))
    [added] = session.out(text("report", parent_tool_use_id="c1"))

    assert finished == ToolFinished(item="h-40", output=Body("done"))
    assert isinstance(added, ItemAdded)
    assert (added.parent, added.turn) == ("h-20", None)


@pytest.mark.parametrize("answered", [False, True])
def test_what_a_sub_agent_streams_ends_with_the_turn(answered: bool) -> None:
    """A stop leaves its block without an end, whether its call gets a result or not."""
    session = Session().begin()
    session.out(tool("c1", "Agent"), begun("Half", "c1"))
    item = f"h-{session.offset:x}"
    if answered:
        session.out(result_of("c1", "stopped", is_error=True))
    assert not session.adapter.idle

    said, *_, ended = session.out(result(is_error=True, terminal_reason="aborted_tools"))
    assert isinstance(said, ItemAdded)
    assert (said.item, said.body.text, said.incomplete, said.parent) == (item, "Half", True, "h-20")
    assert isinstance(ended, TurnEnded)
    assert session.adapter.idle


def test_a_call_that_a_sub_agent_streams_ends_with_the_turn() -> None:
    session = Session().begin()
    block = {"type": "tool_use", "id": "c2", "name": "Bash", "input": {}}
    line = streamed("content_block_start", index=0, content_block=block)
    session.out(tool("c1", "Agent"), {**line, "parent_tool_use_id": "c1"})
    started, finished, agent, _ = session.out(result(is_error=True, terminal_reason="aborted_tools"))

    assert isinstance(started, ToolStarted)
    assert (started.name, started.parent) == ("Bash", "h-20")
    assert finished == ToolFinished(item=started.item, output=Body(""), incomplete=True)
    assert agent == ToolFinished(item="h-20", output=Body(""), incomplete=True)
    assert session.adapter.idle


def test_what_a_background_agent_streams_outlives_the_turn() -> None:
    """And ends with the first result, be it none of the user's, after the agent has gone."""
    session = Session().begin()
    session.out(*launched("c1", "a1"), begun("Half", "c1"))
    [ended] = session.out(result())
    assert isinstance(ended, TurnEnded)
    assert not session.adapter.idle

    session.out({"type": "system", "subtype": "background_tasks_changed", "tasks": []})
    [said] = session.out(result(origin={"kind": "task-notification"}))
    assert isinstance(said, ItemAdded)
    assert (said.body.text, said.incomplete, said.parent) == ("Half", True, "h-20")
    assert session.adapter.idle


def test_what_a_sub_agent_streams_goes_on_when_work_of_claudes_own_ends() -> None:
    session = Session().begin()
    session.out(tool("c1", "Agent"), begun("Half", "c1"))

    assert session.out(result(origin={"kind": "task-notification"})) == []
    assert not session.adapter.idle


def begun(said: str, call: str) -> dict[str, Any]:
    """The beginning of a text of a sub-agent's."""
    block = {"type": "text", "text": said}
    return {**streamed("content_block_start", index=0, content_block=block), "parent_tool_use_id": call}


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("plain", Body("plain")),
        (None, Body("")),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], Body("a\nb")),
        ([{"type": "image", "source": 1}], Body('[{"type":"image","source":1}]', "application/json")),
    ],
)
def test_the_output_of_a_tool_is_text_where_it_is(content: Any, body: Body) -> None:
    session = Session().begin()
    session.out(tool("c1"))

    assert session.out(result_of("c1", content, is_error=False)) == [ToolFinished(item="h-20", output=body)]


def test_half_a_character_spoils_no_line() -> None:
    """JavaScript cuts strings in the middle of a pair; the rest of the line is good."""
    session = Session().begin()
    [output] = session.feed("out", json.dumps(text("cut \ud83d")).encode())

    assert isinstance(output, Fact)
    assert isinstance(output.event, ItemAdded)
    assert (output.event.kind, output.event.body.text) == ("message", "cut ?")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"hello", "not JSON"),
        (b"[1]", "JSON, but not an object"),
        (b'{"type":"new"}', "new: Invalid value"),
        (b'{"a":1}', "a JSON object without a known type"),
        (b'{"type":"assistant","message":7}', "assistant: Expected"),
        (b'{"type":"system","subtype":"new"}', "system line new"),
        (b'{"type":"user","\xff":1}', "user: Object missing"),
        (b'{"type":"system","x":' + b"[" * 9000, "nested too deeply"),
    ],
)
def test_what_is_not_understood_is_shown_with_the_reason(data: bytes, why: str) -> None:
    [output] = Session().begin().feed("out", data)

    assert isinstance(output, Fact)
    assert isinstance(output.event, ItemAdded)
    assert (output.event.kind, output.event.turn) == ("unknown", "t1")
    assert why in output.event.body.text.splitlines()[0]
    assert data[:50].decode("utf-8", "replace") in output.event.body.text


def test_an_endless_line_is_shown_in_part() -> None:
    [output] = Session().feed("out", b"x" * 10_000_000, piece=True)

    assert isinstance(output, Fact)
    assert isinstance(output.event, ItemAdded)
    assert len(output.event.body.text) < 300_000
