"""Slash commands: as agents tell them, kept short and few."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.agents import slash
from agentguid.agents.base import Commanded, SlashCommand
from tests.agents import acp_recordings, recordings
from tests.agents.acp_byhand import Session as Acp
from tests.agents.byhand import Session as Claude


def claude(upto: str) -> Claude:
    """The recorded session up to the first line that has these words."""
    session = Claude()
    for line in recordings.tape(recordings.processes("simple")[0]):
        session.adapter.feed(line)
        if upto.encode() in line.data:
            break
    return session


def names(adapter: Commanded) -> list[str]:
    return [one.name for one in adapter.slash_commands]


def test_claude_code_tells_its_commands_at_the_handshake_with_what_each_is_for() -> None:
    adapter = claude('"commands"').adapter
    found = {one.name: one for one in adapter.slash_commands}

    assert found["compact"].about == "Free up context by summarizing the conversation so far"
    assert found["compact"].hint == "<optional custom summarization instruct…"
    assert len(found) > 30
    assert "__remote-workflow" not in found


def test_what_claude_code_has_in_its_own_terminal_only_is_not_offered() -> None:
    before, after = (names(claude(words).adapter) for words in ('"commands"', '"slash_commands"'))

    assert "doctor" in before
    assert "doctor" not in after
    assert "compact" in after


def test_commands_that_come_later_are_offered_too() -> None:
    session = claude('"slash_commands"')
    init = {"type": "system", "subtype": "init", "slash_commands": ["compact", "mcp__docs__find"]}
    session.out(init)

    assert [(one.name, bool(one.about)) for one in session.adapter.slash_commands] == [
        ("compact", True),
        ("mcp__docs__find", False),
    ]


@pytest.mark.parametrize(
    ("name", "some_of_them"),
    [
        ("qwen-acp/simple", ["status", "advisor"]),
        ("gemini-acp/simple", ["memory", "memory show"]),
        ("copilot-acp/simple", ["add-dir", "allow-all"]),
        ("codex-acp/simple", ["plan", "mcp"]),
        ("claude-agent-acp/simple", ["deep-research"]),
        ("opencode-acp/simple", ["customize-opencode"]),
        ("kilo-acp/simple", ["goal", "init"]),
    ],
)
def test_agents_of_acp_tell_theirs_by_an_update_of_any_length(name: str, some_of_them: list[str]) -> None:
    adapter = acp_recordings.adapter_of(name)
    longest = 0
    for line in acp_recordings.tape(acp_recordings.processes(name)[0]):
        longest = max(longest, len(line.data))
        adapter.feed(line)

    assert names(adapter)[: len(some_of_them)] == some_of_them
    assert len(adapter.carry()) < 12_000
    assert longest < 500_000 or name.startswith("qwen")
    assert all(len(one.about) <= slash.ABOUT for one in adapter.slash_commands)


def test_an_update_of_commands_shows_nothing_and_a_strange_one_does_no_harm() -> None:
    session = Acp().begin()
    told = [{"name": "plan", "description": "Plan", "input": {"hint": "what"}}, {"name": 7}, {"name": "ok"}]
    for listed in (told, "none", [1, 2], None, told):
        assert session.update("available_commands_update", availableCommands=listed) == []
    assert session.adapter.slash_commands == (SlashCommand("plan", "Plan", "what"), SlashCommand("ok"))

    again = type(session.adapter)(session.entry, "h", session.adapter.launch, session.adapter.carry())
    assert again.slash_commands == session.adapter.slash_commands


plain = some.none() | some.booleans() | some.integers() | some.text(max_size=200)
described = some.fixed_dictionaries(
    {},
    optional={
        "name": plain,
        "description": plain | some.text(min_size=3000, max_size=4000),
        "argumentHint": plain,
        "input": plain | some.dictionaries(some.sampled_from(["hint", "x"]), plain, max_size=2),
    },
)


@given(some.lists(described, max_size=300) | some.lists(plain, max_size=5) | plain)
def test_whatever_is_told_takes_little_room_and_can_be_read_again(listed: Any) -> None:
    raw = slash.told(json.loads(json.dumps(listed)))
    found = slash.known(raw)

    assert len(bytes(raw)) <= slash.ALL
    assert len(found) <= slash.MOST
    assert all(one.name and not one.name.startswith(("/", "_")) and "\n" not in one.name for one in found)
    assert slash.known(msgspec.Raw(msgspec.json.encode(list(found)))) == found
