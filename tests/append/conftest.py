"""A log in a directory of its own."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from agentguid.append.api import Projection
from agentguid.append.log import Log

Opener = Callable[..., Log]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agentguid.db"


@pytest.fixture
def opener(path: Path) -> Iterator[Opener]:
    """Opens the log; may be called again after closing it."""
    logs: list[Log] = []

    def open_log(projections: Sequence[Projection] = (), **rest: Any) -> Log:
        log = Log(path, projections, **rest)
        log.open()
        logs.append(log)
        return log

    yield open_log
    for log in logs:
        log.close()


@pytest.fixture
def log(opener: Opener) -> Log:
    return opener()


@pytest.fixture
def db(log: Log) -> Iterator[apsw.Connection]:
    connection = log.reader()
    yield connection
    connection.close()
