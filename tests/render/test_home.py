"""What the home page says about a conversation in one line."""

import json
import time

import pytest

from agentguid.protocol.events import Event, ItemAdded, ToolStarted, TurnStarted
from agentguid.protocol.items import Body
from agentguid.render.home import glance


def message(text: str, kind: str = "message") -> Event:
    return ItemAdded(item="i", turn="t", kind=kind, body=Body(text))  # type: ignore[arg-type]


def call(name: str, given: str) -> Event:
    return ToolStarted(item="i", turn="t", name=name, input=Body(given))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            message("## Done\n\n**Bold**, `code` and a [link](https://x.example)."),
            "Done Bold, code and a link.",
        ),
        (message("- one\n- [x] two\n\n| a | b |\n|---|---|\n```py\nx = 1\n```"), "one two x = 1"),
        (message("x" * 500), "x" * 199 + "…"),
        (message("<b>a > b</b> in C#, 2*3"), "<b>a > b</b> in C#, 2*3"),
        (message("whatever", "thought"), "thinking"),
        (message("whatever", "notice"), ""),
        (call("Bash", json.dumps({"description": "Look", "command": "ls -l"})), "Bash ls -l"),
        (call("mcp__odd__tool", json.dumps({"n": 1})), "mcp__odd__tool"),
        (call("Bash", "no json"), "Bash"),
        (call("Bash", "[1]"), "Bash"),
        (
            TurnStarted(turn="t", message="m", body=Body("Mend it\nplease"), agent="demo", cwd="/"),
            "You: Mend it please",
        ),
    ],
)
def test_a_line_says_what_the_newest_item_is_about(event: Event, line: str) -> None:
    assert glance(event) == line


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "\n" * 100_000, "* " * 50_000, "`" * 100_000, "[a](" * 30_000]
)
def test_a_long_odd_message_costs_no_more_than_its_beginning(text: str) -> None:
    begun = time.process_time()
    for _ in range(10):
        glance(message(text))

    assert time.process_time() - begun < 1
