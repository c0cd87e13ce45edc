"""Signing in to Gemini CLI on the page, with a real browser at a real OAuth server."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import provider as support
from tests.support import signing
from tests.support.browser import sign_in
from tests.support.daemon import Daemon
from tests.support.provider import EMAIL, Provider

provider, daemon = signing.provider, signing.daemon


@pytest.fixture(autouse=True)
def signed_out(daemon: Daemon) -> None:
    daemon.api("DELETE", "/gemini-oauth")


def begin(page: Page, daemon: Daemon) -> None:
    page.goto(f"{daemon.base}/keys")
    page.get_by_role("button", name="Sign in with Google").click()


def test_the_browser_comes_back_by_itself_and_the_first_page_knows(daemon: Daemon, browser: Browser) -> None:
    page = sign_in(daemon, browser)
    begin(page, daemon)
    page.fill("#key-name", "OPENAI_API_KEY")

    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in at").click()

    other = opened.value
    other.wait_for_url(f"{daemon.base}/keys#gemini")
    expect(other.locator("#gemini")).to_contain_text(EMAIL)
    expect(page.locator("#gemini")).to_contain_text(EMAIL)  # without a reload
    expect(page.locator("#key-name")).to_have_value("OPENAI_API_KEY")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in with Google")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_address_is_pasted_where_it_does_not(
    daemon: Daemon, provider: Provider, browser: Browser, script: bool
) -> None:
    page = sign_in(daemon, browser, java_script_enabled=script)
    begin(page, daemon)
    url = page.get_by_role("link", name="Sign in at").get_attribute("href")
    assert url
    address = provider.agree(url)
    page.fill("#gemini-address", "http://localhost/elsewhere")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("alert")).to_contain_text("has no state in it")

    page.fill("#gemini-address", address)
    page.get_by_role("button", name="Use it").click()

    expect(page.locator("#gemini")).to_contain_text(EMAIL)
    assert support.query(address)["code"] not in page.content()
    expect(page).to_have_url(f"{daemon.base}/keys#gemini")
    page.context.close()


def test_it_can_be_cancelled(daemon: Daemon, browser: Browser) -> None:
    page = sign_in(daemon, browser)
    begin(page, daemon)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Sign in with Google")).to_be_visible()
    page.context.close()
