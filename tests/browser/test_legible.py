"""What is to be read is not cut or covered, what is to be touched can be hit: on a phone first, measured in the page."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import sign_in
from tests.support.photos import DESK, PHONE
from tests.support.states import STATES, World

pytestmark = pytest.mark.browser
FINGER = 44
"""Pixels."""
CONTROLS = ".btn, .link, .pill, .nav, .ask-link, .ask-pick, .chip-x, .queue-sum, .import-from, .end a, summary, select"
HIT = """([what, least]) => {
  const missed = [];
  for (const one of document.querySelectorAll(what)) {
    const box = one.getBoundingClientRect(), x = box.x + box.width / 2;
    const hits = y => { const at = document.elementFromPoint(x, y); return at && (one.contains(at) || at.contains(one) && at.closest(what) === one); };
    if (!box.width || !one.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    let top = box.y + box.height / 2, bottom = top;
    if (!hits(top)) continue;                                          // something lies over it
    while (top > 0 && hits(top - 1)) top -= 1;
    while (bottom < innerHeight - 1 && hits(bottom + 1)) bottom += 1;
    const clipped = [...parents(one)].some(up => top - 1 < up.top || bottom + 1 > up.bottom);
    if (!clipped && bottom - top < least - 2) missed.push(`${one.tagName} ${one.className} ${one.innerText} ${Math.round(bottom - top)}`);
  }
  function* parents(one) {                                             // what scrolls, and shows a part of it only
    for (let up = one.parentElement; up; up = up.parentElement)
      if (up.scrollHeight > up.clientHeight + 1 && getComputedStyle(up).overflowY != "visible") yield up.getBoundingClientRect();
  }
  return missed; }"""
OVER = """(what) => {
  const boxes = [...document.querySelectorAll(what)].filter(one => one.checkVisibility()).map(one => [one.innerText || one.name, one.getBoundingClientRect()]);
  const wide = document.querySelector(".composer").getBoundingClientRect();
  return boxes.flatMap(([name, a], n) => [
    ...(a.left < wide.left || a.right > wide.right ? [`${name} reaches out`] : []),
    ...boxes.slice(n + 1).filter(([, b]) => a.left < b.right - 5 && b.left < a.right - 5 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
      .map(([other]) => `${name} lies on ${other}`)]); }"""


@pytest.fixture(scope="module")
def phone(used: World, browser: Browser) -> Iterator[Page]:
    yield from kept(sign_in(used.daemon, browser, **PHONE))


@pytest.fixture(scope="module")
def desk(used: World, browser: Browser) -> Iterator[Page]:
    yield from kept(sign_in(used.daemon, browser, **DESK))


def kept(page: Page) -> Iterator[Page]:
    page.set_default_timeout(20_000)
    yield page
    page.context.close()


def whole(page: Page, selector: str) -> bool:
    """Nothing of its text is cut."""
    return bool(
        page.locator(selector).evaluate(
            "one => one.innerText.trim() && one.scrollWidth <= one.clientWidth + 1 && one.scrollHeight <= one.clientHeight + 1"
        )
    )


def box(page: Page, selector: str) -> dict[str, Any]:
    found = page.locator(selector).last.bounding_box()
    assert found
    return dict(found)


def test_what_keeps_a_conversation_from_going_on_is_read_to_its_end_on_a_phone(
    used: World, phone: Page
) -> None:
    STATES["stuck"](used, phone)

    expect(phone.locator("#strip")).to_contain_text("Cannot go on yet")
    expect(phone.locator("#strip .say")).to_contain_text("disk is full); it goes on by itself")
    assert whole(phone, "#strip .say")
    assert box(phone, "#strip .say")["width"] > 300


@pytest.mark.parametrize("state", ["stuck", "held"])
def test_the_strip_of_a_phone_covers_nothing_of_the_transcript(used: World, phone: Page, state: str) -> None:
    STATES[state](used, phone)
    last = phone.locator("#log > *").last
    # however long it is: with its end where it ends when it is long
    phone.locator(".log-in").evaluate("one => one.style.paddingBlockStart = '900px'")

    phone.locator(".log").evaluate("log => log.scrollTop = 0")
    end = last.evaluate("one => one.getBoundingClientRect().bottom")
    assert end <= box(phone, "#strip")["y"]
    strip = phone.locator("#strip")
    assert whole(phone, "#strip .say")
    for button in strip.get_by_role("button").all():
        expect(button).to_be_visible()


def test_what_does_not_go_on_is_amber_in_the_list_as_its_sign_is(used: World, desk: Page) -> None:
    used.show(desk, "/")
    row = desk.locator(f"#c-{used.known['receipts']}")

    expect(row.locator("small")).to_contain_text("cannot go on yet")
    colour = "one => getComputedStyle(one).color"
    assert row.locator("small").evaluate(colour) == row.locator(".st").evaluate(colour)


@pytest.mark.parametrize("state", ["idle", "every-item", "stuck"])
def test_the_name_of_a_conversation_has_the_line_for_itself_on_a_phone(
    used: World, phone: Page, state: str
) -> None:
    STATES[state](used, phone)

    assert whole(phone, "#title h1")
    assert box(phone, "#gauges")["y"] >= box(phone, "#title")["y"] + box(phone, "#title")["height"] - 1


@pytest.mark.parametrize("state", ["options", "form"])
def test_nothing_lies_on_another_where_an_agent_has_many_options(
    used: World, phone: Page, desk: Page, state: str
) -> None:
    """Also while it works, and there is more to press."""
    for page in (phone, desk):
        STATES[state](used, page)
        expect(page.locator(".pick-option")).to_have_count(2)
        assert page.evaluate(OVER, ".composer-bar > .btn, .composer-bar .pick, .composer-bar .end > *") == []
        picks = page.locator(".pick-option select")
        assert picks.evaluate_all("all => all.every(one => one.scrollWidth <= one.clientWidth + 1)")
        assert box(page, ".pick-option")["y"] > box(page, "#send")["y"]


@pytest.mark.parametrize(
    "state",
    [
        "home", "new", "list", "found", "devices", "drawer", "import", "agents", "idle", "asking", "question", "form", "options",
        "queue", "held", "stuck", "attaching", "pill",
    ],
)  # fmt: skip
def test_a_finger_hits_what_it_is_to_press(used: World, phone: Page, state: str) -> None:
    STATES[state](used, phone)

    assert phone.evaluate(HIT, [CONTROLS, FINGER]) == []


def test_a_finger_renames_by_the_name_and_what_stands_below(used: World, phone: Page) -> None:
    STATES["idle"](used, phone)
    facts = box(phone, "#facts")

    phone.touchscreen.tap(facts["x"] + 20, facts["y"] + facts["height"] - 3)

    expect(phone.locator("#rename")).to_be_visible()


def test_of_a_form_the_overview_says_what_it_is_about(used: World, desk: Page) -> None:
    used.show(desk, "/")
    row = desk.locator("#home-needs a", has_text="Cut the release")

    expect(row).to_contain_text("asks you a question: Which release is it, and who hears of it?")


def test_how_many_agents_were_found_stands_on_one_line(used: World, desk: Page) -> None:
    STATES["new"](used, desk)
    header = desk.locator(".sec > header", has_text="Found here")

    assert header.evaluate("one => one.getBoundingClientRect().height") < 40
    expect(header.get_by_role("button", name="Look again")).to_be_visible()


def test_where_a_link_leads_to_no_button_covers_the_words_on_a_phone(used: World, phone: Page) -> None:
    STATES["deep-link"](used, phone)

    expect(phone.locator("[data-at] .handles")).to_have_css("opacity", "0")


def test_the_list_of_routes_shows_no_backticks(used: World, desk: Page) -> None:
    STATES["api"](used, desk)

    expect(desk.locator("td:last-child code").filter(has_text="after").first).to_be_visible()
    assert "`" not in desk.locator(".plain-main").inner_text()
