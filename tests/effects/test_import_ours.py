"""What our own tapes say of a session, and how much of them is read for it."""

import os
from pathlib import Path

import pytest

from agentguid.effects.import_ours import Known, Ours
from agentguid.hosts import tape

DAY = 86_400_000_000
LATE = 1_790_000_000_000_000
"""Microseconds since the epoch."""


@pytest.fixture
def told(tmp_path: Path) -> str:
    """A tape in two segments, a day apart: the first says `older-1`, the second `newer-1`."""
    folder = tmp_path / "h"
    writer = tape.Writer(str(folder), "h", segment=1)
    for name in ("older-1", "newer-1"):
        writer.append(tape.OUT, f'{{"uuid":"{name}"}}\n'.encode())
    writer.close()
    (_, first), *_, (_, last) = tape.segments(folder)
    for segment, at in ((first, LATE - DAY), (last, LATE)):
        os.utime(folder / segment, ns=(at * 1000, at * 1000))
    return str(folder)


@pytest.mark.parametrize(("since", "known"), [(0, True), (LATE - 2 * DAY, True), (LATE - 1, False)])
def test_only_what_was_taped_since_then_is_read(told: str, since: int, known: bool) -> None:
    ours = Ours(Known([told], [], [], since))
    assert ours.did(["newer-1"], 0, sure=True) is True
    assert ours.did(["older-1"], 0, sure=True) is known
    assert ours.did(["never-1"], 0, sure=True) is False


def test_a_tape_that_says_nothing_since_then_is_not_read_at_all(told: str) -> None:
    ours = Ours(Known([told], [], [], LATE + 1))
    assert ours.did(["older-1", "newer-1"], 0, sure=True) is False
