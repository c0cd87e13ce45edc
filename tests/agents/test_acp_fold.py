"""A fold of an ACP tape may be cut wherever nothing is open; and whatever a line says, it never raises."""

import json
import os
import random

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from agentguid.agents.base import Fact, Line, Output
from agentguid.agents.unknown import SHOWN
from agentguid.protocol import wire
from agentguid.protocol.events import HostEnded, ItemAdded
from tests.agents.acp_recordings import adapter_of, tapes
from tests.agents.damage import MUTATIONS, check_approvals, check_items, damaged

TAPES = dict(tapes())
EXAMPLES = 20_000 if os.environ.get("AGENTGUID_FULL") == "1" else 1_000
CARRY = 64 * 1024


def test_the_recordings_are_there() -> None:
    """Eight programs; a folder that is not found must not pass for one whose recordings are all understood."""
    assert len(TAPES) > 80
    assert len({name.partition("/")[0] for name in TAPES}) == 9


@pytest.mark.timeout(900)
@settings(max_examples=EXAMPLES)
@given(
    some.sampled_from(sorted(TAPES)),
    some.lists(some.integers(0, len(MUTATIONS) - 1), min_size=5, max_size=15),
    some.integers(0, 2**32),
)
@example("copilot-acp/multi", [6] * 400, 1)
def test_a_damaged_tape_never_raises_and_leaves_nothing_open(
    name: str, mutations: list[int], seed: int
) -> None:
    """Every fact can be written down, everything that began ends exactly once, and what is remembered stays small."""
    lines = damaged(TAPES[name], mutations, seed)
    adapter = adapter_of(name)
    outputs = list[Output]()
    for line in lines:
        outputs += adapter.feed(line)
        assert len(adapter.carry()) < CARRY

    facts = [output.event for output in outputs if isinstance(output, Fact)]
    for fact in facts:
        type_, schema, data = wire.encode(fact)
        assert wire.decode(type_, schema, data) == fact
    assert isinstance(facts[-1], HostEnded)
    assert (adapter.idle, adapter.turn) == (True, None)
    check_items(outputs, facts)
    check_approvals(facts, {line.id for line in lines if line.direction == "in"})


def test_a_damaged_tape_folds_from_its_anchors_too() -> None:
    """The carry holds all there is, also after lines that were not understood."""
    chance = random.Random(7)
    for seed in range(200 if EXAMPLES > 1_000 else 40):
        name = chance.choice(sorted(TAPES))
        lines = damaged(TAPES[name], [chance.randrange(len(MUTATIONS)) for _ in range(10)], seed)
        adapter, whole = adapter_of(name), list[list[Output]]()
        anchors = []
        for place, line in enumerate(lines, 1):
            whole.append(list(adapter.feed(line)))
            if adapter.idle and chance.random() < 0.3:
                anchors.append((place, adapter.carry()))
        for place, carry in anchors:
            again = adapter_of(name, carry)
            assert [list(again.feed(line)) for line in lines[place:]] == whole[place:]


@pytest.mark.parametrize(
    "carry", [b"", b"[]", b'{"of another version": 1}', b'{"turn": 7}', b"\xff", b"[" * 9000]
)
def test_a_carry_of_another_version_is_refused(carry: bytes) -> None:
    """Then the fold begins at the tape's beginning."""
    with pytest.raises(msgspec.DecodeError):
        adapter_of("gemini-acp/simple", carry or b" ")


@given(some.lists(some.binary(max_size=200), max_size=30))
def test_any_bytes_are_shown_or_counted(lines: list[bytes]) -> None:
    """Nothing that an agent says is lost in silence: each line that is not blank is an item, up to a bound."""
    adapter = adapter_of("gemini-acp/simple")
    for place, data in enumerate(lines):
        outputs = adapter.feed(Line("out", place * 300, data, 0))
        assert bool(outputs) == bool(data.strip())


def test_a_flood_of_lines_that_are_not_understood_is_bounded() -> None:
    """After 200 in a row the rest is counted, and the count is told when something is understood again."""
    adapter = adapter_of("gemini-acp/simple")
    shown = sum(len(adapter.feed(Line("out", place * 10, b"what?", 0))) for place in range(5_000))
    quiet = b'{"method":"session/update","params":{"update":{"sessionUpdate":"available_commands_update"}}}'
    [fact] = adapter.feed(Line("out", 50_000, quiet, 0))

    assert shown == SHOWN
    assert isinstance(fact, Fact)
    assert isinstance(fact.event, ItemAdded)
    assert fact.event.body.text.startswith("4800 more lines were not understood")


def test_endless_work_is_remembered_in_bounded_space() -> None:
    """An agent that opens calls, requests and errands without end and closes none costs no more than a bound."""
    adapter = adapter_of("gemini-acp/simple")
    for number in range(3_000):
        call = {"toolCallId": f"call{number}", "title": "x", "kind": "other"}
        update = {"sessionId": "", "update": {"sessionUpdate": "tool_call", **call}}
        ask = {
            "sessionId": "",
            "toolCall": call,
            "options": [{"optionId": "y", "kind": "allow_once", "name": "Y"}],
        }
        for place, value in enumerate((
            {"method": "session/update", "params": update},
            {"id": number, "method": "session/request_permission", "params": ask},
            {"id": f"f{number}", "method": "fs/read_text_file", "params": {"path": "x"}},
        )):  # fmt: skip
            adapter.feed(Line("out", number * 1000 + place * 100, json.dumps(value).encode(), 0))

    assert len(adapter.carry()) < CARRY
    assert len(adapter.calls.open) <= 1000
    assert len(adapter.asks.open) <= 200
    assert len(adapter.errands) <= 100
