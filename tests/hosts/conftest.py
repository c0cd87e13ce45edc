"""Every test has its own places; whatever host it leaves behind is ended."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentguid.hosts.orphans import left_group, members
from agentguid.paths import Places


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    places = Places(tmp_path / "data", tmp_path / "config", tmp_path / "run")
    yield places
    for lock in places.tapes.glob("*/lock"):
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int(lock.read_bytes()), signal.SIGKILL)
        group = left_group(places, lock.parent.name)
        if group and members(group):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
