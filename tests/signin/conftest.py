"""An OAuth server of other people's making, and a daemon that signs in there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import provider as support
from tests.support.ctl import Here
from tests.support.daemon import Daemon
from tests.support.provider import Provider

Make = Callable[..., Daemon]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with support.provider() as one:
        yield one


@pytest.fixture
def daemon(tmp_path: Path, provider: Provider) -> Iterator[Daemon]:
    one = Daemon(tmp_path, **provider.environ())
    try:
        yield one.start()
    finally:
        one.close()


@pytest.fixture
def here(daemon: Daemon) -> Here:
    return Here(daemon)
