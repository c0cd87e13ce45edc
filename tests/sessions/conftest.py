import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sessions import acp
from tests.sessions.changed import HASTY, Started
from tests.support import badagent
from tests.support.daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path).start()
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """A daemon whose program is changed before it begins; its working directory is `daemon.root`."""
    running: list[Daemon] = []

    def start(first: str, **environ: str) -> Daemon:
        daemon = Daemon(tmp_path, **environ)
        running.append(daemon)
        return daemon.start(first=HASTY + first)

    yield start
    for daemon in running:
        daemon.close()


Bad = Callable[[str], Daemon]


@pytest.fixture
def bad(tmp_path: Path) -> Iterator[Bad]:
    """A daemon whose `claude` has a bad habit."""
    running: list[Daemon] = []

    def make(habit: str) -> Daemon:
        programs = badagent.install(tmp_path / "programs", habit)
        daemon = Daemon(tmp_path, PATH=f"{programs}:{os.environ['PATH']}")
        running.append(daemon)
        return daemon.start()

    yield make
    for daemon in running:
        daemon.close()


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[acp.Mine]:
    """A daemon with the scripted ACP agent."""
    with acp.maker(tmp_path) as make:
        yield make
