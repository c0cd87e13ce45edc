"""What a genuine Claude Code did, and what we make of it. AGENTGUID_GOLDEN=1 writes the golden files anew."""

import os
from pathlib import Path

import msgspec
import pytest

from agentguid.agents import claude
from agentguid.agents.base import Fact, Launch, Line, Live, Output, Write
from agentguid.protocol import wire
from tests.agents.recordings import HOST, tapes

FOLDER = Path(__file__).with_name("golden")
LAUNCH = Launch(cwd="/work/demo", model=None, mode="ask", resume=None)
TAPES = dict(tapes())


def readable(lines: list[Line]) -> str:
    """One line an output; the pieces of one item in a row are counted and joined."""
    adapter, said, rows = claude.adapter(HOST, LAUNCH), list[Live](), list[str]()
    for line in lines:
        for output in adapter.feed(line):
            if isinstance(output, Live) and (not said or said[-1].item == output.item):
                said.append(output)
                continue
            rows += pieces(said) + ([] if isinstance(output, Live) else [row(output)])
            said = [output] if isinstance(output, Live) else []
        if line.direction == "in":
            rows += [*pieces(said), f"in    {line.id}"]
            said = []
    return "\n".join([*rows, *pieces(said)]) + "\n"


def pieces(said: list[Live]) -> list[str]:
    if not said:
        return []
    text = "".join(one.text for one in said)
    return [f"live  {said[0].item} {said[0].kind} {said[0].title} {len(said)} pieces: {text!r}"]


def row(output: Output) -> str:
    if isinstance(output, Write):
        return f"write {output.id} {output.data!r}"
    assert isinstance(output, Fact)
    name, _, data = wire.encode(output.event)
    return f"fact  {name} {msgspec.json.format(data, indent=0).decode()}"


@pytest.mark.parametrize("name", TAPES)
def test_a_recording_comes_out_as_it_did_when_it_was_looked_at(name: str) -> None:
    """Each recording folds to the facts in its golden file."""
    path = FOLDER / f"{name}.txt"
    found = readable(TAPES[name])
    if os.environ.get("AGENTGUID_GOLDEN"):
        path.write_text(found, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("name", TAPES)
def test_nothing_in_a_recording_is_unknown(name: str) -> None:
    """The adapter understands every line that this version of Claude Code wrote."""
    assert '"kind": "unknown"' not in readable(TAPES[name])
