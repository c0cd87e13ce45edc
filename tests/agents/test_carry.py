"""What the adapters of Claude Code and Codex carry from anchor to anchor stays small, however long the names are that they hear."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agentguid.agents.base import Launch, Line
from agentguid.agents.claude import ClaudeAdapter
from tests.agents import codex_recordings, recordings

LONG = 100_000
CARRY = 64 * 1024


def lengthened(value: Any, but: str) -> Any:
    """Every string of some length much longer; two that were the same still are, two that differ still do."""
    if isinstance(value, dict):
        return {key: lengthened(one, but) for key, one in value.items()}
    if isinstance(value, list):
        return [lengthened(one, but) for one in value]
    name = isinstance(value, str) and len(value) > 12 and " " not in value and value != but
    return value + "x" * LONG if name else value


def told(lines: list[Line], but: str = "") -> Iterator[Line]:
    """The tape of an agent whose ids are long."""
    for place, line in enumerate(lines):
        data = line.data
        if line.direction == "out" and data.startswith(b"{"):
            value = json.loads(data)
            kept = {key: value[key] for key in ("type", "subtype", "method", "id") if key in value}
            data = json.dumps({**lengthened(value, but), **kept}).encode()
        yield Line(line.direction, place * 1_000_000, data, line.at, line.id, code=line.code)


@pytest.mark.parametrize("name", ["subagent", "background", "parallel", "error-401"])
def test_long_ids_of_claude_codes_are_not_carried_whole(name: str) -> None:
    adapter = ClaudeAdapter("h", Launch("/", None, "ask", None))
    for line in told(dict(recordings.tapes())[name]):
        adapter.feed(line)
        assert len(adapter.carry()) < CARRY


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize("name", ["subagents", "simple", "permission-command-allow", "error-401"])
def test_long_ids_of_codexs_are_not_carried_whole(name: str, begins: bool) -> None:
    """The thread's own is said to it again: one that is too long for that begins nothing."""
    found = dict(codex_recordings.tapes())
    lines = found[f"codex-app-server/{name}"]
    as_it_was, adapter = (codex_recordings.adapter_of(f"codex-app-server/{name}") for _ in range(2))
    for line in lines:
        as_it_was.feed(line)
    thread = as_it_was.state.thread
    for line in told(lines, thread if begins else ""):
        adapter.feed(line)
        assert len(adapter.carry()) < CARRY

    assert adapter.state.thread == (thread if begins else "")
