"""Fixtures of a module whose tests all sign in at one OAuth server with one daemon: `provider, daemon = signing.provider, …`."""

from collections.abc import Iterator

import pytest

from tests.support import provider as support
from tests.support.daemon import Daemon
from tests.support.provider import Provider


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with support.provider() as one:
        yield one


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Daemon]:
    one = Daemon(tmp_path_factory.mktemp("daemon"), **provider.environ())
    try:
        yield one.start()
    finally:
        one.close()
