"""A real log with all read models, and a way to fill it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from agentguid.append.api import Append
from agentguid.append.log import Log
from agentguid.project.all import INLINE
from agentguid.protocol.events import Event

PATIENCE = 30
Filler = Callable[..., int]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "agentguid.db", INLINE)
    log.open()
    yield log
    log.close()


@pytest.fixture
def db(log: Log) -> Iterator[apsw.Connection]:
    connection = log.reader()
    yield connection
    connection.close()


@pytest.fixture
def fill(log: Log) -> Filler:
    """Appends events to a stream, at a time; returns the last position."""
    versions: dict[str, int] = {}

    def append(*events: Event, stream: str = "conversation-c1", at: int = 1_000_000) -> int:
        version = versions.get(stream, 0)
        receipt = log.submit(Append(stream, version, events, at, "user")).result(PATIENCE)
        versions[stream] = receipt.version
        return receipt.last

    return append
