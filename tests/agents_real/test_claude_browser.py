"""A real Chromium watches genuine Claude Code at work, and answers it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.agents_real.work import Work
from tests.support.browser import chromium, sign_in

pytestmark = [pytest.mark.agents, pytest.mark.browser]

ITEMS = """() => [...document.querySelectorAll('#log [id^=i-]')].map(element => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll('time').forEach(time => time.remove());
    return [copy.id, copy.textContent.replace(/\\s+/g, ' ').trim()];
})"""
"""What the page shows: each item's element id and text, but for the times of day."""


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def test_each_step_appears_live_and_the_permission_is_clicked(work: Work, browser: Browser) -> None:
    """The page is opened before the prompt is sent, and never loaded again."""
    expect.set_options(timeout=15_000)
    conversation = work.daemon.conversation("claude-code")
    page = sign_in(work.daemon, browser)
    page.goto(f"{work.daemon.base}/conversations/{conversation}")
    loads: list[str] = []
    page.on("load", lambda _: loads.append(page.url))
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    log = page.locator("#log")

    page.locator("#message").fill("[[story]] write a note, please")
    page.keyboard.press("Enter")

    expect(log).to_contain_text("write a note, please")
    expect(log).to_contain_text("I'll write the note.")
    card = log.locator(".ask-card")
    expect(card).to_contain_text("note.txt")
    assert not (work.daemon.work / "note.txt").exists()
    card.get_by_role("button", name="Yes", exact=True).click()
    expect(log).to_contain_text("Now I'll count its lines.")
    expect(log).to_contain_text("2 note.txt")
    expect(log).to_contain_text("And something that fails.")
    expect(log).to_contain_text("No such file or directory")
    expect(log.get_by_role("heading", name="Done")).to_be_visible()
    expect(log.locator(".end-line")).to_have_count(1)

    assert work.daemon.ended(conversation)["status"] == "complete"
    assert (work.daemon.work / "note.txt").read_text() == "a note\nof two lines\n"
    live = page.evaluate(ITEMS)
    assert len({item for item, _ in live}) == len(live) == 10
    assert not loads
    assert not errors
    page.reload()
    expect(log).to_contain_text("And something that fails.")
    assert page.evaluate(ITEMS) == live


def test_words_appear_while_the_answer_is_still_being_written(work: Work, browser: Browser) -> None:
    conversation = work.daemon.conversation("claude-code")
    page = sign_in(work.daemon, browser)
    page.goto(f"{work.daemon.base}/conversations/{conversation}")

    work.daemon.send(conversation, "[[slow]] talk")

    expect(page.get_by_role("region", name="Transcript")).to_contain_text(
        "This is a long answer", timeout=15_000
    )
    latest = work.daemon.latest(conversation)
    assert latest
    assert latest["status"] == "active"
    assert not work.texts(conversation, "message"), "nothing of it is an event before it is finished"
    page.get_by_role("button", name="Stop").first.click()
    page.get_by_role("button", name="Stop now").click()
    assert work.daemon.ended(conversation)["status"] == "interrupted"
