"""A daemon, a browser that is signed in, and what the page complains about."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import chromium, sign_in
from tests.support.daemon import Daemon
from tests.support.states import World, world

expect.set_options(timeout=20_000)


SIGNED: WeakKeyDictionary[Daemon, Any] = WeakKeyDictionary()
"""What a browser that has signed in to a daemon keeps: once is enough for all contexts."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    one = Daemon(tmp_path_factory.mktemp("daemon"))
    try:
        yield one.start()
    finally:
        one.close()


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A daemon that was in use this morning: for pages as they look then."""
    with world(tmp_path_factory.mktemp("used")) as made:
        yield made


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the console of the pages said: nothing may."""
    said: list[str] = []
    yield said
    assert said == []


@pytest.fixture
def opened(daemon: Daemon, browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens an empty page of a new, signed-in context."""
    pages: list[Page] = []

    def open_page(**context: Any) -> Page:
        if daemon not in SIGNED:
            first = sign_in(daemon, browser).context
            SIGNED[daemon] = first.storage_state()
            first.close()
        page = browser.new_context(storage_state=SIGNED[daemon], **context).new_page()
        page.set_default_timeout(20_000)
        page.on(
            "console", lambda message: complaints.append(message.text) if _matters(message.text) else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()


def _matters(text: str) -> bool:
    # A daemon that is away is said by the network, and by htmx about it. The browser also tells that it leaves the
    # focus where it is.
    return not any(
        known in text
        for known in (
            "net::ERR",
            "htmx:sse:error",
            "status of 4",
            "Failed to fetch",
            "Autofocus processing",
            "htmx:error: timeout",
        )
    )


def conversation(daemon: Daemon) -> str:
    """A new one, by the API."""
    return daemon.conversation()


def shape(page: Page) -> dict[str, Any]:
    """What stands on the page, without what belongs to the reader or to the clock."""
    script = (Path(__file__).parent / "shape.js").read_text()
    found: dict[str, Any] = json.loads(page.evaluate(script))
    return found
