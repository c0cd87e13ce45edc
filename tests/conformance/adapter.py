"""What every adapter must do, whichever protocol it speaks. `test_adapter.py` runs it for all of them (`kinds`).

A fold may be cut wherever nothing is open; whatever a line says, it never raises; nothing an agent says is lost in
silence; and who promises to ask says so to the agent. AGENTGUID_GOLDEN=1 writes the golden files anew.
"""

import dataclasses
import json
import os
import random
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from agentguid.agents.base import Fact, Line, Output
from agentguid.agents.unknown import SHOWN
from agentguid.protocol import wire
from agentguid.protocol.events import (
    ApprovalRequested,
    ApprovalWithdrawn,
    HostEnded,
    ItemAdded,
    SessionIdentified,
    TurnEnded,
)
from agentguid.protocol.items import Decision, Mode
from tests.agents.damage import MUTATIONS, check_approvals, check_items, damaged
from tests.agents.golden_rows import readable
from tests.agents.recordings import FOLDER, HOST
from tests.conformance.growth import size
from tests.conformance.kind import Kind, Peer
from tests.conformance.kinds import CODEX, KINDS, SPOKEN
from tests.conformance.pi import PI
from tests.conformance.worker import Worker

GOLDEN = FOLDER.with_name("golden")
FULL = os.environ.get("AGENTGUID_FULL") == "1"
EXAMPLES = 100_000 if FULL else 10_000
"""Damaged tapes, as many of one recording as of another."""
CARRY = 64 * 1024
MODES: tuple[Mode, ...] = ("ask", "accept_edits", "plan", "bypass")
FAMILIES = [kind for kind in KINDS if kind.name in ("claude", "stream_json", "demo", "acp", "codex", "pi")]
"""One for each module that speaks a protocol; the others are agents that speak one of these."""
RECORDED = [(kind, name) for kind in KINDS for name in kind.recorded]
SETS = {
    "claude": [(kind, name) for kind, name in RECORDED if kind.name in ("claude", "qwen-code")],
    "acp": [(kind, name) for kind, name in RECORDED if "-acp/" in name],
    "codex": [(kind, name) for kind, name in RECORDED if kind.name == "codex"],
    "pi": [(kind, name) for kind, name in RECORDED if kind.name == "pi"],
}
GENUINE = [pair for pairs in SETS.values() for pair in pairs]

each = pytest.mark.parametrize("kind", FAMILIES, ids=lambda kind: kind.name)
recording = pytest.mark.parametrize(
    ("kind", "name"), RECORDED, ids=lambda value: getattr(value, "name", value)
)


def fold(kind: Kind, name: str, lines: list[Line], carry: bytes | None = None) -> list[list[Output]]:
    adapter = kind.adapter(name, carry)
    return [list(adapter.feed(line)) for line in lines]


# -- recordings -------------------------------------------------------------------------------------------------------
def test_every_dialect_of_the_catalogue_is_tried() -> None:
    assert {kind.name for kind in FAMILIES} >= SPOKEN


def test_the_recordings_are_there() -> None:
    """A folder that is not found must not pass for one whose recordings are all understood."""
    assert [len(SETS[name]) > least for name, least in (("claude", 20), ("acp", 80), ("codex", 20))] == [
        True
    ] * 3
    assert len({name.partition("/")[0] for _, name in SETS["acp"]}) == 9


