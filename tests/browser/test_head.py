"""The head of a conversation: its name, what runs it and how, how full its context is."""

from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.test_composer import go, write
from tests.support.daemon import Daemon, wait_for

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def test_mode_and_model_are_chosen_at_the_message_and_bypass_is_seen_all_the_time(
    daemon: Daemon, opened: Open
) -> None:
    page, other, conversation = opened(), opened(), daemon.conversation()
    go(page, daemon, conversation)
    go(other, daemon, conversation)
    page.get_by_label("Permission mode").select_option("bypass")
    for one in (page, other):
        expect(one.locator("#strip .tag-bypass")).to_have_text("Asks nothing")
        expect(one.locator("#facts .tag-bypass")).to_be_visible()
        expect(one.get_by_label("Permission mode")).to_have_value("bypass")
    page.get_by_label("Model").fill("big")
    page.get_by_label("Model").press("Enter")
    expect(other.locator("#facts")).to_contain_text("big")
    write(page, "ask")

    expect(page.locator(".end-line")).to_contain_text("Finished")
    expect(page.locator(".ask-card")).to_have_count(0)
    row = daemon.api("GET", f"/conversations/{conversation}")["conversation"]
    assert (row["mode"], row["model"]) == ("bypass", "big")


def test_a_turn_that_began_in_bypass_shows_it_until_it_ends(daemon: Daemon, opened: Open) -> None:
    """Another mode was chosen meanwhile: who took that on at once is not known, so it is said how it began."""
    page, conversation = opened(), daemon.conversation(mode="bypass")
    go(page, daemon, conversation)
    write(page, "emit 3000 rate 30")
    expect(page.locator("#stop-button")).to_be_visible()
    page.get_by_label("Permission mode").select_option("ask")

    for place in ("#strip", "#facts"):
        expect(page.locator(place)).to_contain_text("Began asking nothing")
        expect(page.locator(f"{place} .tag-bypass")).to_be_visible()
    expect(page.locator("#facts")).to_contain_text("Asks first")
    daemon.api("POST", f"/conversations/{conversation}/cancel")
    expect(page.locator("#facts .tag-bypass")).to_have_count(0)
    expect(page.locator("#strip .tag-bypass")).to_have_count(0)


def test_how_a_choice_holds_is_said_so_that_it_is_true_of_every_agent(daemon: Daemon, opened: Open) -> None:
    page = opened()
    go(page, daemon, daemon.conversation())

    for label in ("Permission mode", "Model"):
        said = page.get_by_label(label).get_attribute("title")
        assert said is not None
        assert "at once where the agent can, else from the next turn on" in said


def test_the_name_is_changed_where_it_stands(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation(title="Old name")
    go(page, daemon, conversation)
    page.locator("#title > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#rename")).to_be_focused()
    page.keyboard.type("New name")
    page.keyboard.press("Enter")

    expect(page.locator("#title h1")).to_have_text("New name")
    expect(page.locator("#rename")).to_be_hidden()
    expect(page.locator("#title > summary")).to_be_focused()


def test_the_focus_stays_with_the_name_whoever_is_quicker(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation(title="Old name")
    go(page, daemon, conversation)
    answers: list[tuple[Route, APIResponse]] = []
    page.route("**/title", lambda route: answers.append((route, route.fetch())))
    page.locator("#title > summary").click()
    expect(page.locator("#rename")).to_be_focused()
    page.keyboard.type("New name")
    page.keyboard.press("Enter")

    expect(page.locator("#title h1")).to_have_text("New name")
    wait_for(lambda: page.wait_for_timeout(20) or answers, "the answer")
    route, answer = answers.pop()
    route.fulfill(response=answer)
    expect(page.locator("#rename")).to_be_hidden()
    expect(page.locator("#title > summary")).to_be_focused()

    daemon.api("PATCH", f"/conversations/{conversation}", {"title": "From elsewhere"})
    expect(page.locator("#title h1")).to_have_text("From elsewhere")
    expect(page.locator("#title > summary")).to_be_focused()


def test_the_head_says_how_full_the_context_is(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), daemon.conversation()
    go(page, daemon, conversation)
    expect(page.locator("#gauges .meter")).to_have_count(0)
    write(page, "emit 1")

    expect(page.locator("#gauges .meter")).to_have_count(1)
    expect(page.locator("#gauges")).to_contain_text("of 200k")
