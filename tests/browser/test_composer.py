"""The composer: what is sent is seen at once and never lost, what waits can be changed, what runs can be stopped."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.daemon import Daemon, wait_for

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
TALK = "emit 900 rate 3"


def go(page: Page, daemon: Daemon, conversation: str) -> None:
    page.goto(f"{daemon.base}/conversations/{conversation}")
    expect(page.locator("#line")).to_have_attribute("data-state", "live")


def write(page: Page, text: str) -> None:
    page.fill("#message", text)
    page.press("#message", "Enter")


def said(daemon: Daemon, conversation: str) -> list[str]:
    return [item["data"]["text"] for item in daemon.items(conversation) if item["type"] == "user"]


def waiting(daemon: Daemon, conversation: str) -> list[str]:
    return [one["content"] for one in daemon.api("GET", f"/conversations/{conversation}/queue")["queue"]]


@pytest.fixture
def busy(daemon: Daemon, opened: Open) -> tuple[Page, str]:
    """A page whose agent works until it is stopped, with three messages behind it."""
    conversation = daemon.conversation()
    daemon.send(conversation, TALK)
    for text in ("emit 1 a", "emit 1 b", "emit 1 c"):
        daemon.send(conversation, text)
    page = opened()
    go(page, daemon, conversation)
    return page, conversation


# -- sending ----------------------------------------------------------------------------------------------------------
def test_a_message_is_seen_before_the_daemon_has_answered_and_then_once(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    held: list[Route] = []
    page.route("**/messages", lambda route: held.append(route))  # noqa: PLW0108  a builtin is refused
    write(page, "emit 1")

    expect(page.locator(".sending .said")).to_have_text("emit 1")
    expect(page.locator(".sending-word")).to_have_text("Sending…")
    expect(page.locator("#message")).to_have_value("")
    wait_for(lambda: page.wait_for_timeout(20) or held, "the request")
    held[0].continue_()
    expect(page.locator("#log .user")).to_have_text("emit 1")
    expect(page.locator(".sending")).to_have_count(0)
    expect(page.locator(".end-line")).to_contain_text("Finished")
    assert page.locator(".user").count() == 1


def test_messages_that_are_written_quickly_keep_their_order_and_none_is_doubled(
    daemon: Daemon, opened: Open
) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    words = [f"emit {number}" for number in range(1, 7)]
    for text in words:
        write(page, text)

    expect(page.locator(".end-line")).to_have_count(6)
    expect(page.locator("#log .user")).to_have_text(words)
    expect(page.locator(".sending")).to_have_count(0)


@pytest.mark.parametrize("offline", [False, True], ids=["refused", "offline"])
def test_what_could_not_be_sent_stays_and_is_sent_once_on_retry(
    daemon: Daemon, opened: Open, offline: bool
) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    if offline:
        page.context.set_offline(True)
    else:
        page.route("**/messages", lambda route: route.abort())
    write(page, "emit 2")
    expect(page.locator(".sending")).to_have_attribute("data-state", "failed")
    expect(page.locator(".sending-word")).to_have_text("Not sent")
    why = "This device is offline." if offline else "agentguid could not be reached."
    expect(page.locator(".sending-why")).to_have_text(why)
    page.context.set_offline(False)
    page.unroute("**/messages")
    page.get_by_role("button", name="Retry").click()

    expect(page.locator("#log .user")).to_have_text("emit 2")
    expect(page.locator(".sending")).to_have_count(0)
    assert said(daemon, conversation) == ["emit 2"]


def test_an_answer_that_was_lost_does_not_double_the_message(daemon: Daemon, opened: Open) -> None:
    """The daemon has it, the page does not know; and the page is loaded anew meanwhile."""
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/stream*", lambda route: route.abort())
    page.route("**/messages", lose)
    page.evaluate("document.getElementById('stream')._htmx.sse.reader.cancel()")
    write(page, "emit 2")
    expect(page.locator(".sending")).to_have_attribute("data-state", "failed")
    page.unroute("**/messages")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".sending")).to_have_attribute("data-state", "sent")
    page.unroute("**/stream*")

    expect(page.locator("#log .user")).to_have_text("emit 2", timeout=30_000)
    expect(page.locator(".sending")).to_have_count(0)
    assert said(daemon, conversation) == ["emit 2"]


def test_what_was_not_sent_survives_a_reload_and_can_be_edited(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    page.route("**/messages", lambda route: route.abort())
    write(page, "emit 1 <b>words</b>")
    expect(page.locator(".sending")).to_have_attribute("data-state", "failed")
    page.fill("#message", "a draft")
    page.reload()

    expect(page.locator(".sending .said")).to_have_text("emit 1 <b>words</b>")
    expect(page.locator("#message")).to_have_value("a draft")
    page.get_by_role("button", name="Edit").click()
    expect(page.locator("#message")).to_have_value("emit 1 <b>words</b>\n\na draft")
    expect(page.locator(".sending")).to_have_count(0)


def test_while_a_turn_runs_a_message_is_on_its_way_behind_the_queue(busy: tuple[Page, str]) -> None:
    page, _ = busy
    held: list[Route] = []
    page.route("**/messages", lambda route: held.append(route))  # noqa: PLW0108  a builtin is refused
    write(page, "emit 1 d")

    expect(page.locator("#outbox li")).to_contain_text("emit 1 d")
    wait_for(lambda: page.wait_for_timeout(20) or held, "the request")
    held[0].continue_()
    expect(page.locator("#queue li")).to_have_count(4)
    expect(page.locator("#outbox li")).to_have_count(0)


def test_the_key_that_sends_is_the_users_choice(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    page.evaluate("document.body.dataset.send = 'ctrl-enter'")
    expect(page.locator("#send")).to_contain_text("Ctrl ↵")
    page.fill("#message", "emit 1")
    page.press("#message", "Enter")
    page.type("#message", "emit 1")
    page.press("#message", "Control+Enter")

    expect(page.locator("#log .user")).to_have_text("emit 1\nemit 1")


# -- the queue --------------------------------------------------------------------------------------------------------
def test_the_queue_is_ordered_edited_and_emptied_by_keyboard(daemon: Daemon, busy: tuple[Page, str]) -> None:
    page, conversation = busy
    page.focus("#message")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#queue textarea").last).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("!")
    page.keyboard.press("Enter")
    wait_for(lambda: waiting(daemon, conversation)[-1] == "emit 1 c!", "the edit")
    page.get_by_role("button", name="Move message 3 up").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#queue textarea").nth(1)).to_have_value("emit 1 c!")
    expect(page.get_by_role("button", name="Move message 2 up")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#queue textarea").first).to_have_value("emit 1 c!")
    wait_for(lambda: waiting(daemon, conversation) == ["emit 1 c!", "emit 1 a", "emit 1 b"], "the order")
    for left in (2, 1):
        page.get_by_role("button", name="Remove message 1").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#queue li")).to_have_count(left)
        expect(page.get_by_role("button", name="Remove message 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#queue li")).to_have_count(0)
    expect(page.locator("#message")).to_be_focused()


def test_escape_takes_an_edit_back(daemon: Daemon, busy: tuple[Page, str]) -> None:
    page, conversation = busy
    page.locator("#queue textarea").first.fill("nonsense")
    page.keyboard.press("Escape")

    expect(page.locator("#queue textarea").first).to_have_value("emit 1 a")
    expect(page.locator("#message")).to_be_focused()
    expect(page.locator("#stop")).to_be_hidden()
    assert waiting(daemon, conversation)[0] == "emit 1 a"


def test_a_change_that_came_too_late_is_said_and_its_words_are_kept(
    daemon: Daemon, busy: tuple[Page, str]
) -> None:
    page, conversation = busy
    page.locator("#queue textarea").first.click()
    page.keyboard.type("half a change of ")
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})

    expect(page.locator("#composer-error")).to_contain_text("before your change was saved")
    value = page.input_value("#message")
    assert "half a change of " in value
    assert "emit 1 a" in value
    assert "half" not in "".join(said(daemon, conversation))


def test_on_a_phone_the_queue_is_one_line_until_it_is_opened(daemon: Daemon, opened: Open) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, TALK)
    for text in ("emit 1 a", "emit 1 b"):
        daemon.send(conversation, text)
    page = opened(viewport={"width": 390, "height": 844}, has_touch=True)
    go(page, daemon, conversation)

    expect(page.locator(".queue-sum")).to_have_text("2 messages wait")
    expect(page.locator("#queue li").first).to_be_hidden()
    page.focus("#queue-open")
    page.keyboard.press("Space")
    expect(page.locator("#queue li").first).to_be_visible()
    daemon.send(conversation, "emit 1 c")
    expect(page.locator("#queue li")).to_have_count(3)
    expect(page.locator("#queue li").first).to_be_visible()


def test_a_queue_that_a_failed_turn_holds_goes_on_when_the_user_says_so(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    for text in ("ask; fail", "emit 1", "emit 2"):
        write(page, text)
    wait_for(lambda: waiting(daemon, conversation) == ["emit 1", "emit 2"], "both to wait")
    daemon.allow(conversation)

    expect(page.locator("#strip")).to_contain_text(
        "The last turn did not come to its end, so 2 messages wait."
    )
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    assert said(daemon, conversation) == ["ask; fail"]
    page.get_by_role("button", name="Send next").click()
    expect(page.locator("#log .user")).to_have_text(["ask; fail", "emit 1", "emit 2"])
    expect(page.locator("#strip")).to_be_hidden()


# -- stopping ---------------------------------------------------------------------------------------------------------
def test_escape_asks_before_it_stops_and_the_safe_answer_has_the_focus(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation()
    daemon.send(conversation, TALK)
    go(page, daemon, conversation)
    page.focus("#message")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Keep running")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#message")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("#stop")).to_be_hidden()
    latest = daemon.latest(conversation)
    assert latest
    assert latest["status"] in ("pending", "active")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".end-line")).to_contain_text("Interrupted")
    expect(page.locator("#stop")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#stop")).to_be_hidden()


def test_the_question_goes_when_the_turn_ends_by_itself(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation()
    daemon.send(conversation, "ask")
    go(page, daemon, conversation)
    page.keyboard.press("Escape")
    expect(page.locator("#stop")).to_be_visible()
    daemon.allow(conversation)

    expect(page.locator(".end-line")).to_contain_text("Finished")
    expect(page.locator("#stop")).to_be_hidden()


# -- without JavaScript -----------------------------------------------------------------------------------------------
def test_without_script_the_queue_stop_and_choices_are_forms(daemon: Daemon, opened: Open) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, TALK)
    for text in ("emit 1 a", "emit 1 b"):
        daemon.send(conversation, text)
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/conversations/{conversation}")
    page.get_by_role("button", name="Move message 2 up").click()
    expect(page.locator("#queue textarea").first).to_have_value("emit 1 b")
    page.locator("#queue textarea").first.fill("emit 1 better")
    page.get_by_role("button", name="Save message 1").click()
    page.get_by_role("button", name="Remove message 2").click()
    expect(page.locator("#queue li")).to_have_count(1)
    assert waiting(daemon, conversation) == ["emit 1 better"]
    page.get_by_label("Permission mode").select_option("plan")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#facts")).to_contain_text("Plans only")
    kept = page.locator("#queue textarea").first
    kept.fill("too late")
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})
    wait_for(lambda: not waiting(daemon, conversation), "the next turn")
    page.get_by_role("button", name="Save message 1").click()

    expect(page.locator("#composer-error")).to_contain_text("does not wait any more")
    expect(page.locator("#message")).to_have_value("too late")


def test_without_script_stop_stops(daemon: Daemon, opened: Open) -> None:
    conversation = daemon.conversation()
    turn = daemon.send(conversation, TALK)["session"]["id"]
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/conversations/{conversation}")
    page.get_by_role("button", name=re.compile("^Stop")).click()

    assert daemon.ended(conversation, turn)["status"] == "interrupted"
