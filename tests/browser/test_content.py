"""What the transcript shows, in a real browser: an item of every kind, told by a stand-in for Claude Code."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import shape
from tests.render.hostile import STRINGS
from tests.support import gallery
from tests.support.daemon import Daemon
from tests.support.gallery import CHAPTERS, call

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
ODD = "x = '\u202e'  # \x1b[31m\ttab\n\n  end \u200b"
MORE: dict[str, list[gallery.Step]] = {
    "odd": [{"text": f"```python\n{ODD}\n```"}],
    "long": [{"text": "# Long\n\n" + "A paragraph of *many*.\n\n" * 3000 + "## The end"}],
    "hostile": [
        step
        for text in STRINGS
        for step in (
            {"text": text},
            {"think": text},
            call(text or "x", {text: text}, text),
            call("Bash", {"command": text, "description": text}, text),
            call(
                "Edit", {"file_path": text, "old_string": text, "new_string": text + "y"}, text, failed=True
            ),
            call("WebSearch", {"query": text}, f"Links: {text}"),
        )
    ],
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    one = gallery.daemon(tmp_path_factory.mktemp("daemon"), {**CHAPTERS, **MORE})
    try:
        yield one.start()
    finally:
        one.close()


@pytest.fixture(scope="module")
def told(daemon: Daemon) -> Callable[[str], str]:
    """The URL of a conversation in which a chapter was told."""
    known: dict[str, str] = {}

    def tell(chapter: str) -> str:
        if chapter not in known:
            known[chapter] = gallery.tell(daemon, chapter)
        return f"{daemon.base}/conversations/{known[chapter]}"

    return tell


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


COPY: dict[str, Any] = {"permissions": ["clipboard-read", "clipboard-write"]}


def test_copy_gives_the_exact_source(told: Callable[[str], str], opened: Open) -> None:
    page = opened(**COPY)
    page.goto(told("odd"))
    page.locator("figure.code [data-do=copy]").click()

    expect(page.locator("figure.code [data-do=copy]")).to_have_text("Copied")
    assert clipboard(page) == ODD
    expect(page.locator("figure.code [data-do=copy]")).to_have_text("Copy")


def test_a_message_is_copied_as_it_was_written(told: Callable[[str], str], opened: Open) -> None:
    page = opened(**COPY)
    page.goto(told("prose"))
    page.locator("article.md").hover()
    page.get_by_role("link", name="Copy").last.click()

    expect(page.get_by_role("link", name="Copied")).to_have_count(1)
    assert clipboard(page) == gallery.MARKDOWN


def test_on_a_touch_screen_copy_comes_with_a_tap_and_moves_nothing(
    told: Callable[[str], str], opened: Open
) -> None:
    page = opened(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, **COPY)
    page.goto(told("prose"))
    handles, messages = page.locator(".handles"), page.locator("#log > :is(.md, .item-user)")
    expect(page.locator("#line")).to_have_attribute("data-state", "live")
    for number in range(handles.count()):
        expect(handles.nth(number)).to_have_css("opacity", "0")
    message = page.locator("#log > .md").last
    places = "all => all.map(one => [one.offsetTop, one.offsetHeight])"
    before, copy = messages.evaluate_all(places), message.locator(".handles a")
    box = copy.bounding_box()
    assert box

    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(message.locator(".handles")).to_have_css("opacity", "1")
    assert messages.evaluate_all(places) == before
    expect(copy).to_have_accessible_name("Copy")
    copy.tap()
    expect(copy).to_have_accessible_name("Copied")
    assert clipboard(page) == gallery.MARKDOWN


def test_a_difference_is_copied_as_a_patch(told: Callable[[str], str], opened: Open) -> None:
    page = opened(**COPY)
    page.goto(told("files"))
    body = page.locator("details.tool", has_text="MultiEdit").locator(".body").first
    body.hover()
    body.locator("[data-do=copy]").click()

    expect(body.locator("[data-do=copy]")).to_have_text("Copied")
    assert clipboard(page) == "-const a = 1;\n+const a = 2;"


def test_long_lines_wrap_when_asked_to(told: Callable[[str], str], opened: Open) -> None:
    page = opened()
    page.goto(told("prose"))
    block = page.locator("figure.code").last
    wide = "e => e.querySelector('pre').scrollWidth > e.querySelector('pre').clientWidth"
    assert block.evaluate(wide)

    block.locator("[data-do=wrap]").click()

    assert not block.evaluate(wide)
    expect(block.locator("[data-do=wrap]")).to_have_attribute("aria-pressed", "true")


def test_pictures_keep_their_place_and_are_enlarged(told: Callable[[str], str], opened: Open) -> None:
    page = opened()
    page.goto(told("others"))
    image = page.locator(".shot img")
    image.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.shot img').complete")

    assert image.evaluate("e => [e.naturalWidth, e.naturalHeight]") == [640, 360]
    assert image.evaluate("e => [e.width / e.height]")[0] == pytest.approx(640 / 360, abs=0.02)
    image.click()
    expect(page.locator("dialog#zoom img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#zoom")).not_to_be_visible()


def test_a_retry_counts_down_and_a_sub_agent_says_how_much_it_has_done(
    told: Callable[[str], str], opened: Open
) -> None:
    page = opened()
    page.goto(told("agents"))

    expect(page.locator(".notice time[data-countdown]").last).to_have_attribute(
        "data-left", re.compile(r"^\d+ d$")
    )
    expect(page.locator("summary .calls")).to_have_text("2 tool calls")
    page.locator("details.tool", has_text="Find every greeting").first.locator("> summary").click()
    expect(page.locator(".nest > .tool")).to_have_count(2)


def test_what_came_live_is_what_a_reload_shows(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = daemon.conversation("claude-code")
    page.goto(f"{daemon.base}/conversations/{conversation}")
    expect(page.locator("#line-word")).to_have_text("Live")
    for number, chapter in enumerate(("prose", "files", "shell", "others", "agents"), 1):
        page.fill("#message", chapter)
        page.click("#send")
        expect(page.locator(".end-line")).to_have_count(number, timeout=60_000)
    expect(page.locator(".conv-unread[aria-current]")).to_have_count(0)
    before = shape(page)
    page.reload()
    expect(page.locator("#line-word")).to_have_text("Live")

    assert shape(page)["log"] == before["log"]


@pytest.mark.parametrize("script", [True, False])
def test_all_of_a_long_message_is_one_click_away(
    told: Callable[[str], str], opened: Open, script: bool
) -> None:
    page = opened(java_script_enabled=script)
    page.goto(told("long"))
    expect(page.locator("#log .md h2")).to_have_count(0)
    page.get_by_role("link", name="Show all").click()

    expect(page.locator("#log .md h2")).to_have_text("The end")
    expect(page.locator("#log .md > p em")).to_have_count(3000)


def test_hostile_text_is_inert_in_every_field(
    daemon: Daemon, told: Callable[[str], str], opened: Open
) -> None:
    page = opened()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    page.goto(told("hostile"))
    expect(page.locator("#line-word")).to_have_text("Live")
    page.evaluate("for (const one of document.querySelectorAll('#log details')) one.open = true")
    page.mouse.wheel(0, -20_000)

    assert [url for url in asked if not url.startswith(f"{daemon.base}/")] == []
    assert (
        page.evaluate(
            "document.querySelectorAll('#log :is(script, style, iframe, object, svg script, math)').length"
        )
        == 0
    )
    assert page.locator("#log, #stream, #zoom").count() == 2


@pytest.mark.parametrize("chapter", ["prose", "files", "shell", "others", "agents"])
def test_nothing_reaches_past_the_window(told: Callable[[str], str], opened: Open, chapter: str) -> None:
    page = opened()
    page.goto(told(chapter))
    page.evaluate("for (const one of document.querySelectorAll('#log details')) one.open = true")
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 800})

        fits = page.evaluate("[innerWidth, document.documentElement.scrollWidth <= innerWidth]")
        assert fits == [width, True]
        assert page.evaluate(
            "document.querySelector('.log').scrollWidth <= document.querySelector('.log').clientWidth"
        )


def test_everything_can_be_read_without_javascript(told: Callable[[str], str], opened: Open) -> None:
    page = opened(java_script_enabled=False)
    page.goto(told("others"))
    expect(page.locator("[data-do=copy]").first).not_to_be_visible()
    page.locator("details.tool", has_text="create_issue").locator("> summary").click()
    expect(page.locator("details.tool", has_text="create_issue").locator(".pairs")).to_be_visible()
    page.locator(".shot a").click()
    page.wait_for_url("**/pictures/0")