@pytest.mark.parametrize(
    ("kind", "name"),
    [pair for pair in RECORDED if pair[0].golden],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_recording_comes_out_as_it_did_when_it_was_looked_at(kind: Kind, name: str) -> None:
    """Each recording folds to the facts in its golden file."""
    path = GOLDEN / f"{name}.txt"
    found = readable(kind.adapter(name), kind.tape(name))
    if os.environ.get("AGENTGUID_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == found


@recording
def test_nothing_in_a_recording_is_unknown(kind: Kind, name: str) -> None:
    """The adapter understands every line that these programs wrote."""
    if name not in kind.foreign:
        assert '"kind": "unknown"' not in readable(kind.adapter(name), kind.tape(name))


@recording
def test_a_recording_folds_the_same_from_each_anchor(kind: Kind, name: str) -> None:
    """Cut wherever nothing is open, and folded again from there: the rest comes out the same, by the same ids."""
    lines = kind.tape(name)
    adapter, whole = kind.adapter(name), list[list[Output]]()
    rest: list[tuple[int, bytes, bool, str | None]] = []
    for place, line in enumerate(lines, 1):
        whole.append(list(adapter.feed(line)))
        if adapter.idle:
            rest.append((place, adapter.carry(), adapter.ready, adapter.turn))
    for place, carry, ready, turn in rest:
        again = kind.adapter(name, carry)
        assert (again.ready, again.turn, again.idle) == (ready, turn, True)
        assert [list(again.feed(line)) for line in lines[place:]] == whole[place:]

    assert len(rest) > 1


@recording
def test_a_recording_cut_at_any_line_closes_all_that_is_open(kind: Kind, name: str) -> None:
    """The agent is killed there: nothing stays open, nothing is told twice, every request is answered or withdrawn."""
    lines = kind.tape(name)
    for place in range(len(lines)):
        adapter, outputs = kind.adapter(name), list[Output]()
        for line in lines[:place]:
            outputs += adapter.feed(line)
        outputs += adapter.feed(Line("exit", lines[place].offset, b"", 0, code=-9))
        facts = [output.event for output in outputs if isinstance(output, Fact)]
        assert (adapter.idle, adapter.turn, adapter.background) == (True, None, 0)
        check_items(outputs, facts)
        check_approvals(facts, {line.id for line in lines[:place] if line.direction == "in"})


# -- damaged tapes ----------------------------------------------------------------------------------------------------
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "name"), GENUINE, ids=lambda value: getattr(value, "name", value))
@settings(max_examples=-(-EXAMPLES // len(GENUINE)))
@given(
    some.lists(some.integers(0, len(MUTATIONS) - 1), min_size=5, max_size=15),
    some.integers(0, 2**32),
)
@example([6] * 400, 1)
def test_a_damaged_tape_never_raises_and_leaves_nothing_open(
    kind: Kind, name: str, mutations: list[int], seed: int
) -> None:
    """Every fact can be written down, everything that began ends exactly once, and what is remembered stays small."""
    lines = damaged(kind.tape(name), mutations, seed)
    adapter = kind.adapter(name)
    outputs = list[Output]()
    for line in lines:
        if line.direction == "exit":
            assert size(adapter) < 8 * sum(len(line.data) for line in lines) + CARRY
        outputs += adapter.feed(line)
        assert len(adapter.carry()) < CARRY
    assert size(adapter) < 2 * CARRY

    facts = [output.event for output in outputs if isinstance(output, Fact)]
    for fact in facts:
        type_, schema, data = wire.encode(fact)
        assert wire.decode(type_, schema, data) == fact
    assert isinstance(facts[-1], HostEnded)
    assert (adapter.idle, adapter.turn) == (True, None)
    check_items(outputs, facts)
    check_approvals(facts, {line.id for line in lines if line.direction == "in"})


@pytest.mark.parametrize("family", SETS)
def test_a_damaged_tape_folds_from_its_anchors_too(family: str) -> None:
    """The carry holds all there is, also after lines that were not understood."""
    chance = random.Random(7)
    for seed in range(200 if FULL else 40):
        kind, name = chance.choice(SETS[family])
        lines = damaged(kind.tape(name), [chance.randrange(len(MUTATIONS)) for _ in range(10)], seed)
        adapter, whole = kind.adapter(name), list[list[Output]]()
        anchors = []
        for place, line in enumerate(lines, 1):
            whole.append(list(adapter.feed(line)))
            if adapter.idle and chance.random() < 0.3:
                anchors.append((place, adapter.carry()))
        for place, carry in anchors:
            assert fold(kind, name, lines[place:], carry) == whole[place:]


# -- what nobody understands ------------------------------------------------------------------------------------------
@each
@pytest.mark.parametrize(
    "carry",
    [b"", b"{", b"[]", b"7", b"\xff", b'{"turn":"\xff"}', b'{"turn":7}', b'{"of":"later"}', b"[" * 100_000],
)
def test_a_carry_of_another_version_is_refused(kind: Kind, carry: bytes) -> None:
    """Always with the same exception, so that who folds begins at the tape's beginning."""
    with pytest.raises(msgspec.DecodeError):
        kind.adapter("", carry)


@each
def test_an_unknown_message_is_an_item_that_shows_it(kind: Kind) -> None:
    """Well-formed, and of a kind that we have never heard of."""
    worker = Worker(kind).work()
    [fact] = [output.event for output in worker.out(kind.unknown) if isinstance(output, Fact)]

    assert isinstance(fact, ItemAdded)
    assert (fact.kind, fact.turn) == ("unknown", "t1")
    assert "ever" in fact.body.text
    assert fact.item.startswith(f"{HOST}-")


@each
@settings(max_examples=200)
@given(some.lists(some.binary(max_size=200), max_size=30))
def test_any_bytes_are_shown_or_counted(kind: Kind, lines: list[bytes]) -> None:
    """Nothing that an agent says is lost in silence: each line that is not blank is an item, up to a bound."""
    adapter = kind.adapter()
    for place, data in enumerate(lines):
        outputs = adapter.feed(Line("out", place * 300, data, 0))
        assert bool(outputs) == bool(data.strip())


@each
def test_a_flood_of_lines_that_are_not_understood_is_bounded(kind: Kind) -> None:
    """After 200 in a row the rest is counted, and the count is told when something is understood again."""
    adapter = kind.adapter()
    shown = sum(len(adapter.feed(Line("out", place * 10, b"what?", 0))) for place in range(5_000))
    [fact] = adapter.feed(Line("out", 50_000, msgspec.json.encode(kind.quiet), 0))

    assert shown == SHOWN
    assert isinstance(fact, Fact)
    assert isinstance(fact.event, ItemAdded)
    assert fact.event.body.text.startswith("4800 more lines were not understood")


@each
def test_endless_work_is_remembered_in_bounded_space(kind: Kind) -> None:
    """An agent that opens things without end and closes none costs no more than a bound, and no more than that is asked."""
    worker = Worker(kind).work()
    for number in range(3_000):
        worker.out(*kind.endless(number))
    facts = worker.facts
    waiting = sum(isinstance(fact, ApprovalRequested) for fact in facts)
    waiting -= sum(isinstance(fact, ApprovalWithdrawn) for fact in facts)

    assert len(worker.adapter.carry()) < 2 * CARRY
    assert 0 < waiting <= 200
    assert kind.held(worker.adapter) <= 1300
    assert worker.adapter.background <= 200


# -- a turn -----------------------------------------------------------------------------------------------------------
@each
@pytest.mark.parametrize("mode", MODES)
def test_the_mode_is_said_before_or_with_the_first_prompt(kind: Kind, mode: Mode) -> None:
    """A conversation in which we promise to ask must ask, whatever the agent's own default is."""
    worker = Worker(kind, mode).work()

    assert kind.keeps_to(kind.argv(mode), worker.written, mode)
    assert worker.ids[0] == "start"
    assert [one for one in worker.ids if not one.startswith("auto:")][-1] == "prompt:t1"
    assert len(set(worker.ids)) == len(worker.ids)


@pytest.mark.parametrize(
    ("kind", "peer"), [(kind, peer) for kind in FAMILIES for peer in kind.disobedient],
    ids=lambda value: getattr(value, "name", getattr(value, "__name__", "")),
)  # fmt: skip
def test_an_agent_that_takes_no_setting_on_is_not_asked_for_ever(kind: Kind, peer: Peer) -> None:
    """It gets no prompt, and the user is told why."""
    worker = Worker(dataclasses.replace(kind, peer=peer))
    for _ in range(20):
        worker.write(worker.adapter.start() or worker.adapter.prompt(worker.prompt()))

    assert len(worker.written) < 10
    assert "prompt:t1" not in worker.ids
    assert "would not stay in" in worker.adapter.refuses(worker.prompt())


@each
def test_what_was_given_is_not_given_again(kind: Kind) -> None:
    """Once the handshake is done there is no other."""
    worker = Worker(kind).work()

    assert not worker.adapter.start()


@each
def test_the_end_of_a_turn_says_what_it_used(kind: Kind) -> None:
    worker = Worker(kind).work()
    worker.end()
    [ended] = [fact for fact in worker.facts if isinstance(fact, TurnEnded)]

    assert (ended.turn, ended.outcome, ended.error) == ("t1", "complete", None)
    assert ended.usage is not None
    assert (ended.usage.input_tokens, ended.usage.output_tokens) == (5, 7)
    assert (worker.adapter.turn, worker.adapter.idle) == (None, True)
    assert worker.work("t2").adapter.turn == "t2"


@each
def test_a_byte_that_is_no_text_does_not_hide_the_end_of_a_turn(kind: Kind) -> None:
    worker = Worker(kind).work()
    for line in kind.end(worker.prompt_id):
        worker.feed("out", json.dumps(_with_a_text(line, "BAD")).encode().replace(b"BAD", b"a\xffb"))
    [ended] = [fact for fact in worker.facts if isinstance(fact, TurnEnded)]

    assert (ended.turn, ended.outcome, ended.error) == ("t1", "complete", None)
    assert not [fact for fact in worker.facts if isinstance(fact, ItemAdded) and fact.kind == "unknown"]


def _with_a_text(value: Any, text: str) -> Any:
    """In every object of it."""
    if isinstance(value, list):
        return [_with_a_text(one, text) for one in value]
    if not isinstance(value, dict):
        return value
    return {"more": text, **{name: _with_a_text(one, text) for name, one in value.items()}}


@each
@pytest.mark.parametrize("decision", ["allow_once", "allow_always", "reject_once", "reject_always"])
def test_a_permission_is_answered_once(kind: Kind, decision: Decision) -> None:
    """Under an id that says which; what is on the tape is not written again, nor asked about at the end."""
    worker = Worker(kind).work()
    approval = worker.ask()
    assert not worker.adapter.idle
    assert worker.write(worker.answer(approval, decision)) == [f"answer:{approval}"]

    assert not worker.answer(approval, decision)
    worker.feed("exit", code=0)
    assert not [fact for fact in worker.facts if isinstance(fact, ApprovalWithdrawn)]


@each
@pytest.mark.parametrize("how", ["turn", "exit", "vanish"])
def test_a_permission_that_nobody_answered_is_withdrawn(kind: Kind, how: str) -> None:
    worker = Worker(kind).work()
    approval = worker.ask()
    if how == "turn":
        worker.end()
    else:
        worker.feed("exit", code=0 if how == "exit" else None)

    assert [fact.approval for fact in worker.facts if isinstance(fact, ApprovalWithdrawn)] == [approval]
    assert not worker.answer(approval, "allow_once")
    assert worker.adapter.idle


@each
def test_a_stop_is_asked_for_in_the_protocol(kind: Kind) -> None:
    """Of the running turn only; the turn counts as interrupted even if the agent dies of it."""
    worker = Worker(kind).work()
    approval = worker.ask()
    assert not worker.adapter.stop("t0")
    ids = worker.write(worker.adapter.stop("t1"))
    worker.feed("exit", code=-15)
    [ended] = [fact for fact in worker.facts if isinstance(fact, TurnEnded)]

    assert ids[0] == "stop:t1"
    assert set(ids) <= {"stop:t1", f"answer:{approval}"}
    assert (ended.outcome, ended.error) == ("interrupted", None)
    withdrawn = [fact.approval for fact in worker.facts if isinstance(fact, ApprovalWithdrawn)]
    assert withdrawn == [approval]


@each
def test_an_agent_that_dies_in_its_turn_says_so(kind: Kind) -> None:
    """With its exit status and its last words, and what to do."""
    worker = Worker(kind).work()
    worker.feed("err", b"out of cheese")
    worker.feed("exit", code=3)
    [ended] = [fact for fact in worker.facts if isinstance(fact, TurnEnded)]

    assert ended.outcome == "error"
    assert "exit status 3: out of cheese. " in str(ended.error)


@each
def test_a_message_is_steered_into_the_running_turn_only(kind: Kind) -> None:
    """And only where the protocol can: everywhere else it waits."""
    worker = Worker(kind).work()
    assert not worker.steer("m2", turn="t0")
    ids = worker.write(worker.steer("m2"))
    worker.end()

    assert ids == (["steer:m2"] if kind.steers else [])
    assert not worker.steer("m3")


@pytest.mark.parametrize(
    ("kind", "session", "model"), [(CODEX, "th", "big"), (PI, "s1", "p/big")], ids=["codex", "pi"]
)
def test_the_session_is_named_so_that_it_can_be_taken_up(kind: Kind, session: str, model: str) -> None:
    worker = Worker(kind).work()
    [named] = [fact for fact in worker.facts if isinstance(fact, SessionIdentified)]

    assert (named.host, named.session, named.model) == (HOST, session, model)
