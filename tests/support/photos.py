"""Pictures of every page in every state, on a desk and a phone, light and dark."""

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.support.browser import chromium, sign_in
from tests.support.daemon import Daemon
from tests.support.states import FRESH, STATES, newcomer, world

DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TALL = {"every-item", "unfolded"}
"""States whose whole transcript is wanted."""


def take(folder: Path, wanted: list[str]) -> None:
    """All states, or those that are wanted. Existing pictures are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root, chromium() as browser:
        _fresh(folder, browser, newcomer(Path(root, "new")), wanted)
        with world(_made(Path(root, "used"))) as used:
            for name, page in _pages(browser, used.daemon):
                for state, reach in STATES.items():
                    if not wanted or state in wanted:
                        reach(used, page)
                        _shoot(page, folder / f"{state}-{name}.png", state in TALL)


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def _pages(browser: Browser, daemon: Daemon) -> Any:
    for width, size in (("1280", DESK), ("390", PHONE)):
        for scheme in ("light", "dark"):
            page = sign_in(daemon, browser, color_scheme=scheme, **size)
            page.set_default_timeout(20_000)
            yield f"{scheme}-{width}", page
            page.context.close()


def _shoot(page: Page, path: Path, tall: bool) -> None:
    size = page.viewport_size or DESK["viewport"]
    if tall:
        height = page.evaluate("document.querySelector('.log-in').scrollHeight + 320")
        page.set_viewport_size({"width": size["width"], "height": min(9000, height)})
    page.screenshot(path=path, animations="disabled")
    page.set_viewport_size(size)


def _fresh(folder: Path, browser: Browser, daemon: Daemon, wanted: list[str]) -> None:
    states = {state: path for state, path in FRESH.items() if not wanted or state in wanted}
    try:
        for name, page in _pages(browser, daemon.start()) if states else ():
            for state, path in states.items():
                page.goto(daemon.base + path)
                _shoot(page, folder / f"{state}-{name}.png", False)
    finally:
        daemon.close()
