"""Provider keys on the page: entered once, never shown."""

from playwright.sync_api import Browser, expect

from tests.support.browser import sign_in
from tests.support.daemon import Daemon

SECRET = "sk-test-7f3a9c51d2e84b60-QRST"


def test_the_page_takes_a_key_and_never_shows_it(daemon: Daemon, browser: Browser) -> None:
    page = sign_in(daemon, browser)
    page.goto(f"{daemon.base}/settings")
    page.get_by_role("link", name="Provider keys").click()
    page.fill("#key-name", "ANTHROPIC_API_KEY")
    page.fill("#key-value", "a b\tc\u00e9")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("must be a key")
    expect(page.locator("#key-value")).to_have_value("")
    page.fill("#key-value", SECRET)
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#k-ANTHROPIC_API_KEY")).to_contain_text("••••QRST")
    expect(page.locator("#k-ANTHROPIC_API_KEY")).to_contain_text("Claude Code")
    assert SECRET not in page.content()
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".rows.who-may")).to_have_count(0)
