"""The pages without a prefix: the essential tests again, and what depends on it. `make test-full` has all tests so;
`test_answers` has a deep prefix."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_page import (
    live,
    test_a_prompt_is_sent_and_the_work_appears,
    test_an_approval_is_answered_once_and_the_second_answer_hears_of_the_first,
    test_the_page_catches_up_by_itself_after_the_daemon_was_killed,
    test_what_came_live_is_what_a_reload_shows,
    test_without_script_everything_works_by_forms_and_links,
)
from tests.support.daemon import Daemon

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
AGAIN = (
    test_a_prompt_is_sent_and_the_work_appears,
    test_an_approval_is_answered_once_and_the_second_answer_hears_of_the_first,
    test_the_page_catches_up_by_itself_after_the_daemon_was_killed,
    test_what_came_live_is_what_a_reload_shows,
    test_without_script_everything_works_by_forms_and_links,
)
"""Collected here too, with the daemon of this module."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    one = Daemon(tmp_path_factory.mktemp("daemon"), AGENTGUID_BASE_URL="/")
    try:
        yield one.start()
    finally:
        one.close()


def test_signing_in_leads_to_where_one_wanted_to_go_and_out_again(
    daemon: Daemon, browser: Browser, opened: Open
) -> None:
    stranger = browser.new_page()
    stranger.goto(f"{daemon.base}/devices")
    expect(stranger).to_have_url(f"{daemon.base}/login?next={daemon.prefix}/devices")
    stranger.fill("input[name=ticket]", daemon.api("POST", "/tickets")["url"])
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger).to_have_url(f"{daemon.base}/devices")
    live(stranger)

    row = stranger.locator("li", has_text="this browser")
    row.get_by_role("button", name="Sign out").click()

    expect(stranger).to_have_url(f"{daemon.base}/login")
    stranger.close()


def test_the_root_leads_to_the_pages(daemon: Daemon, opened: Open) -> None:
    page = opened()

    page.goto(f"http://localhost:{daemon.port}/")

    expect(page).to_have_url(f"{daemon.base}/")
    live(page)
