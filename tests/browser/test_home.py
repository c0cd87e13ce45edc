"""The home page: the first visit, the tour, and what needs the user, what runs, what is recent."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_start import conversation
from tests.support import states
from tests.support.browser import sign_in
from tests.support.daemon import Daemon, wait_for

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


# -- the first visit --------------------------------------------------------------------------------------------------
@pytest.fixture
def newcomer(tmp_path: Path, browser: Browser) -> Iterator[tuple[Daemon, Page]]:
    daemon = states.newcomer(tmp_path)
    try:
        page = sign_in(daemon.start(), browser)
        yield daemon, page
        page.context.close()
    finally:
        daemon.close()


def test_the_first_visit_says_what_was_found_and_where(newcomer: tuple[Daemon, Page]) -> None:
    _, page = newcomer

    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(page.locator(".lead")).to_contain_text("agentguid found Claude Code on this machine")
    here = page.locator(".agents").first
    expect(here).to_contain_text("9.8.7 (Claude Code)")
    expect(here).to_contain_text("~/.local/bin/claude")
    expect(page.locator("#agent")).to_have_value("claude-code")


def test_an_agent_that_is_missing_says_how_to_get_it_and_is_found_when_it_came(
    newcomer: tuple[Daemon, Page],
) -> None:
    daemon, page = newcomer
    program = daemon.root / "home/.local/bin/claude"
    program.rename(program.with_name("elsewhere"))
    page.fill("#first", "kept")
    page.get_by_role("button", name="Look again").click()
    missing = page.locator(".absent .agents li", has_text="Claude Code")
    expect(missing).to_be_attached()
    page.locator(".absent > summary").click()
    page.locator(".absent .agents summary", has_text="Claude Code").click()
    expect(missing).to_contain_text("npm install --global @anthropic-ai/claude-code")
    expect(missing).to_contain_text("Then sign in")
    expect(page.locator("#first")).to_have_value("kept")

    program.with_name("elsewhere").rename(program)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".agents").first).to_contain_text("9.8.7")


@pytest.mark.parametrize("script", [True, False])
def test_the_tour_is_one_click_and_leaves_the_home_page_in_use(
    newcomer: tuple[Daemon, Page], browser: Browser, script: bool
) -> None:
    """It works in a folder of its own, asks twice and comes to its end."""
    daemon, page = newcomer
    if not script:
        kept = page.context.storage_state()
        page = browser.new_context(java_script_enabled=False, storage_state=kept).new_page()
        page.goto(f"{daemon.base}/")
    page.get_by_role("button", name="Take the tour").click()
    made = conversation(daemon, page)
    assert made["workingDirectory"] == str(daemon.data / "tour")
    if not script:
        daemon.api("POST", f"/conversations/{made['id']}/cancel")
        daemon.ended(made["id"])
        page.context.close()
        return

    for number in (1, 2):
        card = page.locator(".ask-card:not(.ask-done)")
        expect(card).to_have_count(1, timeout=60_000)
        expect(page.locator(".ask-card")).to_have_count(number)
        card.locator("button[name=option]").first.click()
    expect(page.locator(".end-line")).to_contain_text("Finished", timeout=60_000)
    assert (daemon.data / "tour/demo-greet.sh").read_text().count("$name") == 1
    page.goto(f"{daemon.base}/")
    expect(page.locator("#home-recent")).to_contain_text("A tour of agentguid")
    expect(page.locator("#home-recent")).to_contain_text("That was all")


# -- the home page ----------------------------------------------------------------------------------------------------
def test_home_follows_a_conversation_from_running_to_needing_the_user_to_recent(
    daemon: Daemon, opened: Open
) -> None:
    made = daemon.conversation(title="The one to watch")
    page = opened()
    page.goto(f"{daemon.base}/")
    expect(page.locator("#line-word")).to_have_text("Live")
    daemon.send(made, "tool; sleep 600")

    expect(page.locator("#home-running")).to_contain_text("The one to watch")
    expect(page.locator("#home-running")).to_contain_text("Bash ls")
    daemon.send(made, "ask")
    daemon.api("POST", f"/conversations/{made}/cancel")
    expect(page.locator("#home-needs")).to_contain_text("wants to write")
    for place in ("#home-needs header p", "#needs .count"):
        expect(page.locator(place).first).to_have_text(re.compile(r"^1\b"))
    expect(page.locator("#home-running")).not_to_contain_text("The one to watch")
    page.locator("#home-needs a", has_text="The one to watch").click()
    page.wait_for_url("**#a-*")
    page.locator(".ask-do button[name=option]").first.click()
    daemon.ended(made)
    page.goto(f"{daemon.base}/")
    expect(page.locator("#home-recent")).to_contain_text("The one to watch")


def test_a_failure_is_named_until_it_was_looked_at_and_is_no_decision(daemon: Daemon, opened: Open) -> None:
    made = daemon.conversation(title="The one that failed")
    daemon.ended(made, daemon.send(made, "fail")["session"]["id"])
    page = opened()
    page.goto(f"{daemon.base}/")
    expect(page.locator("#home-needs h2")).to_have_text(["Failed"])
    page.locator("#home-needs a", has_text="The one that failed").click()
    expect(page.locator(".conv-unread[aria-current]")).to_have_count(0)
    expect(page.locator("#line-word")).to_have_text("Live")

    def seen() -> bool:
        return not daemon.api("GET", f"/conversations/{made}")["conversation"]["unread"]

    wait_for(seen, "the page to say that it was read")
    page.goto(f"{daemon.base}/")
    expect(page.locator("#home-recent")).to_contain_text("The one that failed")
    expect(page.locator("#home-needs")).not_to_contain_text("The one that failed")


def test_home_lists_the_newest_and_leads_to_the_rest(daemon: Daemon, opened: Open) -> None:
    for number in range(45):
        daemon.conversation(title=f"Number {number:02}")
    page = opened()
    page.goto(f"{daemon.base}/")
    seen = page.locator("#home-recent .rowx b").all_inner_texts()
    assert len(seen) == 20
    while page.get_by_role("link", name="More").count():
        with page.expect_navigation():
            page.get_by_role("link", name="More").click()
        seen += page.locator("#home-recent .rowx b").all_inner_texts()

    numbered = [title for title in seen if title.startswith("Number")]
    assert numbered == [f"Number {number:02}" for number in reversed(range(45))]
