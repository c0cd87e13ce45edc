"""A fold may be cut wherever the adapter says that nothing is open; and whatever a line says, it never raises."""

import json
import os
import random
from collections.abc import Callable
from typing import Any

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
    ApprovalWithdrawn,
    HostEnded,
    ItemAdded,
    ToolFinished,
    ToolStarted,
    TurnEnded,
)
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
Mutation = Callable[[list[Line], int, random.Random], None]
STRANGE: list[Any] = [
    None,
    0,
    -1,
    2**70,
    1.5,
    True,
    "",
    "x",
    "result",
    "\ud800",
    [],
    {},
    [{}],
    [[[]]],
    {"type": "text"},
]


def drop(lines: list[Line], at: int, _chance: random.Random) -> None:
    del lines[at]


def repeat(lines: list[Line], at: int, _chance: random.Random) -> None:
    lines.insert(at, lines[at])


def swap(lines: list[Line], at: int, chance: random.Random) -> None:
    other = chance.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]


def flip(lines: list[Line], at: int, chance: random.Random) -> None:
    data = bytearray(lines[at].data or b" ")
    data[chance.randrange(len(data))] = chance.randrange(256)
    lines[at] = changed(lines[at], bytes(data))


def cut(lines: list[Line], at: int, chance: random.Random) -> None:
    lines[at] = changed(lines[at], lines[at].data[: chance.randrange(len(lines[at].data) + 1)])


def piece(lines: list[Line], at: int, _chance: random.Random) -> None:
    lines[at] = msgspec.structs.replace(lines[at], piece=True, ended=False)


def retype(lines: list[Line], at: int, chance: random.Random) -> None:
    """Another type somewhere in the JSON."""
    try:
        value = json.loads(lines[at].data)
    except ValueError:
        return
    node = value
    while isinstance(node, dict | list) and node:
        key = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if not isinstance(node[key], dict | list) or not node[key] or chance.random() < 0.25:
            node[key] = chance.choice(STRANGE)
            break
        node = node[key]
    lines[at] = changed(lines[at], json.dumps(value).encode())


def redirect(lines: list[Line], at: int, chance: random.Random) -> None:
    direction = chance.choice(["out", "in", "err"])
    lines[at] = msgspec.structs.replace(lines[at], direction=direction)


def changed(line: Line, data: bytes) -> Line:
    return msgspec.structs.replace(line, data=data)


MUTATIONS: list[Mutation] = [drop, repeat, swap, flip, cut, piece, retype, retype, retype, retype, redirect]


def damaged(name: str, mutations: list[int], seed: int) -> list[Line]:
    """A tape after so many accidents; its offsets grow all the same, and the child ends once, at the end."""
    chance = random.Random(seed)
    lines = [line for line in TAPES[name] if line.direction != "exit"]
    for number in mutations:
        if lines:
            MUTATIONS[number](lines, chance.randrange(len(lines)), chance)
    spread = [msgspec.structs.replace(line, offset=64 * place) for place, line in enumerate(lines)]
    return [
        *spread,
        Line(direction="exit", offset=64 * len(lines), data=b"", at=0, code=chance.choice([0, 1, -9, None])),
    ]


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
    lines = damaged(name, mutations, seed)
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


def check_items(outputs: list[Output], facts: list[Any]) -> None:
    added = [fact.item for fact in facts if isinstance(fact, ItemAdded)]
    started = [fact.item for fact in facts if isinstance(fact, ToolStarted)]
    finished = [fact.item for fact in facts if isinstance(fact, ToolFinished)]
    assert len({*added, *started}) == len(added) + len(started)
    assert sorted(started) == sorted(finished)
    assert {output.item for output in outputs if isinstance(output, Live)} <= {*added, *started}
    ended = [fact.turn for fact in facts if isinstance(fact, TurnEnded)]
    assert len(ended) <= 4


def check_approvals(facts: list[Any], inputs: set[str | None]) -> None:
    asked = [fact.approval for fact in facts if isinstance(fact, ApprovalRequested)]
    withdrawn = [fact.approval for fact in facts if isinstance(fact, ApprovalWithdrawn)]
    assert len(set(withdrawn)) == len(withdrawn)
    assert set(withdrawn) <= set(asked) <= {*withdrawn, *(str(one).removeprefix("answer:") for one in inputs)}


def test_a_damaged_tape_folds_from_its_anchors_too() -> None:
    """The carry holds all there is, also after lines that were not understood."""
    chance = random.Random(7)
    for seed in range(200 if EXAMPLES > 1_000 else 40):
        lines = damaged(
            chance.choice(sorted(TAPES)), [chance.randrange(len(MUTATIONS)) for _ in range(10)], seed
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
