"""The page of import: what there is, taking it in, how far it is; with and without the page's script."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support import histories
from tests.support.daemon import Daemon

pytestmark = pytest.mark.browser


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path)
    histories.unpack(tmp_path / "home", "claude-code", "codex")
    try:
        yield one.start()
    finally:
        one.close()


def test_from_the_first_page_to_the_conversations(daemon: Daemon, opened: Callable[..., Page]) -> None:
    page = opened()
    page.goto(f"{daemon.base}/")
    expect(
        page.get_by_text("5 sessions of Claude Code, 2 sessions of Codex were found on this machine")
    ).to_be_visible()
    page.get_by_role("link", name="Take them in").click()
    expect(page.get_by_text("7 sessions can be taken in")).to_be_visible()
    page.get_by_role("checkbox", name="Codex").uncheck()

    page.get_by_role("button", name="Import").click()

    expect(page.get_by_text("5 sessions with")).to_be_visible()
    expect(page.get_by_text("2 sessions can be taken in")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Claude Code")).to_have_count(0)
    page.get_by_role("link", name="[[story]] write a note, please").first.click()
    expect(page.get_by_text("The note has two lines; the other file is missing.")).to_be_visible()


def test_it_works_without_script(daemon: Daemon, opened: Callable[..., Page]) -> None:
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/import")

    page.get_by_role("button", name="Import").click()

    expect(page).to_have_url(f"{daemon.base}/import")
    for _ in range(1000):
        if page.get_by_text("7 sessions with").count():
            break
        page.wait_for_timeout(100)
        page.reload()
    expect(page.get_by_text("7 sessions with")).to_be_visible()


def test_what_comes_by_itself_is_chosen(daemon: Daemon, opened: Callable[..., Page]) -> None:
    page = opened()
    page.goto(f"{daemon.base}/import")
    choices = page.get_by_role("group", name="What comes by itself")
    expect(choices.get_by_role("button", name="Run here")).to_have_attribute("aria-pressed", "true")
    choices.get_by_role("button", name="Nothing").click()
    expect(choices.get_by_role("button", name="Nothing")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Nothing appears here until you press Import.")).to_be_visible()
    for name in ("Claude Code", "Codex"):
        page.get_by_role("checkbox", name=name).set_checked(name == "Codex")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("2 sessions with")).to_be_visible()

    page.get_by_role("button", name="Keep it up to date").click()

    expect(choices.get_by_role("button", name="Everything")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Keep it up to date")).to_have_count(0)
    # At once, and not only at the next look half a minute later, and without another press of Import.
    expect(page.get_by_role("link", name="[[story]] write a note, please").first).to_be_visible()


def test_what_comes_by_itself_is_chosen_without_script(daemon: Daemon, opened: Callable[..., Page]) -> None:
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/import")

    page.get_by_role("button", name="Nothing").click()

    expect(page).to_have_url(f"{daemon.base}/import#by-itself")
    expect(page.get_by_role("button", name="Nothing")).to_have_attribute("aria-pressed", "true")
    assert daemon.api("GET", "/import")["watch"] == "off"


def test_settings_lead_there(daemon: Daemon, opened: Callable[..., Page]) -> None:
    page = opened()
    page.goto(f"{daemon.base}/settings")
    page.get_by_role("link", name="Import").click()

    expect(page.get_by_role("heading", name="Import")).to_be_visible()
