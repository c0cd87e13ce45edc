"""Pictures, and texts that are embedded, in what ACP agents say."""

from typing import Any

import pytest

from agentguid.agents.acp_texts import HELD
from agentguid.protocol.events import ToolFinished, ToolStarted
from agentguid.render import pictures
from tests.agents.acp_byhand import shapes
from tests.agents.test_acp_items import working

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAI"


@pytest.mark.parametrize("kind", ["agent_message_chunk", "agent_thought_chunk"])
@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "mimeType": "image/png", "data": DOT},
        {"type": "resource", "resource": {"uri": "file:///a.png", "mimeType": "image/png", "blob": DOT}},
    ],
)
def test_a_picture_in_what_it_says_is_shown_as_the_output_of_a_tool_is(kind: str, block: Any) -> None:
    session = working()
    session.update(kind, content={"type": "text", "text": "Here it is:"})
    said, begun, ended = session.update(kind, content=block)
    session.say("That was it.")

    assert shapes([said])[0].endswith("Here it is:")
    assert isinstance(begun, ToolStarted)
    assert isinstance(ended, ToolFinished)
    assert (begun.name, begun.turn, begun.item) == ("Picture", "t1", ended.item)
    assert [(one.type, one.width) for one in pictures.pictures(ended.output.text)] == [("image/png", 8)]
    assert shapes(session.answer(result={"stopReason": "end_turn"}))[0] == "message That was it."


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "mimeType": "image/png", "data": ["x"]},
        {"type": "image", "mimeType": "image/png", "data": "x" * (HELD + 1)},
        {"type": "resource", "resource": {"mimeType": "image/png", "blob": {}}},
    ],
    ids=["no text", "too long", "embedded"],
)
def test_a_picture_that_is_none_is_named(block: Any) -> None:
    session = working()
    session.update("agent_message_chunk", content=block)

    [said, *_] = shapes(session.answer(result={"stopReason": "end_turn"}))
    assert said == f"message *({block['type']}, image/png: it is on the tape)*"


def test_a_text_that_is_embedded_is_in_the_message() -> None:
    """In a fence that it cannot close itself, under a name that is one line."""
    session = working()
    inner = {"uri": "file:///w/a`\n.md", "text": "# Title\n```py\nx\n```\n"}
    session.update("agent_message_chunk", content={"type": "resource", "resource": inner})

    [said, *_] = shapes(session.answer(result={"stopReason": "end_turn"}))
    assert said.strip() == "message \n\n`file:///w/a' .md`\n\n````\n# Title\n```py\nx\n```\n````".strip()
