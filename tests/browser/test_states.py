"""Every page in every state: within reach of everybody, within the window, within the policy; and cheap to load."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.support.browser import sign_in
from tests.support.states import FRESH, STATES, World, newcomer
from tests.test_sizes import ROOT

pytestmark = pytest.mark.browser
LISTEN = """
window.broken = [];
addEventListener("securitypolicyviolation", one => window.broken.push(`${one.violatedDirective} ${one.blockedURI}`), true);
"""
STILL = """() => Promise.allSettled(document.getAnimations()
    .filter(one => Number.isFinite(one.effect.getComputedTiming().endTime)).map(one => one.finished))"""
"""What moves for a while has come to rest; what turns for ever (a spinner) is let be."""
ALL = {"resultTypes": ["violations"]}
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
FIRST_LOAD, OWN_SCRIPT = 150_000, 20 * 1024
"""Bytes over the wire, compressed."""


@pytest.fixture(scope="module")
def page(used: World, browser: Browser) -> Iterator[Page]:
    yield from listened(sign_in(used.daemon, browser))


def listened(page: Page) -> Iterator[Page]:
    page.set_default_timeout(20_000)
    page.add_init_script(LISTEN)
    yield page
    page.context.close()


def wrong(page: Page) -> dict[str, Any]:
    """What is wrong with the page as it stands, in both themes and on a narrow phone."""
    found: dict[str, Any] = {"policy": page.evaluate("window.broken")}
    for scheme, options in (("light", ALL), ("dark", CONTRAST)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(STILL)
        if options is ALL:
            result = Axe().run(page, options=options).response
        else:  # it is in the page by now: to bring it there takes longer than the look at the contrast
            result = page.evaluate("one => axe.run(one)", options)
        found[scheme] = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in result["violations"]]  # fmt: skip
    size = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 640})
    found["beyond"] = page.evaluate("Math.max(0, document.documentElement.scrollWidth - innerWidth)")
    if size:
        page.set_viewport_size(size)
    page.emulate_media(color_scheme="light")
    return {what: one for what, one in found.items() if one}


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_wrong_with_the_page(used: World, page: Page, state: str) -> None:
    STATES[state](used, page)

    assert wrong(page) == {}


def test_nothing_is_wrong_with_what_a_newcomer_sees(tmp_path: Path, browser: Browser) -> None:
    daemon = newcomer(tmp_path)
    try:
        for page in listened(sign_in(daemon.start(), browser)):
            found = {}
            for state, path in FRESH.items():
                page.goto(daemon.base + path)
                found[state] = wrong(page)
            assert found == {key: {} for key in FRESH}
    finally:
        daemon.close()


def test_what_breaks_the_policy_or_is_out_of_reach_is_noticed(used: World, page: Page) -> None:
    used.show(page, "/settings")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p><button></button>')"
    )
    page.evaluate("document.body.style.width = '2000px'")

    assert {"policy", "light", "beyond"} <= wrong(page).keys()


# -- what it costs ----------------------------------------------------------------------------------------------------
def test_the_first_load_of_a_full_conversation_is_small_and_its_assets_are_kept_for_ever(
    used: World, browser: Browser
) -> None:
    page = sign_in(used.daemon, browser)
    page.goto("about:blank")
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.clearBrowserCache")
    answers: dict[str, Any] = {}
    bytes_of: dict[str, int] = {}
    wire.on("Network.responseReceived", lambda one: answers.update({one["requestId"]: one["response"]}))
    wire.on("Network.loadingFinished", lambda one: bytes_of.update({one["requestId"]: one["encodedDataLength"]}))  # fmt: skip
    used.talk(page, "month")
    assert page.locator("#log .item").count() >= 100
    page.context.close()

    loaded = {answers[one]["url"].partition("?")[0]: size for one, size in bytes_of.items() if one in answers}
    assert len([one for one in loaded if "/assets/" in one]) > 15, loaded
    assert sum(loaded.values()) <= FIRST_LOAD, loaded
    for one in answers.values():
        headers = {name.lower(): value for name, value in one["headers"].items()}
        if "/assets/" in one["url"]:
            assert headers["cache-control"] == "public, max-age=31536000, immutable", one["url"]
            assert headers.get("content-encoding") == "gzip" or int(headers["content-length"]) <= 1024, one["url"]  # fmt: skip


def test_our_own_script_is_small() -> None:
    scripts = [one.read_bytes() for one in (ROOT / "web" / "assets").glob("*.js")]

    assert len(scripts) > 5
    assert sum(len(gzip.compress(one)) for one in scripts) <= OWN_SCRIPT
