"""While one agent floods, agents of other kinds are heard, and of nobody anything is lost."""

import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sessions.conftest import Bad
from tests.support import pacer
from tests.support.badagent import AFTER
from tests.support.daemon import Daemon, wait_for
from tests.support.tokens import in_log

LINES = 40
SOME = 10
"""Answers that may take longer: a machine has its hiccups."""
KINDS = {"claude-code": "claude", "codex": "codex", "gemini": "gemini"}
"""One for each protocol, and the program that plays it."""


@pytest.fixture
def paced(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, PATH=f"{pacer.install(tmp_path / 'bin', KINDS.values())}:/usr/bin:/bin")
    yield daemon.start()
    daemon.close()


def test_others_are_heard_whole_while_one_floods(paced: Daemon) -> None:
    flood = paced.conversation()
    paced.send(flood, "emit 1000000 size 470")
    wait_for(lambda: in_log(paced, flood), "the flood")
    talks = {agent: paced.conversation(agent) for agent in KINDS}

    for talk in talks.values():
        paced.send(talk, f"emit {LINES} rate 20")
    for agent, talk in talks.items():
        assert paced.ended(talk, patience=120)["status"] == "complete", agent

    assert paced.api("GET", f"/conversations/{flood}")["isActivelyStreaming"], "the flood was over too soon"
    paced.api("POST", f"/conversations/{flood}/cancel", {})
    paced.ended(flood, patience=120)
    for agent, talk in talks.items():
        assert in_log(paced, talk) == list(range(LINES)), agent
    said = in_log(paced, flood)
    assert said == list(range(len(said)))


class Probe:
    """Asks for the daemon's health again and again while it is open."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.waits: list[float] = []
        """Seconds that each answer took; of one that failed, infinity."""

    def __enter__(self) -> "Probe":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            begun = time.monotonic()
            try:
                healthy = self._daemon.request("GET", "/healthz")[0] == 200
            except OSError:
                healthy = False
            self.waits.append(time.monotonic() - begun if healthy else float("inf"))


@pytest.mark.serial
def test_millions_of_blank_lines_hold_up_nobody_else(bad: Bad) -> None:
    """A few bytes on the tape may be very many lines."""
    daemon = bad("blank")
    conversation = daemon.conversation("claude-code")

    with Probe(daemon) as calm:
        wait_for(lambda: len(calm.waits) >= 100, "a hundred answers")
    with Probe(daemon) as probe:
        daemon.send(conversation, "go on")
        ended = daemon.ended(conversation, patience=300)

    assert ended["status"] == "complete"
    assert AFTER in str(daemon.items(conversation))
    usual = statistics.median(calm.waits)
    assert sorted(probe.waits)[-SOME] < max(0.1, 60 * usual), "others wait while a record is taken"
    assert max(probe.waits) < 10
