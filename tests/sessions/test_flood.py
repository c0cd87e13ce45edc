"""While one agent floods, agents of other kinds are heard, and of nobody anything is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import pacer
from tests.support.daemon import Daemon, wait_for
from tests.support.tokens import in_log

LINES = 40
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
