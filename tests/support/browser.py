"""A real Chromium, signed in."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.daemon import Daemon

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _executable() -> str | None:
    import shutil

    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_executable(), args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


def sign_in(daemon: Daemon, browser: Browser, **context: Any) -> Page:
    """A page of a new browser context, signed in by a one-time link."""
    status, data = daemon.request("POST", "/api/tickets", {})
    assert status in (200, 201), data
    page = browser.new_context(**context).new_page()
    page.goto(json.loads(data)["url"])
    page.get_by_role("button").first.click()
    page.wait_for_url(f"{daemon.base}/")
    return page
