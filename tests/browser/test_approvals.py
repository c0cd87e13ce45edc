"""Permission requests: answered by hand, by key and without JavaScript, where they stand and in the inbox."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.daemon import Daemon, wait_for

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


@pytest.fixture(autouse=True)
def answered(daemon: Daemon) -> Iterator[None]:
    """What one test leaves open is not in the next one's inbox."""
    yield
    for one in daemon.api("GET", "/approvals")["approvals"]:
        daemon.api("DELETE", f"/conversations/{one['conversationId']}")


def asking(daemon: Daemon, title: str = "", prompt: str = "ask") -> str:
    """A conversation whose agent waits for an answer."""
    conversation = daemon.conversation(title=title)
    daemon.send(conversation, prompt)
    wait_for(lambda: pending(daemon, conversation), "the request")
    return conversation


def pending(daemon: Daemon, conversation: str) -> list[str]:
    found = daemon.api("GET", f"/approvals?conversation={conversation}")["approvals"]
    return [str(one["id"]) for one in found]


def decision(daemon: Daemon, conversation: str) -> tuple[str, str | None]:
    def look() -> tuple[str, str | None] | None:
        for event in daemon.events(conversation=conversation):
            if event["type"] == "approval.decided":
                return event["data"]["decision"], event["data"].get("message")
        return None

    found: tuple[str, str | None] = wait_for(look, "the decision")
    return found


def go(page: Page, daemon: Daemon, path: str) -> None:
    page.goto(daemon.base + path)
    expect(page.locator("#line")).to_have_attribute("data-state", "live")


