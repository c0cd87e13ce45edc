"""`kill -9` at any moment: no acknowledged append is lost, none is there by half, and the chain verifies."""

import os
import random
import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from agentguid.append import chain, lock, read
from agentguid.append.log import Log
from agentguid.protocol.events import ConversationRenamed
from tests.append.support import Lengths, Titles, models

ROOT = Path(__file__).parents[2]
PATIENCE = 30
"""Seconds that one round may take."""
SOME = 20_000
"""Acknowledged appends within which there are some checkpoints."""
ENOUGH = 5000
"""Answers by which a writer has come to any failpoint that is set here."""
TEXT = re.compile(r"(\d+-\d+):(\d+)/(\d+):x+")

Acknowledged = dict[str, tuple[int, int]]


class Round:
    """One life of the writer program, and what it said."""

    def __init__(self, path: Path, number: int, *, failpoint: str = "") -> None:
        environment = os.environ | {"AGENTGUID_FAILPOINT": failpoint, "PYTHONPATH": str(ROOT)}
        version = str(1 + number // 7)  # every few rounds the read models are rebuilt while it appends
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.log_writer", str(path), str(number), version],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
        )
        self._said = b""

    def read(self, lines: int | None = None, seconds: float = PATIENCE) -> None:
        """Until it has said so many lines, or has ended, or the time is over."""
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while lines is None or self._said.count(b"\n") < lines:
                if not selector.select(seconds):
                    return
                piece = os.read(self.process.stdout.fileno(), 1 << 16)
                if not piece:
                    return
                self._said += piece

    def dies(self) -> bool:
        """By itself, at its failpoint: not because it is killed here."""
        self.read(lines=ENOUGH)
        try:
            return self.process.wait(PATIENCE) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False

    def end(self) -> int:
        """Kills it, if it still lives, and reads what it said before."""
        self.process.kill()
        self.read()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(PATIENCE)

    @property
    def acknowledged(self) -> Acknowledged:
        whole = self._said[: self._said.rfind(b"\n") + 1].decode().split("\n")
        lines = [line.split() for line in whole if line and line != "open"]
        return {key: (int(first), int(last)) for key, first, last in lines}


def play(path: Path, number: int, chance: random.Random) -> Acknowledged:
    """Starts the program and has it killed: at a failpoint, after so many answers, or at some time from its start on."""
    kind = number % 4
    point = ("append.before_commit", "append.after_commit")[kind % 2] if kind < 2 else ""
    one = Round(path, number, failpoint=f"{point}:{chance.randrange(1, 40)}" if point else "")
    reached = kind >= 2 or one.dies()
    if kind == 2:
        one.read(lines=chance.randrange(1, 300))
    elif kind == 3:
        one.read(lines=10**9, seconds=0) if chance.random() < 0.2 else one.read(lines=1)
        with_deadline(one, chance.uniform(0, 0.03))
    assert one.end() == -signal.SIGKILL
    assert reached, f"{point} was never come to"
    return one.acknowledged


def with_deadline(one: Round, seconds: float) -> None:
    """Lets it work for a time that has nothing to do with what it says."""
    try:
        one.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError("the program ended by itself")


@contextmanager
def opened(path: Path, number: int) -> Iterator[tuple[Log, apsw.Connection]]:
    with lock.acquire(path.parent):
        log = Log(path, (Titles(1 + number // 7), Lengths()))
        log.open()
        try:
            with closing(log.reader()) as db:
                yield log, db
        finally:
            log.close()


def check(db: apsw.Connection, after: int, acknowledged: Acknowledged) -> int:
    """Everything after a position that the round before had reached; returns the position reached."""
    last = max([after, *chain.verify(db, after)])
    assert last == read.last(db)
    found: dict[str, list[int]] = {}
    for recorded in read.events(db, after, limit=last):
        assert isinstance(recorded.event, ConversationRenamed)
        match = TEXT.fullmatch(recorded.event.title)
        assert match
        places = found.setdefault(match[1], [recorded.position])
        assert recorded.position == places[0] + int(match[2]), (
            "the events of an append lie together and in order"
        )
        places.append(int(match[3]))
    sizes = {
        key: (places[0], places[0] + len(places) - 2)
        for key, places in found.items()
        if len(places) - 1 == places[1]
    }
    assert sizes.keys() == found.keys(), "each append is there whole"
    assert acknowledged.items() <= sizes.items(), "what was acknowledged is there, where it was said to be"
    for key, (first, end) in sizes.items():
        receipt = read.receipt(db, key)
        assert receipt is not None
        assert (receipt.first, receipt.last) == (first, end), "the receipt moved with its events"
    if sizes:
        newest = max(sizes, key=lambda key: sizes[key])
        mark = read.mark(db, "tape")
        assert mark is not None
        assert f"{mark.anchor}-{mark.offset}" == newest, "the tape mark moved with its events"
    return last


@pytest.mark.crash
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rounds", [200, pytest.param(2000, marks=pytest.mark.full)])
def test_nothing_acknowledged_is_lost_and_nothing_is_there_by_half(tmp_path: Path, rounds: int) -> None:
    path, chance = tmp_path / "agentguid.db", random.Random(rounds)
    position = acknowledged = 0
    for number in range(rounds):
        answers = play(path, number, chance)
        with opened(path, number) as (_, db):
            position = check(db, position, answers)
        acknowledged += len(answers)

    with opened(path, rounds) as (log, db):
        log.rebuild().result(600)
        rebuilt = models(db)
        assert len(rebuilt["title"]) == position
        assert {stream: count for stream, count, _ in rebuilt["naming"]} == {
            s: read.head(db, s) for s in "abc"
        }
        assert list(chain.verify(db))[-1] == position
    assert acknowledged > 10 * rounds
    print(f"{rounds} rounds, {acknowledged} acknowledged appends, {position} events")


@pytest.mark.crash
@pytest.mark.parametrize("point", ["checkpoint.by_thread", "checkpoint.by_writer"])
def test_a_kill_within_a_checkpoint_loses_nothing(tmp_path: Path, point: str) -> None:
    """What was carried over is not yet known to be on the disk, and the rest is in the write-ahead log only."""
    path, position = tmp_path / "agentguid.db", 0
    for number in range(10):
        one = Round(path, number, failpoint=f"{point}:{1 + number % 4}")
        one.read(lines=SOME)
        assert one.end() == -signal.SIGKILL
        assert len(one.acknowledged) < SOME - 1, "it came to a checkpoint and died there"
        with opened(path, number) as (_, db):
            position = check(db, position, one.acknowledged)


@pytest.mark.crash
def test_read_models_are_in_step_after_a_kill_without_any_rebuild(tmp_path: Path) -> None:
    """They moved in the transaction of their events: what a rebuild gives is what was there."""
    path, chance = tmp_path / "agentguid.db", random.Random(5)
    for number in range(7):
        play(path, number, chance)
        with opened(path, number) as (log, db):
            assert all(read.projected(db, stream, log.signature) for stream in "abc")
            found = models(db)
            log.rebuild().result(PATIENCE)
            assert models(db) == found
