"""The page in a real browser, against a real daemon with the demo agent."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import shape
from tests.support.daemon import Daemon

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def go(page: Page, daemon: Daemon, conversation: str) -> None:
    page.goto(f"{daemon.base}/conversations/{conversation}")


def send(page: Page, text: str) -> None:
    page.fill("#message", text)
    page.click("#send")


def live(page: Page) -> None:
    expect(page.locator("#line-word")).to_have_text("Live")


def test_a_prompt_is_sent_and_the_work_appears(daemon: Daemon, opened: Open) -> None:
    page = opened()
    page.goto(f"{daemon.base}/new")
    page.fill("#folder", str(daemon.work))
    page.fill("#first", "think; tool")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/conversations/*")

    expect(page.locator(".end-line")).to_contain_text("Finished")
    expect(page.locator("#log .user")).to_have_text("think; tool")
    expect(page.locator("details.tool b", has_text="Bash")).to_have_count(1)
    expect(page.locator("#live > *")).to_have_count(0)
    live(page)


def test_what_came_live_is_what_a_reload_shows(daemon: Daemon, opened: Open) -> None:
    page = opened()
    go(page, daemon, daemon.conversation())
    live(page)
    send(page, "think; tool; emit 5")
    expect(page.locator(".end-line")).to_contain_text("Finished")
    expect(page.locator(".conv-unread[aria-current]")).to_have_count(0)

    before = shape(page)
    page.reload()
    live(page)

    assert shape(page) == before


def test_live_text_appears_before_it_is_finished(daemon: Daemon, opened: Open) -> None:
    page = opened()
    go(page, daemon, daemon.conversation())
    live(page)
    send(page, "emit 900 rate 20 size 400")

    expect(page.locator("#status")).to_have_text("Running")
    expect(page.get_by_role("button", name="Queue")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Stop now").click()

    expect(page.locator(".end-line")).to_contain_text("Interrupted")
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_enter_sends_and_empties_the_field_and_each_message_has_its_own_key(
    daemon: Daemon, opened: Open
) -> None:
    page = opened()
    conversation = daemon.conversation()
    go(page, daemon, conversation)
    live(page)
    first = page.input_value("#composer-key")
    page.fill("#message", "emit 1")
    page.press("#message", "Enter")

    expect(page.locator("#message")).to_have_value("")
    expect(page.locator("#composer-key")).not_to_have_value(first)
    page.fill("#message", "emit 1")
    page.press("#message", "Shift+Enter")
    page.type("#message", "emit 2")
    page.press("#message", "Enter")
    expect(page.locator(".end-line")).to_have_count(2)

    users = [item["data"] for item in daemon.items(conversation) if item["type"] == "user"]
    assert len(users) == 2


def test_messages_wait_in_the_queue_where_they_can_be_changed_and_removed(
    daemon: Daemon, opened: Open
) -> None:
    page = opened()
    go(page, daemon, daemon.conversation())
    live(page)
    send(page, "ask")
    expect(page.locator(".ask-card")).to_be_visible()
    for text in ("emit 2", "emit 3"):
        send(page, text)
        expect(page.locator("#queue textarea").last).to_have_value(text)
    page.locator("#queue textarea").first.click()
    page.locator("#queue textarea").first.fill("emit 1 changed")
    page.get_by_role("button", name="Save message 1").click()
    page.get_by_role("button", name="Remove message 2").click()
    expect(page.locator("#queue li")).to_have_count(1)
    page.locator(".ask-do button[name=option]").first.click()

    expect(page.locator(".user").nth(1)).to_have_text("emit 1 changed")
    expect(page.locator("#queue li")).to_have_count(0)


def test_an_approval_is_answered_once_and_the_second_answer_hears_of_the_first(
    daemon: Daemon, opened: Open
) -> None:
    page, other = opened(), opened()
    conversation = daemon.conversation()
    go(page, daemon, conversation)
    live(page)
    send(page, "ask")
    expect(page.locator(".ask-do")).to_be_visible()
    go(other, daemon, conversation)
    expect(other.locator("#needs")).to_contain_text("1")
    option = other.locator(".ask-do button[name=option]").last
    value = option.get_attribute("value")
    page.locator(".ask-do button[name=option]").first.click()

    expect(page.locator(".ask-answer")).to_contain_text("Allowed")
    expect(other.locator(".ask-answer")).to_contain_text("Allowed")
    answer = other.evaluate(
        """async value => {
          const url = location.pathname + "/approvals/" + document.querySelector(".ask-card").id.slice(2);
          const sent = {method: "POST", headers: {"HX-Request": "true"}, body: new URLSearchParams({option: value})};
          const response = await fetch(url, sent);
          return [response.status, await response.text()];
        }""",
        value,
    )
    assert answer[0] == 409


def test_the_page_catches_up_by_itself_after_the_daemon_was_killed(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = daemon.conversation()
    go(page, daemon, conversation)
    live(page)
    page.evaluate("window.mark = 'not reloaded'")
    send(page, "emit 60 rate 20")
    expect(page.locator("#log > .item").nth(3)).to_be_attached()
    daemon.kill()
    expect(page.locator("#line-word")).to_contain_text("Reconnecting")
    daemon.start()

    expect(page.locator(".end-line")).to_contain_text("Finished", timeout=40_000)
    live(page)
    assert page.evaluate("window.mark") == "not reloaded"
    expect(page.locator(".conv-unread[aria-current]")).to_have_count(0)
    before = shape(page)
    page.reload()
    live(page)
    assert shape(page) == before


def test_a_page_that_lacks_too_much_gets_the_newest_window(daemon: Daemon, opened: Open) -> None:
    """And keeps what the reader has typed."""
    page = opened()
    conversation = daemon.conversation()
    go(page, daemon, conversation)
    live(page)
    page.evaluate("window.mark = 'not reloaded'")
    page.fill("#message", "half a thought")
    page.route("**/stream*", lambda route: route.abort())
    page.evaluate("document.getElementById('stream')._htmx.sse.reader.cancel()")
    expect(page.locator("#line-word")).to_contain_text("Reconnecting")
    daemon.ended(conversation, daemon.send(conversation, "emit 700")["session"]["id"])
    page.unroute("**/stream*")

    expect(page.locator(".end-line")).to_be_attached(timeout=40_000)
    expect(page.locator("#log .item")).to_have_count(100)
    live(page)
    assert page.evaluate("window.mark") == "not reloaded"
    assert page.input_value("#message") == "half a thought"
    page.locator(".log").evaluate("log => log.scrollTop = -1e6")
    expect(page.locator("#log .item")).to_have_count(200)


def test_older_items_are_added_above(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = daemon.conversation()
    daemon.ended(conversation, daemon.send(conversation, "emit 150")["session"]["id"])
    go(page, daemon, conversation)
    live(page)
    assert page.locator("#log .item").count() == 100

    page.locator(".log").evaluate("log => log.scrollTop = -1e6")

    expect(page.locator("#log .item")).to_have_count(152)
    numbers = page.evaluate("[...document.querySelectorAll('#log > .item')].map(x => +x.dataset.seq)")
    assert numbers == list(range(1, 153))
    expect(page.locator("#older")).to_have_count(0)


def test_what_the_reader_opened_stays_open_when_the_item_changes(daemon: Daemon, opened: Open) -> None:
    page = opened()
    go(page, daemon, daemon.conversation())
    live(page)
    send(page, "ask")
    summary = page.locator("details.tool-ask > summary")
    summary.click()
    expect(page.locator("details.tool-ask")).not_to_have_attribute("open", "")
    summary.click()
    page.locator(".ask-do button[name=option]").first.click()

    expect(page.locator(".end-line")).to_contain_text("Finished")
    expect(page.locator("details.tool", has=page.locator(".ask-answer"))).to_have_attribute("open", "")


def test_a_draft_survives_a_reload_and_an_error(daemon: Daemon, opened: Open) -> None:
    page = opened()
    go(page, daemon, daemon.conversation())
    live(page)
    page.fill("#message", "half a thought")
    page.reload()
    expect(page.locator("#message")).to_have_value("half a thought")
    page.route("**/messages", lambda route: route.fulfill(status=409, body="the conversation was deleted"))
    page.click("#send")

    expect(page.locator(".sending")).to_contain_text("half a thought")
    expect(page.locator(".sending-why")).to_have_text("the conversation was deleted")
    page.get_by_role("button", name="Edit").click()
    expect(page.locator("#message")).to_have_value("half a thought")


def test_without_script_everything_works_by_forms_and_links(daemon: Daemon, opened: Open) -> None:
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/new")
    page.fill("#folder", str(daemon.work))
    page.fill("#first", "ask")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/conversations/*")
    conversation = page.url.rpartition("/")[2]
    _until(page, ".ask-do")
    page.fill("#message", "emit 3")
    page.get_by_role("button", name="Queue").click()
    expect(page.locator("#queue textarea")).to_have_value("emit 3")
    page.locator(".ask-do button[name=option]").first.click()
    daemon.ended(conversation)
    _until(page, ".end-line >> nth=1")
    page.locator("#title > summary").click()
    page.fill("#rename", "Another name")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator("#title h1")).to_have_text("Another name")
    page.fill("#message", " ")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#composer-error")).to_have_text("message: must not be empty")
    page.locator(".menu > summary").click()
    page.get_by_text("Delete…").click()
    page.get_by_role("button", name="Delete this conversation").click()
    page.wait_for_url(f"{daemon.base}/")
    assert page.locator(f"#c-{conversation}").count() == 0


def _until(page: Page, selector: str) -> None:
    for _ in range(100):
        if page.locator(selector).count():
            return
        page.wait_for_timeout(100)
        page.reload()
    raise AssertionError(selector)


def test_the_list_follows_what_other_conversations_do(daemon: Daemon, opened: Open) -> None:
    page = opened()
    one, two = daemon.conversation(), daemon.conversation()
    go(page, daemon, one)
    live(page)
    daemon.ended(two, daemon.send(two, "emit 1")["session"]["id"])

    expect(page.locator("#convs .group li").first).to_have_id(f"c-{two}")
    expect(page.locator(f"#c-{two} .conv-unread")).to_have_count(1)
    daemon.api("DELETE", f"/conversations/{two}")
    expect(page.locator(f"#c-{two}")).to_have_count(0)


def test_the_home_page_says_what_needs_the_user(daemon: Daemon, opened: Open) -> None:
    page = opened()
    page.goto(f"{daemon.base}/")
    live(page)
    conversation = daemon.conversation()
    daemon.send(conversation, "ask")

    link = page.locator("#overview a", has_text="Decide")
    expect(link).to_have_count(1)
    link.click()
    page.wait_for_url("**#a-*")
    page.locator(".ask-do button[name=option]").first.click()
    daemon.ended(conversation)


def test_nothing_reaches_past_the_window(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = daemon.conversation()
    daemon.ended(conversation, daemon.send(conversation, "think; tool; fail")["session"]["id"])
    for path in ("/", "/new", "/settings", "/conversations", f"/conversations/{conversation}"):
        page.goto(daemon.base + path)
        live(page)
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            fits = page.evaluate("[innerWidth, document.documentElement.scrollWidth <= innerWidth]")
            assert fits == [width, True], path
