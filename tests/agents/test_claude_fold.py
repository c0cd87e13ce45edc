"""A fold may be cut wherever the adapter says that nothing is open; and whatever a line says, it never raises."""

import json
import os
import random

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from agentguid.agents import claude
from agentguid.agents.base import Adapter, Fact, Launch, Line, Live, Output
from agentguid.agents.unknown import SHOWN
from agentguid.protocol import wire
from agentguid.protocol.events import (
    ApprovalRequested,
    HostEnded,
    ItemAdded,
)
from tests.agents.damage import MUTATIONS, check_approvals, check_items, damaged
from tests.agents.recordings import HOST, tapes

LAUNCH = Launch(cwd="/work/demo", model=None, mode="ask", resume=None)
TAPES = dict(tapes())
EXAMPLES = 20_000 if os.environ.get("AGENTGUID_FULL") == "1" else 1_000
CARRY = 64 * 1024


def fold(lines: list[Line], carry: bytes | None = None) -> tuple[Adapter, list[list[Output]]]:
    adapter = claude.adapter(HOST, LAUNCH, carry)
    return adapter, [list(adapter.feed(line)) for line in lines]


@pytest.mark.parametrize("name", TAPES)
def test_a_fold_from_any_anchor_goes_on_as_the_fold_from_the_start(name: str) -> None:
    """With the carry of a moment at which the adapter was idle, the rest comes out the same."""
    lines = TAPES[name]
    _, whole = fold(lines)
    first, cuts = claude.adapter(HOST, LAUNCH), 0
    for place, line in enumerate(lines, 1):
        first.feed(line)
        if not first.idle:
            continue
        cuts += 1
        carry = first.carry()
        again, rest = fold(lines[place:], carry)
        assert rest == whole[place:]
        resumed = claude.adapter(HOST, LAUNCH, carry)
        assert (resumed.ready, resumed.turn, resumed.idle) == (first.ready, first.turn, True)
        assert again.carry() == fold(lines)[0].carry()

    assert cuts > 2


def test_it_is_not_idle_while_an_item_streams_or_an_approval_waits() -> None:
    adapter, busy = claude.adapter(HOST, LAUNCH), set[str]()
    for line in TAPES["permission-allow"]:
        for output in adapter.feed(line):
            if isinstance(output, Live):
                busy.add("live")
                assert not adapter.idle
            if isinstance(output, Fact) and isinstance(output.event, ApprovalRequested):
                busy.add("approval")
                assert not adapter.idle

    assert busy == {"live", "approval"}


@pytest.mark.parametrize(
    "carry",
    [b"", b"{", b"[]", b"7", b"\xff", b'{"turn":"\xff"}', b'{"turn":7}', b'{"of":"later"}', b"[" * 100_000],
)
def test_a_carry_of_another_version_is_refused(carry: bytes) -> None:
    """Always with the same exception, so that who folds begins at the tape's beginning."""
    with pytest.raises(msgspec.DecodeError):
        claude.adapter(HOST, LAUNCH, carry)


# -- damaged tapes ----------------------------------------------------------------------------------------------------
@pytest.mark.timeout(900)
@settings(max_examples=EXAMPLES)
@given(
    some.sampled_from(sorted(TAPES)),
    some.lists(some.integers(0, len(MUTATIONS) - 1), min_size=5, max_size=15),
    some.integers(0, 2**32),
)
@example("multi", [6] * 400, 1)
def test_a_damaged_tape_never_raises_and_leaves_nothing_open(
    name: str, mutations: list[int], seed: int
) -> None:
    """Every fact can be written down, everything that began ends exactly once, and what is remembered stays small."""
    lines = damaged(TAPES[name], mutations, seed)
    adapter = claude.adapter(HOST, LAUNCH)
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
        lines = damaged(
            TAPES[chance.choice(sorted(TAPES))], [chance.randrange(len(MUTATIONS)) for _ in range(10)], seed
        )
        _, whole = fold(lines)
        adapter = claude.adapter(HOST, LAUNCH)
        for place, line in enumerate(lines, 1):
            adapter.feed(line)
            if adapter.idle and chance.random() < 0.3:
                assert fold(lines[place:], adapter.carry())[1] == whole[place:]


@given(some.lists(some.binary(max_size=200), max_size=30))
def test_any_bytes_are_shown_or_counted(lines: list[bytes]) -> None:
    """Nothing that an agent says is lost in silence: each line that is not blank is an item, up to a bound."""
    adapter = claude.adapter(HOST, LAUNCH)
    for place, data in enumerate(lines):
        outputs = adapter.feed(Line("out", place * 300, data, 0))
        assert bool(outputs) == bool(data.strip())


def test_a_flood_of_lines_that_are_not_understood_is_bounded() -> None:
    """After 200 in a row the rest is counted, and the count is told when something is understood again."""
    adapter = claude.adapter(HOST, LAUNCH)
    shown = sum(len(adapter.feed(Line("out", place * 10, b"what?", 0))) for place in range(5_000))
    [fact] = adapter.feed(Line("out", 50_000, b'{"type":"keep_alive"}', 0))

    assert shown == SHOWN
    assert isinstance(fact, Fact)
    assert isinstance(fact.event, ItemAdded)
    assert fact.event.body.text.startswith("4800 more lines were not understood")


def test_endless_work_is_remembered_in_bounded_space() -> None:
    """An agent that opens calls, blocks and requests without end and closes none costs no more than a bound."""
    adapter, raised = claude.adapter(HOST, LAUNCH), 0
    for number in range(3_000):
        block = {"type": "tool_use", "id": f"call{number}", "name": "Agent", "input": {}}
        streamed = {
            "type": "content_block_start",
            "index": number,
            "content_block": {**block, "id": f"s{number}"},
        }
        for value in (
            {"type": "assistant", "message": {"id": f"m{number}", "content": [block]}},
            {"type": "stream_event", "event": streamed},
            {"type": "control_request", "request_id": f"r{number}", "request": {"subtype": "can_use_tool"}},
        ):
            raised += 1
            adapter.feed(Line("out", raised * 100, json.dumps(value).encode(), 0))

    assert len(adapter.carry()) < 2 * CARRY
    assert len(adapter.blocks.open) <= 64  # type: ignore[attr-defined]
    assert len(adapter.asks.open) <= 200  # type: ignore[attr-defined]
