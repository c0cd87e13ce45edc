"""Send now and Queue: what the agent is to read at once, and what waits for the end of its turn."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.daemon import Daemon

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
TALK = "ask; emit 900 rate 2"


def go(page: Page, daemon: Daemon, conversation: str) -> None:
    page.goto(f"{daemon.base}/conversations/{conversation}")
    expect(page.locator("#line")).to_have_attribute("data-state", "live")


@pytest.fixture
def conversation(daemon: Daemon) -> str:
    return daemon.conversation()


def talk(daemon: Daemon, conversation: str) -> None:
    """A turn that reads what it is sent once it is allowed to go on, and goes on then until it is stopped; and a
    message that waits for its end."""
    daemon.send(conversation, TALK)
    daemon.send(conversation, "emit 1 later")


def test_what_is_sent_now_is_read_in_the_turn_and_the_rest_waits(
    daemon: Daemon, opened: Open, conversation: str
) -> None:
    page = opened()
    go(page, daemon, conversation)
    talk(daemon, conversation)
    expect(page.locator("#send-now")).to_be_visible()
    page.fill("#message", "Be quick.")
    page.click("#send-now")

    expect(page.locator("#queue li").first).to_contain_text("Be quick.")
    expect(page.locator("#queue li").first).to_contain_text("Going in")
    daemon.allow(conversation)
    expect(page.locator("#log .item-steered .said")).to_have_text("Be quick.")
    expect(page.get_by_text("While I worked you said: Be quick.")).to_be_visible()
    expect(page.locator("#queue textarea")).to_have_value("emit 1 later")
    expect(page.locator(".sending")).to_have_count(0)
    page.reload()
    expect(page.locator("#log .item-steered .said")).to_have_text("Be quick.")


def test_enter_queues_and_what_waits_may_be_read_now_after_all(
    daemon: Daemon, opened: Open, conversation: str
) -> None:
    page = opened()
    go(page, daemon, conversation)
    talk(daemon, conversation)
    expect(page.locator("#send-now")).to_be_visible()
    page.fill("#message", "Look at this.")
    page.press("#message", "Enter")
    row = page.locator("#queue li", has=page.get_by_text("Look at this.")).or_(
        page.locator("#queue li").nth(1)
    )
    expect(row.last.locator("textarea")).to_have_value("Look at this.")
    row.last.get_by_role("button", name="Send now").click()
    expect(page.locator("#queue li").first).to_contain_text("Going in")
    daemon.allow(conversation)

    expect(page.locator("#log .item-steered .said")).to_have_text("Look at this.")
    expect(page.locator("#queue textarea")).to_have_value("emit 1 later")


def test_it_works_without_javascript(daemon: Daemon, opened: Open, conversation: str) -> None:
    page = opened(java_script_enabled=False)
    talk(daemon, conversation)
    page.goto(f"{daemon.base}/conversations/{conversation}")
    page.fill("#message", "Be quick.")
    page.click("#send-now")
    expect(page.locator("#queue li, #log .item-steered").filter(has_text="Be quick.")).to_have_count(1)
    waiting = daemon.api("GET", f"/conversations/{conversation}/queue")["queue"]
    assert [one["content"] for one in waiting if not one["steering"]] == ["emit 1 later"]


def test_it_is_offered_only_while_an_agent_works_that_can(daemon: Daemon, opened: Open) -> None:
    page = opened()
    go(page, daemon, daemon.conversation())

    expect(page.locator("#send")).to_have_text("Send↵Ctrl ↵")
    expect(page.locator("#send-now")).to_have_count(0)
