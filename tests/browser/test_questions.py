"""Questions and plans of agents: chosen from by hand, by key and without JavaScript; what was chosen stays to be seen."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.daemon import Daemon, wait_for

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
HOW, ABOUT = "How shall I greet you?", "What shall I greet you about?"


@pytest.fixture(autouse=True)
def answered(daemon: Daemon) -> Iterator[None]:
    """What one test leaves open is not in the next one's inbox."""
    yield
    for one in daemon.api("GET", "/approvals")["approvals"]:
        daemon.api("DELETE", f"/conversations/{one['conversationId']}")


def asking(daemon: Daemon, prompt: str = "question", **more: Any) -> str:
    """A conversation whose agent waits for an answer."""
    conversation = daemon.conversation(**more)
    daemon.send(conversation, prompt)
    wait_for(lambda: pending(daemon, conversation), "the request")
    return conversation


def pending(daemon: Daemon, conversation: str) -> list[str]:
    found = daemon.api("GET", f"/approvals?conversation={conversation}")["approvals"]
    return [str(one["id"]) for one in found]


def decided(daemon: Daemon, conversation: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        events = daemon.events(conversation=conversation)
        return next((one["data"] for one in events if one["type"] == "approval.decided"), None)

    found: dict[str, Any] = wait_for(look, "the decision")
    return found


def go(page: Page, daemon: Daemon, path: str) -> None:
    page.goto(daemon.base + path)
    expect(page.locator("#line")).to_have_attribute("data-state", "live")


def test_a_question_is_answered_by_choosing(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    page.get_by_role("group", name=HOW).get_by_role("radio", name="Properly").check()
    about = page.get_by_role("group", name=ABOUT)
    about.get_by_role("checkbox", name="Tests, passed or not").check()
    about.get_by_role("checkbox", name="Tea").check()
    page.get_by_role("button", name="Send", exact=True).first.click()

    expect(page.locator(".ask-done .chosen")).to_have_count(3)
    assert decided(daemon, conversation)["answers"] == {
        HOW: {"chosen": ["Properly"]},
        ABOUT: {"chosen": ["Tests, passed or not", "Tea"]},
    }
    expect(page.locator(".md").last).to_contain_text('"Tests, passed or not", Tea')
    page.reload()
    expect(page.locator(".ask-done .chosen")).to_have_text([re.compile("Properly"), re.compile("Tests"), re.compile("Tea")])  # fmt: skip
    expect(page.locator(".ask-done .chosen").first).to_be_visible()
    expect(page.locator("form.ask-form")).to_have_count(0)


def test_a_question_is_answered_by_the_keyboard_alone(daemon: Daemon, opened: Open) -> None:
    """Numbers choose, Enter sends."""
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    expect(page.locator(".ask-now")).to_have_count(1)
    page.keyboard.press("1")
    page.keyboard.press("3")
    page.keyboard.press("7")
    page.keyboard.press("5")
    page.keyboard.press("7")
    expect(page.get_by_role("radio", name="In verse")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Tea")).not_to_be_checked()
    page.keyboard.press("Enter")

    expect(page.locator(".ask-done .chosen")).to_have_count(2)
    assert decided(daemon, conversation)["answers"] == {
        HOW: {"chosen": ["In verse"]},
        ABOUT: {"chosen": ["The weather"]},
    }


def test_other_is_answered_in_words(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    field = page.get_by_role("group", name=HOW).get_by_role("textbox")
    expect(field).to_be_hidden()
    page.get_by_role("group", name=HOW).get_by_role("radio", name="Other").check()
    field.fill("Not before noon,\nand <b>softly</b>")
    page.get_by_role("button", name="Send", exact=True).first.click()

    expect(page.locator(".quiz-words")).to_contain_text("Not before noon,")
    expect(page.locator(".quiz-words")).to_contain_text("<b>softly</b>")
    assert decided(daemon, conversation)["answers"] == {HOW: {"words": "Not before noon,\nand <b>softly</b>"}}


def test_what_is_missing_is_asked_for_and_what_was_chosen_stays(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    page.get_by_role("checkbox", name="Tea").check()
    send = page.get_by_role("button", name="Send", exact=True).first
    send.click()
    assert pending(daemon, conversation), "the browser asks for the missing answer"
    page.get_by_role("group", name=HOW).get_by_role("radio", name="Other").check()
    send.click()

    expect(page.locator(".ask-form .error")).to_contain_text("is not answered")
    expect(page.get_by_role("checkbox", name="Tea")).to_be_checked()
    page.get_by_role("radio", name="Briefly").check()
    send.click()
    expect(page.locator(".ask-done .chosen")).to_have_count(2)


def test_who_does_not_answer_may_say_why(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    page.get_by_role("button", name="Don't answer").click()
    page.keyboard.type("ask me tomorrow")
    page.keyboard.press("Enter")

    expect(page.locator(".ask-answer")).to_contain_text("Not answered: ask me tomorrow")
    found = decided(daemon, conversation)
    assert (found["decision"], found["message"]) == ("reject_once", "ask me tomorrow")


def test_what_is_chosen_stays_when_the_page_catches_up(daemon: Daemon, opened: Open) -> None:
    """Its element comes again, as it does after a cut connection: what was chosen and written is the reader's."""
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    page.get_by_role("checkbox", name="Tea").check()
    page.get_by_role("group", name=HOW).get_by_role("radio", name="Other").check()
    page.get_by_role("group", name=HOW).get_by_role("textbox").fill("half a sen")
    page.evaluate(
        """async path => {
          const text = await (await fetch(path)).text();
          const fresh = new DOMParser().parseFromString(text, "text/html").querySelector(".tool-ask");
          window.agentguid.put(document.getElementById("log"), document.importNode(fresh, true));
          document.body.dataset.put = "";
        }""",
        f"{daemon.base}/conversations/{conversation}",
    )

    expect(page.locator("body[data-put]")).to_have_count(1)
    expect(page.get_by_role("checkbox", name="Tea")).to_be_checked()
    expect(page.get_by_role("group", name=HOW).get_by_role("radio", name="Other")).to_be_checked()
    expect(page.get_by_role("group", name=HOW).get_by_role("textbox")).to_have_value("half a sen")


def test_a_question_that_is_answered_elsewhere_is_answered_here(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, "/inbox")
    expect(page.locator("#asks .ask-pick")).to_have_count(8)
    body = {"decision": "allow_once", "answers": {HOW: "Briefly"}}
    daemon.api("POST", f"/approvals/{pending(daemon, conversation)[0]}", body)

    expect(page.locator("#asks li")).to_have_count(0)
    expect(page.locator("#settled li").first).to_contain_text("Answered: Briefly")


def test_a_question_that_the_agent_takes_back_cannot_be_answered(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon)
    go(page, daemon, f"/conversations/{conversation}")
    page.get_by_role("radio", name="Briefly").check()
    daemon.api("POST", f"/conversations/{conversation}/cancel", {})

    expect(page.locator(".ask-answer")).to_contain_text("Withdrawn")
    expect(page.locator(".ask-form")).to_have_count(0)


@pytest.mark.parametrize("place", ["conversation", "inbox"])
def test_without_script_a_question_is_answered_by_a_form(daemon: Daemon, opened: Open, place: str) -> None:
    conversation = asking(daemon)
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/inbox" if place == "inbox" else f"{daemon.base}/conversations/{conversation}")
    page.get_by_role("group", name=HOW).get_by_role("radio", name="Other").check()
    page.get_by_role("group", name=HOW).get_by_role("textbox").fill("with a bow")
    page.get_by_role("checkbox", name="The weather").check()
    page.get_by_role("button", name="Send", exact=True).first.click()

    page.wait_for_url("**/inbox" if place == "inbox" else f"**/conversations/{conversation}")
    assert decided(daemon, conversation)["answers"] == {
        HOW: {"words": "with a bow"},
        ABOUT: {"chosen": ["The weather"]},
    }


def test_questions_wait_for_a_daemon_that_is_started_again(daemon: Daemon, opened: Open) -> None:
    conversation = asking(daemon)
    daemon.stop()
    daemon.start()
    page = opened()
    go(page, daemon, f"/conversations/{conversation}")
    page.get_by_role("radio", name="Briefly").check()
    page.get_by_role("button", name="Send", exact=True).first.click()

    expect(page.locator(".md").last).to_contain_text("Briefly")


# -- plans ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answer", "mode", "words"),
    [
        ("Yes, and accept edits", "accept_edits", "Edits without asking"),
        ("Yes, and ask each time", "ask", "Asks first"),
    ],
)
def test_a_plan_is_accepted_together_with_a_mode(
    daemon: Daemon, opened: Open, answer: str, mode: str, words: str
) -> None:
    note = daemon.work / "demo-note.txt"
    note.unlink(missing_ok=True)
    page, conversation = opened(), asking(daemon, "plan", mode="plan")
    go(page, daemon, f"/conversations/{conversation}")
    card = page.locator(".ask-card")
    expect(card.get_by_role("heading", name="Write a note")).to_be_visible()
    expect(card.get_by_role("listitem")).to_have_count(2)
    card.get_by_role("button", name=answer).click()
    if mode == "ask":
        page.get_by_role("button", name="Yes", exact=True).click()
    daemon.ended(conversation)

    assert note.exists()
    assert daemon.api("GET", f"/conversations/{conversation}")["conversation"]["mode"] == mode
    expect(page.locator("[name=mode]").first).to_have_value(mode)
    expect(page.locator(".head")).to_contain_text(words)


def test_a_plan_that_is_refused_leaves_the_mode_as_it_is(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), asking(daemon, "plan", mode="plan")
    go(page, daemon, f"/conversations/{conversation}")
    page.keyboard.press("3")
    page.keyboard.type("shorter")
    page.keyboard.press("Enter")

    expect(page.locator(".ask-answer")).to_contain_text("Denied (No, keep planning): shorter")
    daemon.ended(conversation)
    assert daemon.api("GET", f"/conversations/{conversation}")["conversation"]["mode"] == "plan"


def test_a_mode_that_is_chosen_while_the_agent_works_holds_at_once(daemon: Daemon, opened: Open) -> None:
    conversation = asking(daemon, "question; ask")
    daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "accept_edits"})
    body = {"decision": "allow_once", "answers": {HOW: "Briefly"}}
    daemon.api("POST", f"/approvals/{pending(daemon, conversation)[0]}", body)
    turn = daemon.ended(conversation)

    assert turn["status"] == "complete"
    assert [one["data"]["tool"] for one in daemon.events(conversation=conversation) if one["type"] == "approval.requested"] == ["AskUserQuestion"]  # fmt: skip
