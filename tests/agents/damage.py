"""Accidents that may befall a tape, and what must hold of its fold all the same."""

import json
import random
from collections.abc import Callable
from typing import Any

import msgspec

from agentguid.agents.base import Line, Live, Output
from agentguid.protocol.events import (
    ApprovalRequested,
    ApprovalWithdrawn,
    ItemAdded,
    ToolFinished,
    ToolStarted,
    TurnEnded,
)

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
    _somewhere(lines, at, chance, lambda _: chance.choice(STRANGE))


def lengthen(lines: list[Line], at: int, chance: random.Random) -> None:
    """A text somewhere in what the agent says is far longer than anyone would make it."""
    if lines[at].direction != "in":
        _somewhere(lines, at, chance, _far_longer)


def _far_longer(value: Any) -> Any:
    return value + "long " * 20_000 if isinstance(value, str) else value


def _somewhere(lines: list[Line], at: int, chance: random.Random, change: Callable[[Any], Any]) -> None:
    try:
        value = json.loads(lines[at].data)
    except ValueError:
        return
    node = value
    while isinstance(node, dict | list) and node:
        key = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if not isinstance(node[key], dict | list) or not node[key] or chance.random() < 0.25:
            node[key] = change(node[key])
            break
        node = node[key]
    lines[at] = changed(lines[at], json.dumps(value).encode())


def redirect(lines: list[Line], at: int, chance: random.Random) -> None:
    direction = chance.choice(["out", "in", "err"])
    lines[at] = msgspec.structs.replace(lines[at], direction=direction)


def changed(line: Line, data: bytes) -> Line:
    return msgspec.structs.replace(line, data=data)


MUTATIONS: list[Mutation] = [drop, repeat, swap, flip, cut, piece, *[retype] * 4, redirect, *[lengthen] * 2]


def damaged(tape: list[Line], mutations: list[int], seed: int) -> list[Line]:
    """A tape after so many accidents; its offsets grow all the same, and the child ends once, at the end."""
    chance = random.Random(seed)
    lines = [line for line in tape if line.direction != "exit"]
    for number in mutations:
        if lines:
            MUTATIONS[number](lines, chance.randrange(len(lines)), chance)
    spread = [msgspec.structs.replace(line, offset=64 * place) for place, line in enumerate(lines)]
    return [
        *spread,
        Line(direction="exit", offset=64 * len(lines), data=b"", at=0, code=chance.choice([0, 1, -9, None])),
    ]


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
