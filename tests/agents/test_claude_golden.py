"""What a genuine Claude Code did, and what we make of it. AGENTGUID_GOLDEN=1 writes the golden files anew."""

import os
from pathlib import Path

import pytest

from agentguid.agents import claude
from agentguid.agents.base import Launch
from tests.agents.golden_rows import readable
from tests.agents.recordings import HOST, tapes

FOLDER = Path(__file__).with_name("golden")
LAUNCH = Launch(cwd="/work/demo", model=None, mode="ask", resume=None)
TAPES = dict(tapes())


def shown(name: str) -> str:
    return readable(claude.adapter(HOST, LAUNCH), TAPES[name])


@pytest.mark.parametrize("name", TAPES)
def test_a_recording_comes_out_as_it_did_when_it_was_looked_at(name: str) -> None:
    """Each recording folds to the facts in its golden file."""
    path = FOLDER / f"{name}.txt"
    found = shown(name)
    if os.environ.get("AGENTGUID_GOLDEN"):
        path.write_text(found, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("name", TAPES)
def test_nothing_in_a_recording_is_unknown(name: str) -> None:
    """The adapter understands every line that this version of Claude Code wrote."""
    assert '"kind": "unknown"' not in shown(name)
