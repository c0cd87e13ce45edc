"""The page of devices, in a browser."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import sign_in
from tests.support.daemon import Daemon

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18 Safari/604.1"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """It listens everywhere, so that another device could come in; it is asked over loopback only."""
    one = Daemon(
        tmp_path_factory.mktemp("daemon"), AGENTGUID_HOST="0.0.0.0", AGENTGUID_HOSTS="studio.example"
    )
    try:
        yield one.start()
    finally:
        one.close()


def test_a_device_is_signed_out_from_another_and_its_open_page_ends(
    daemon: Daemon, browser: Browser, opened: Open
) -> None:
    page = opened()
    phone = sign_in(daemon, browser, user_agent=PHONE)
    expect(phone.locator("#line-word")).to_have_text("Live")
    page.goto(f"{daemon.base}/devices")
    row = page.locator(".who-may li", has_text="Safari on iPhone")
    expect(row).to_contain_text("here now")

    row.get_by_role("button", name="Sign out Safari on iPhone").click()

    expect(row).to_have_count(0)
    expect(phone).to_have_url(re.compile(f"^{re.escape(daemon.base)}/login"))
    phone.context.close()


def test_the_link_of_the_code_signs_another_browser_in(
    daemon: Daemon, browser: Browser, opened: Open
) -> None:
    page = opened()
    page.goto(f"{daemon.base}/devices")
    page.get_by_role("button", name="Show a code").click()
    expect(page.get_by_role("img", name="QR code of the link")).to_be_visible()
    link = page.locator(".invite-link").inner_text()
    assert link.startswith("http://studio.example:")  # the configured name comes first

    phone = browser.new_context(user_agent=PHONE).new_page()
    phone.goto(link.replace("studio.example", "localhost"))
    phone.get_by_role("button", name="Sign in on this device").click()

    expect(phone).to_have_url(f"{daemon.base}/")
    page.goto(f"{daemon.base}/devices")
    expect(page.locator(".who-may li", has_text="Safari on iPhone")).to_have_count(1)
    phone.context.close()


def test_another_address_gives_another_code(daemon: Daemon, opened: Open) -> None:
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/devices")
    page.get_by_role("button", name="Show a code").click()
    first = page.locator(".invite-link").inner_text()
    others = page.locator(".invite-others button")
    if others.count() == 0:
        pytest.skip("NOT CHECKED: this machine has no address but loopback")

    wanted = others.first.inner_text()
    others.first.click()

    expect(page.locator(".invite-link")).to_have_text(re.compile(f"^{re.escape(wanted)}"))
    assert page.locator(".invite-link").inner_text() != first


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_code_that_was_asked_for_is_seen_at_once(
    daemon: Daemon, opened: Open, width: int, height: int
) -> None:
    page = opened(viewport={"width": width, "height": height})
    page.goto(f"{daemon.base}/devices")
    page.get_by_role("button", name="Show a code").click()
    code = page.get_by_role("img", name="QR code of the link")

    expect(code).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


# -- a browser that shows a code --------------------------------------------------------------------------------------
def shows_a_code(browser: Browser, daemon: Daemon, path: str = "/settings", **context: Any) -> Page:
    """A browser that is not signed in and has asked."""
    stranger = browser.new_context(user_agent=FIREFOX, **context).new_page()
    stranger.goto(f"{daemon.base}{path}")
    stranger.get_by_role("button", name="Show a code").click()
    expect(stranger.locator("#code")).to_have_text(re.compile(r"^[A-Z]{4}-[A-Z]{4}$"))
    return stranger


def test_a_browser_that_shows_a_code_goes_on_by_itself_once_a_phone_said_yes(
    daemon: Daemon, browser: Browser, opened: Open
) -> None:
    phone, stranger = opened(viewport={"width": 390, "height": 844}), shows_a_code(browser, daemon)
    code = stranger.locator("#code").inner_text()
    expect(stranger.get_by_role("img", name="QR code of the link")).to_be_visible()
    phone.goto(f"{daemon.base}/devices/approve?code={code}")
    expect(phone.locator(".admit-code")).to_have_text(code)
    expect(phone.locator(".admit-who")).to_contain_text("Firefox on Windows")

    phone.get_by_role("button", name="Sign it in").click()

    phone.wait_for_url("**/devices#d-*")
    expect(phone.locator(":target")).to_contain_text("Firefox on Windows")
    expect(stranger).to_have_url(f"{daemon.base}/settings")
    phone.locator(":target").get_by_role("button", name="Sign out").click()
    expect(stranger).to_have_url(re.compile(f"^{re.escape(daemon.base)}/login"))
    stranger.context.close()


def test_a_code_is_typed_and_the_browser_comes_in_without_script(
    daemon: Daemon, browser: Browser, opened: Open
) -> None:
    desk = opened(java_script_enabled=False)
    stranger = shows_a_code(browser, daemon, java_script_enabled=False)
    desk.goto(f"{daemon.base}/devices")
    field = desk.get_by_label("Does a browser show a code?")
    field.fill("nonsense")
    desk.get_by_role("button", name="Look").click()
    expect(desk.get_by_role("alert")).to_contain_text("No browser waits with this code")
    field.fill(stranger.locator("#code").inner_text().lower().replace("-", " "))
    desk.get_by_role("button", name="Look").click()
    desk.get_by_role("button", name="Sign it in").click()
    desk.wait_for_url("**/devices#d-*")

    expect(stranger).to_have_url(f"{daemon.base}/settings")  # it looks again by itself
    stranger.context.close()


def test_a_browser_that_is_refused_is_told_so_and_may_ask_again(
    daemon: Daemon, browser: Browser, opened: Open
) -> None:
    phone, stranger = opened(), shows_a_code(browser, daemon)
    code = stranger.locator("#code").inner_text()
    phone.goto(f"{daemon.base}/devices/approve?code={code}")
    phone.get_by_role("button", name="Refuse").click()
    expect(phone.get_by_text("was refused, and is told so")).to_be_visible()

    expect(stranger.get_by_role("alert")).to_have_text("The other device has refused.")
    stranger.get_by_role("button", name="Show a new code").click()
    expect(stranger.locator("#code")).not_to_have_text(code)
    stranger.context.close()


def test_whoever_opens_the_link_must_be_signed_in_first(daemon: Daemon, browser: Browser) -> None:
    stranger = shows_a_code(browser, daemon)
    code = stranger.locator("#code").inner_text()

    stranger.goto(f"{daemon.base}/devices/approve?code={code}")

    expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(stranger.get_by_role("button", name="Sign it in")).to_have_count(0)
    stranger.context.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (320, 640)])
def test_the_code_and_its_picture_are_seen_at_once(
    daemon: Daemon, browser: Browser, width: int, height: int
) -> None:
    stranger = shows_a_code(browser, daemon, viewport={"width": width, "height": height})

    expect(stranger.get_by_role("img", name="QR code of the link")).to_be_in_viewport(ratio=1)
    expect(stranger.locator("#code")).to_be_in_viewport(ratio=1)
    assert stranger.evaluate("document.documentElement.scrollWidth") <= width
    stranger.context.close()
