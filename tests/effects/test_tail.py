"""A tape may be cut into portions of any size, and read again from the mark after any of them: nothing twice, nothing lost."""

import os
import random
import tracemalloc
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agentguid.agents import claude
from agentguid.agents.base import Fact, Launch
from agentguid.append.api import TapeMark
from agentguid.effects.others import RECENT, Others
from agentguid.effects.tail import GARBLED, Tail
from agentguid.hosts import tape
from agentguid.hosts.lines import Splitter
from agentguid.protocol.events import Event, ItemAdded
from tests.agents.recordings import HOST
from tests.conformance.kind import CWD, Kind
from tests.conformance.kinds import CLAUDE, KINDS
from tests.effects.taped import NOTE, Portion, facts, launch_of, read, written

FULL = os.environ.get("AGENTGUID_FULL") == "1"
LAUNCH = Launch(cwd=CWD, model=None, mode="ask", resume=None)
TALKS = ["multi", "permission-deny", "subagent", "error-529"]
RECORDED = [(kind, name) for kind in KINDS if kind.golden for name in kind.recorded]
"""Each recording of each adapter."""
CUTS = 4
"""Places where each is cut in the short profile. In the full one: all of them."""


def is_note(fact: Event) -> bool:
    """What the host said of the tape itself."""
    return isinstance(fact, ItemAdded) and fact.body.text == NOTE


def read_claude(folder: Path, portions: list[int], mark: TapeMark | None = None) -> list[Portion]:
    return read(folder, claude, LAUNCH, portions, mark)


@pytest.mark.parametrize("name", TALKS)
@settings(max_examples=25, deadline=None)
@given(
    together=some.sampled_from([1, 7, 1000]), portions=some.lists(some.integers(1, 9), min_size=1, max_size=6)
)
def test_a_tape_says_the_same_in_portions_of_any_size(name: str, together: int, portions: list[int]) -> None:
    folder = written(CLAUDE, name, together)
    whole = facts(read_claude(folder, [100_000]))

    assert len(whole) > 4
    assert facts(read_claude(folder, portions)) == whole


@pytest.mark.parametrize("name", TALKS)
@settings(max_examples=25, deadline=None)
@given(
    together=some.sampled_from([7, 1000]),
    portions=some.lists(some.integers(1, 9), min_size=1, max_size=6),
    after=some.integers(0, 10_000),
    again=some.integers(1, 9),
)
def test_after_any_portion_a_daemon_that_comes_back_goes_on_there(
    name: str, together: int, portions: list[int], after: int, again: int
) -> None:
    folder = written(CLAUDE, name, together)
    found = read_claude(folder, portions)
    before = found[: after % len(found) + 1]

    rest = read_claude(folder, [again], before[-1][1])

    assert facts(before) + facts(rest) == facts(found)
    assert found[-1][1].offset == tape.end(folder)


@pytest.mark.parametrize("together", [1, 7, 1000] if FULL else [7])
@pytest.mark.parametrize(("kind", "name"), RECORDED, ids=lambda value: getattr(value, "name", value))
def test_a_recording_cut_anywhere_goes_on_from_its_anchor(kind: Kind, name: str, together: int) -> None:
    """Of every agent: what was told before and what is told after are what one who stayed would have told."""
    folder, launch = written(kind, name, together), launch_of(kind, name)
    found = read(folder, kind.dialect, launch, [1])
    whole = facts(found)
    places = range(len(found)) if FULL else random.Random(name).sample(range(len(found)), CUTS)
    for place in places:
        rest = read(folder, kind.dialect, launch, [3], found[place][1])
        assert facts(found[: place + 1]) + facts(rest) == whole

    adapter = kind.adapter(name)
    folded = [out.event for line in kind.tape(name) for out in adapter.feed(line) if isinstance(out, Fact)]
    assert [type(fact) for fact in whole if not is_note(fact)] == [type(fact) for fact in folded]


def test_a_line_that_is_cut_in_the_middle_of_a_character_is_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is too long to be one. Not every piece of it stands as unknown, which would say it already."""
    monkeypatch.setattr("agentguid.effects.tail.lines.Splitter", partial(Splitter, longest=3))
    writer = tape.Writer(str(tmp_path), HOST)
    writer.append(tape.START, tape.pack_fields(pid=1))
    writer.append(tape.OUT, "ä".encode() * 1000 + b"\n")
    writer.append(tape.EXIT, tape.pack_fields(code=0))
    writer.close()

    shown = [fact.body.text for fact in facts(read_claude(tmp_path, [64])) if isinstance(fact, ItemAdded)]

    assert shown
    assert GARBLED not in shown


def test_a_line_that_breaks_off_is_told_although_its_beginning_was_known(tmp_path: Path) -> None:
    """A long line without an end is on the tape in pieces, and the daemon was away when its agent ended."""
    writer = tape.Writer(str(tmp_path), HOST)
    writer.append(tape.START, tape.pack_fields(pid=1))
    writer.append(tape.OUT, b"half a line", flags=tape.CONTINUES)
    before = read_claude(tmp_path, [64])
    writer.append(tape.EXIT, tape.pack_fields(code=0))
    writer.close()

    assert facts(before) == []
    assert facts(read_claude(tmp_path, [64], before[-1][1])) == facts(read_claude(tmp_path, [64]))
    assert next(type(fact).__name__ for fact in facts(read_claude(tmp_path, [64]))) == "ItemAdded"


# -- who speaks at the same time -------------------------------------------------------------------------------------
def test_one_agent_alone_has_nobody_beside_it() -> None:
    others = Others()
    assert not others.speak("a", 0.0)
    for at in range(5):
        others.spoke("a", at / 10)
        assert not others.speak("a", at / 10)


def test_two_that_speak_in_turn_hear_one_another() -> None:
    others = Others()
    for at, host in enumerate("abaabb"):
        others.spoke(host, at / 10)
    assert others.speak("a", 0.5)
    assert others.speak("b", 0.5)


def test_a_word_is_forgotten_after_a_while() -> None:
    others = Others()
    others.spoke("a", 0.0)
    assert others.speak("b", RECENT / 2)
    others.spoke("b", 0.1)
    others.spoke("b", RECENT + 0.1)
    assert not others.speak("b", RECENT + 0.1)


def test_a_record_of_a_quarter_of_a_million_lines_is_not_spread_out_at_once(tmp_path: Path) -> None:
    """Nor is the rest of it copied for each portion: 2 MB in pointers alone."""
    writer = tape.Writer(str(tmp_path), HOST)
    writer.append(tape.START, tape.pack_fields(pid=1))
    writer.append(tape.ERR, b"\n" * (1 << 18))
    writer.close()
    tail = Tail(tmp_path, claude, HOST, LAUNCH, None)
    tail.next(64)
    tracemalloc.start()
    first = tail.next(64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert first
    assert first.lines == 64
    assert peak < 2 << 20
    taken = 64
    while batch := tail.next(1000):
        taken += batch.lines
    assert taken == 1 << 18
