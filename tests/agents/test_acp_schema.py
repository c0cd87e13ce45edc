"""Nothing of the published schema is forgotten. The names are those of schema release 1.19, copied."""

from pathlib import Path
from typing import Any

import pytest

from agentguid.protocol.events import ApprovalRequested, ItemAdded
from tests.agents.acp_byhand import Session

TEXT = {"content": {"type": "text", "text": "x"}}
UPDATES: dict[str, dict[str, Any]] = {
    "user_message_chunk": TEXT,
    "agent_message_chunk": TEXT,
    "agent_thought_chunk": TEXT,
    "tool_call": {"toolCallId": "c", "title": "x"},
    "tool_call_update": {"toolCallId": "c"},
    "plan": {"entries": [{"content": "x", "priority": "high", "status": "pending"}]},
    "plan_update": {"plan": {"type": "markdown", "planId": "p", "content": "# x"}},
    "plan_removed": {"planId": "p"},
    "available_commands_update": {"availableCommands": [{"name": "x", "description": "x"}]},
    "current_mode_update": {"currentModeId": "auto"},
    "config_option_update": {"configOptions": []},
    "session_info_update": {"title": "x"},
    "usage_update": {"used": 1, "size": 2},
}
OF_CLIENTS = [
    "session/request_permission",
    "session/update",
    "fs/write_text_file",
    "fs/read_text_file",
    "terminal/create",
    "terminal/output",
    "terminal/release",
    "terminal/wait_for_exit",
    "terminal/kill",
    "mcp/connect",
    "mcp/message",
    "mcp/disconnect",
    "elicitation/create",
    "elicitation/complete",
]
OF_AGENTS = [
    "initialize",
    "authenticate",
    "providers/list",
    "providers/set",
    "providers/disable",
    "session/new",
    "session/load",
    "session/set_mode",
    "session/set_config_option",
    "session/prompt",
    "session/cancel",
    "mcp/message",
    "session/list",
    "session/delete",
    "session/fork",
    "session/resume",
    "session/close",
    "logout",
    "nes/start",
    "nes/suggest",
    "nes/accept",
    "nes/reject",
    "nes/close",
    "document/didOpen",
    "document/didChange",
    "document/didClose",
    "document/didSave",
    "document/didFocus",
]
NOTIFIED = ("session/update", "elicitation/complete")
DOCUMENT = Path(__file__).parents[2] / "docs" / "protocols" / "acp.md"


@pytest.mark.parametrize("name", UPDATES)
def test_each_kind_of_update_is_known(name: str) -> None:
    facts = Session().begin().work().update(name, **UPDATES[name])
    assert not [fact for fact in facts if isinstance(fact, ItemAdded) and fact.kind == "unknown"]


def test_the_kinds_of_plans_are_shown() -> None:
    session = Session().begin().work()
    steps = {"type": "items", "planId": "p", "entries": [{"content": "x"}]}
    shown = [
        session.update("plan_update", plan=plan)
        for plan in (
            steps,
            {"type": "markdown", "content": "# x"},
            {"type": "file", "uri": "file:///x"},
            {},
            7,
        )
    ]
    assert [[fact.body.text for fact in facts if isinstance(fact, ItemAdded)] for facts in shown] == [
        ['{"entries":[{"content":"x"}]}'],
        ["# x"],
        ["file:///x"],
        [],
        [],
    ]


@pytest.mark.parametrize("name", [name for name in OF_CLIENTS if name not in NOTIFIED])
@pytest.mark.parametrize("params", [{}, {"path": "a"}, {"command": "ls"}, {"terminalId": "t"}])
def test_each_request_is_answered_or_waits_for_somebody(name: str, params: dict[str, Any]) -> None:
    """The agent never waits for nothing."""
    session = Session().begin().work()
    before = len(session.written)
    facts = session.out({"id": "q", "method": name, "params": params})

    answered = [line for line in session.written[before:] if line.get("id") == "q"]
    asked = [fact for fact in facts if isinstance(fact, ApprovalRequested)]
    assert len(answered) + len(asked) + len(session.adapter.errands) == 1


def test_what_is_only_told_is_not_answered() -> None:
    session = Session().begin().work()
    before = len(session.written)
    assert session.out({"method": "elicitation/complete", "params": {"elicitationId": "x"}}) == []
    assert len(session.written) == before


def test_the_document_says_what_becomes_of_each() -> None:
    text = DOCUMENT.read_text()
    assert [name for name in (*UPDATES, *OF_CLIENTS, *OF_AGENTS) if f"`{name}`" not in text] == []
