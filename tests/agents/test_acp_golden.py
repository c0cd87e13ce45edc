"""What genuine agents did that speak ACP, and what we make of it. AGENTGUID_GOLDEN=1 writes the golden files anew."""

import os
from pathlib import Path

import pytest

from agentguid.agents.base import Line
from tests.agents.acp_recordings import adapter_of, tapes
from tests.agents.golden_rows import readable

FOLDER = Path(__file__).with_name("golden")
TAPES = dict(tapes())
FOREIGN = {"kimi-acp/simple"}
"""Programs that say something that is no message of the protocol."""


def shown(name: str) -> str:
    return readable(adapter_of(name), TAPES[name])


@pytest.mark.parametrize("name", TAPES)
def test_a_recording_comes_out_as_it_did_when_it_was_looked_at(name: str) -> None:
    """Each recording folds to the facts in its golden file."""
    path = FOLDER / f"{name}.txt"
    found = shown(name)
    if os.environ.get("AGENTGUID_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("name", sorted(set(TAPES) - FOREIGN))
def test_nothing_in_a_recording_is_unknown(name: str) -> None:
    """The adapter understands every line that these agents wrote."""
    assert '"kind": "unknown"' not in shown(name)


@pytest.mark.parametrize("name", TAPES)
def test_a_recording_folds_the_same_from_each_anchor(name: str) -> None:
    """Cut wherever nothing is open, and folded again from there."""
    adapter, lines = adapter_of(name), TAPES[name]
    rest: list[tuple[int, bytes]] = []
    whole = []
    for place, line in enumerate(lines, 1):
        whole.append(list(adapter.feed(line)))
        if adapter.idle:
            rest.append((place, adapter.carry()))
    for place, carry in rest:
        again = adapter_of(name, carry)
        assert [list(again.feed(line)) for line in lines[place:]] == whole[place:]


@pytest.mark.parametrize("name", TAPES)
def test_a_recording_cut_at_any_line_closes_all_that_is_open(name: str) -> None:
    """The agent is killed there: nothing stays open, and nothing is told twice."""
    lines = TAPES[name]
    for place in range(len(lines)):
        adapter = adapter_of(name)
        for line in lines[:place]:
            adapter.feed(line)
        adapter.feed(Line("exit", lines[place].offset, b"", 0, code=-9))
        assert (adapter.idle, adapter.turn) == (True, None)
