"""The page of devices, in a browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import sign_in
from tests.support.daemon import Daemon

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
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

    assert page.locator(".invite-link").inner_text().startswith(wanted)
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
