"""Nothing that an agent says makes an adapter grow without bound: neither how often it says it, nor how long it is."""

import os
from collections.abc import Iterator

import pytest

from agentguid.agents.base import Adapter, Line
from tests.conformance.adapter import CARRY, SETS
from tests.conformance.growth import again, kinds_said, lengthened, size

FULL = os.environ.get("AGENTGUID_FULL") == "1"
TIMES = 10_000 if FULL else 3_000
LARGE, OFTEN = 128 * 1024, 400
"""50 MB in all, which is three times what may be held."""
HELD = 24 * 1024 * 1024
"""Bytes: 16 MB of what was said, and then the one that is one too many."""
MOST = 4 * 1024 * 1024
"""Bytes of things without an end, of the size that they have in a recording."""
LEAK = 4 * TIMES
"""Bytes: one pointer for each of the second half of them."""
STREAMS = ("chunk", "delta")
"""In the names of what is a piece of something longer."""

each = pytest.mark.parametrize("family", SETS)


def begun(family: str) -> Iterator[tuple[str, Adapter, Line]]:
    """Each kind of record in the recordings: an adapter that has just been fed the first of them, and that one."""
    of = {name: kind for kind, name in SETS[family]}
    tapes = {name: kind.tape(name) for name, kind in of.items()}
    for words, (name, place) in kinds_said(tapes).items():
        adapter = of[name].adapter(name)
        for line in tapes[name][: place + 1]:
            adapter.feed(line)
        yield " ".join(words), adapter, tapes[name][place]


@each
def test_a_record_that_comes_again_and_again_under_other_names_is_forgotten(family: str) -> None:
    """Calls, requests, texts, sub-agents, tasks that never end: from some number on each new one takes the place of an old."""
    tried = 0
    for words, adapter, line in begun(family):
        sizes = []
        for number, one in enumerate(again(line, TIMES), 1):
            adapter.feed(one)
            if number in (TIMES // 2, TIMES):
                sizes.append(size(adapter))
        half, whole = sizes
        assert whole < MOST, words
        assert whole - half < LEAK or any(name in words for name in STREAMS), words
        assert len(adapter.carry()) < CARRY, words
        tried += 1

    assert tried > 15


@pytest.mark.parametrize("family", ["claude", "acp", "codex", "pi"])
def test_a_long_record_that_comes_again_and_again_is_held_in_bounded_space(family: str) -> None:
    """Where few are too much: what is asked and never answered, what is called and never done, one endless text."""
    tried = 0
    for words, adapter, line in begun(family):
        streams = any(name in words for name in STREAMS)
        before = size(adapter)
        for one in again(line, 10):
            adapter.feed(one)
        if not FULL and size(adapter) - before < 1024 and not streams:
            continue  # nothing of it is kept
        for one in again(lengthened(line, LARGE), OFTEN, same=streams):
            adapter.feed(one)
        assert size(adapter) < HELD, words
        tried += 1

    assert tried > 4