def test_a_number_answers_the_card_that_is_in_view(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    expect(page.locator(".ask-now")).to_have_count(1)
    page.keyboard.press("9")
    page.keyboard.press("1")

    expect(page.locator(".ask-answer")).to_contain_text("Allowed (Yes)")
    assert decision(daemon, conversation)[0] == "allow_once"


def test_a_number_that_is_typed_into_a_field_answers_nothing(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    page.focus("#message")
    page.keyboard.type("123")

    expect(page.locator("#message")).to_have_value("123")
    page.evaluate("document.body.dataset.keys = 'off'; document.activeElement.blur()")
    page.keyboard.press("1")
    expect(page.locator(".ask-now kbd").first).to_be_hidden()
    assert pending(daemon, conversation)


def test_a_key_that_is_pressed_as_a_card_comes_up_answers_nothing(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, f"/conversations/{conversation}")
    page.evaluate(
        """() => new MutationObserver((_, observer) => {
          const card = document.querySelector(".ask-open");
          if (!card) return;
          observer.disconnect();
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true, cancelable: true }));
          document.body.dataset.pressed = "";
        }).observe(document.getElementById("log"), { childList: true, subtree: true })"""
    )
    daemon.send(conversation, "ask")
    expect(page.locator("body[data-pressed] .ask-now")).to_have_count(1)
    assert pending(daemon, conversation)
    page.wait_for_function(
        """() => {
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true, cancelable: true }));
          return document.querySelector(".ask-answer");
        }"""
    )
    assert decision(daemon, conversation)[0] == "allow_once"


def test_a_no_asks_for_the_reason_and_the_agent_hears_it(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    expect(page.locator(".ask-say")).to_be_hidden()
    page.keyboard.press("3")
    expect(page.locator(".ask-say")).to_be_focused()
    page.keyboard.type("1 is wrong")
    page.keyboard.press("Escape")
    expect(page.locator(".ask-say")).to_be_hidden()
    expect(page.get_by_role("button", name="No", exact=True)).to_be_focused()
    expect(page.locator("#stop")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator(".ask-say")).to_have_value("1 is wrong")
    page.keyboard.press("Enter")

    expect(page.locator(".ask-answer")).to_contain_text("Denied (No): 1 is wrong")
    assert decision(daemon, conversation) == ("reject_once", "1 is wrong")


def test_a_no_without_a_reason_is_one_more_press_of_the_same_button(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    no = page.get_by_role("button", name="No", exact=True)
    no.click()
    no.click()

    expect(page.locator(".ask-answer")).to_contain_text("Denied")
    assert decision(daemon, conversation) == ("reject_once", None)


def test_after_an_answer_the_focus_has_a_place(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon, prompt="ask; ask")
    go(page, daemon, f"/conversations/{conversation}")
    page.get_by_role("button", name="Yes", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ask-done")).to_have_count(1)
    expect(page.locator(".ask-open")).to_have_count(1)
    page.get_by_role("button", name="Yes", exact=True).focus()
    page.keyboard.press("Enter")

    expect(page.locator(".ask-done")).to_have_count(2)
    expect(page.locator("#message")).to_be_focused()


def test_a_request_that_the_agent_withdraws_says_so(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})

    expect(page.locator(".ask-answer")).to_contain_text("Withdrawn")
    expect(page.locator(".ask-do")).to_have_count(0)


def test_the_strip_leads_to_the_card(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon, prompt="long 20000; ask")
    go(page, daemon, f"/conversations/{conversation}")
    page.locator(".log").evaluate("log => { log.scrollTop = -log.scrollHeight }")
    expect(page.locator(".ask-card")).not_to_be_in_viewport()
    page.keyboard.press("1")
    assert pending(daemon, conversation), "a card that is out of sight is not answered by a key"
    page.locator("#strip .ask-link").click()

    expect(page.locator(".ask-card")).to_be_in_viewport()
    page.keyboard.press("1")
    expect(page.locator(".ask-answer")).to_contain_text("Allowed")


# -- the inbox --------------------------------------------------------------------------------------------------------
def test_the_inbox_has_the_requests_of_all_conversations_oldest_first_and_follows_them(
    daemon: Daemon, opened: Open
) -> None:
    first = asking(daemon, "First")
    page = opened()
    go(page, daemon, "/inbox")
    second = asking(daemon, "Second")

    links = page.locator("#asks .ask-place a")
    expect(links).to_have_text(["First", "Second"])
    expect(page.locator("#inbox-count")).to_have_text("2 decisions")
    daemon.api("POST", f"/approvals/{pending(daemon, first)[0]}", {"decision": "reject_once"})
    expect(links).to_have_text(["Second"])
    expect(page.locator("#settled li").first).to_contain_text("Denied")
    expect(page.locator("#settled li").first).to_contain_text("the command line")
    daemon.api("DELETE", f"/conversations/{second}")
    expect(page.locator("#asks li")).to_have_count(0)
    expect(page.locator(".inbox-empty")).to_be_visible()
    expect(page.locator("#inbox-count")).to_have_text("Nothing waits")


def test_the_inbox_is_worked_through_by_keyboard(daemon: Daemon, opened: Open) -> None:
    one, two, three = (asking(daemon, title) for title in ("One", "Two", "Three"))
    page = opened()
    go(page, daemon, "/inbox")
    card = page.locator("#asks .ask-card")
    expect(card).to_have_count(3)
    page.keyboard.press("j")
    expect(card.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(card.nth(1)).to_be_focused()
    page.keyboard.press("3")
    page.keyboard.type("not that")
    page.keyboard.press("Enter")
    expect(card).to_have_count(2)
    expect(card.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(card.nth(0)).to_be_focused()
    page.keyboard.press("1")
    expect(card).to_have_count(1)
    expect(card.nth(0)).to_be_focused()
    page.keyboard.press("1")

    expect(page.locator(".inbox-empty")).to_be_visible()
    expect(page.locator("#main")).to_be_focused()
    found = [decision(daemon, conversation) for conversation in (one, two, three)]
    assert found == [("allow_once", None), ("reject_once", "not that"), ("allow_once", None)]


def test_what_is_typed_in_the_inbox_stays_when_other_requests_come_and_go(
    daemon: Daemon, opened: Open
) -> None:
    first, _ = asking(daemon, "One"), asking(daemon, "Two")
    page = opened()
    go(page, daemon, "/inbox")
    page.locator("#asks li").nth(1).get_by_role("button", name="No", exact=True).click()
    page.keyboard.type("because")
    asking(daemon, "Three")
    expect(page.locator("#asks li")).to_have_count(3)
    daemon.api("POST", f"/approvals/{pending(daemon, first)[0]}", {"decision": "allow_once"})
    expect(page.locator("#asks li")).to_have_count(2)

    field = page.locator("#asks .ask-say").first
    expect(field).to_be_focused()
    expect(field).to_have_value("because")


def test_the_inbox_says_who_decided(daemon: Daemon, opened: Open) -> None:
    page, _ = opened(), asking(daemon, "Mine")
    go(page, daemon, "/inbox")
    page.get_by_role("button", name="Yes", exact=True).click()

    row = page.locator("#settled li").first
    expect(row).to_contain_text("Mine")
    expect(row).to_contain_text("Chrom")


def test_without_script_the_inbox_is_answered_by_forms(daemon: Daemon, opened: Open) -> None:
    conversation = asking(daemon, "Plain")
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/inbox")
    page.locator(".ask-say").fill("no script")
    page.get_by_role("button", name="No", exact=True).click()
    page.wait_for_url("**/inbox")

    assert decision(daemon, conversation) == ("reject_once", "no script")
    expect(page.locator(".inbox-empty")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_the_strip_leads_to_a_request_that_the_page_does_not_show(
    daemon: Daemon, opened: Open, script: bool
) -> None:
    conversation = asking(daemon, prompt="emit 150; ask")
    page = opened(java_script_enabled=script)
    page.goto(f"{daemon.base}/conversations/{conversation}?before=60")
    page.locator("#strip .ask-link").click()

    expect(page.locator(".ask-open")).to_be_in_viewport()
