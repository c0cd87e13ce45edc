"""The frame in a real browser: the list in groups, its filter, the keyboard, the connection, settings, the phone."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import shape
from tests.support.daemon import Daemon

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def made(daemon: Daemon, folder: str, title: str) -> str:
    """A conversation in a folder of its own name."""
    path = daemon.work / folder
    path.mkdir(parents=True, exist_ok=True)
    return daemon.conversation(workingDirectory=str(path), title=title)


def show(page: Page, daemon: Daemon, path: str = "/settings") -> None:
    page.goto(daemon.base + path)
    expect(page.locator("#line")).to_have_attribute("data-state", "live")


def group(page: Page, folder: str) -> Locator:
    return page.locator(".group", has=page.locator("summary", has_text=folder))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('li')?.id || document.activeElement.id"))


# -- the list ---------------------------------------------------------------------------------------------------------
def test_a_new_conversation_appears_in_the_group_of_its_folder(daemon: Daemon, opened: Open) -> None:
    page = opened()
    one = made(daemon, "apple", "First")
    show(page, daemon)
    two, three = made(daemon, "apple", "Second"), made(daemon, "pear", "Third")

    expect(group(page, "pear").locator("li")).to_have_count(1)
    expect(group(page, "pear").locator("li")).to_have_id(f"c-{three}")
    expect(group(page, "apple").locator("li")).to_have_count(2)
    ids = group(page, "apple").locator("li").evaluate_all("rows => rows.map(row => row.id)")
    assert ids == [f"c-{two}", f"c-{one}"]
    expect(group(page, "apple").locator(".count")).to_have_text("2")
    expect(page.locator(".group").first).to_contain_text("pear")


def test_the_group_with_the_newest_activity_comes_first(daemon: Daemon, opened: Open) -> None:
    page = opened()
    old = made(daemon, "fig", "Old")
    made(daemon, "kiwi", "New")
    show(page, daemon)
    expect(page.locator(".group").first).to_contain_text("kiwi")

    daemon.ended(old, daemon.send(old, "emit 1")["session"]["id"])

    expect(page.locator(".group").first).to_contain_text("fig")
    before = shape(page)
    page.reload()
    expect(page.locator("#line")).to_have_attribute("data-state", "live")
    assert shape(page)["convs"] == before["convs"]


def test_a_pinned_one_moves_into_the_group_of_the_pinned(daemon: Daemon, opened: Open) -> None:
    page = opened()
    kept = made(daemon, "lemon", "Keep me here")
    show(page, daemon)
    daemon.api("PATCH", f"/conversations/{kept}", {"pinned": True})

    expect(page.locator("#g-pinned li")).to_have_id(f"c-{kept}")
    expect(page.locator(".group").first).to_have_id("g-pinned")
    expect(group(page, "lemon").locator("summary")).to_have_count(0)
    daemon.api("DELETE", f"/conversations/{kept}")
    expect(page.locator("#g-pinned")).to_have_count(0)


def test_a_closed_group_stays_closed_over_updates_and_reloads(daemon: Daemon, opened: Open) -> None:
    page = opened()
    made(daemon, "mango", "One")
    show(page, daemon)
    group(page, "mango").locator("summary").click()
    expect(group(page, "mango")).not_to_have_attribute("open", "")
    asking = made(daemon, "mango", "Two")
    daemon.send(asking, "ask")

    # It says that one of it needs the user.
    expect(group(page, "mango").locator(".flag-ask")).to_be_visible()
    expect(group(page, "mango")).not_to_have_attribute("open", "")
    html = page.context.request.get(page.url).text()
    assert f'id="{group(page, "mango").get_attribute("id")}"><summary>' in html
    page.reload()
    expect(group(page, "mango")).not_to_have_attribute("open", "")
    group(page, "mango").locator("summary").click()
    page.reload()
    expect(group(page, "mango")).to_have_attribute("open", "")


def test_the_focus_stays_on_a_row_that_moves(daemon: Daemon, opened: Open) -> None:
    page = opened()
    moving = made(daemon, "nut", "Moves")
    made(daemon, "oat", "Newer")
    show(page, daemon)
    page.locator(f"#c-{moving} a").focus()
    daemon.ended(moving, daemon.send(moving, "emit 1")["session"]["id"])

    expect(page.locator(".group").first).to_contain_text("nut")
    expect(page.locator(f"#c-{moving} .conv-unread")).to_have_count(1)
    assert focused(page) == f"c-{moving}"


def test_the_list_stays_where_it_was_scrolled_to(daemon: Daemon, opened: Open) -> None:
    page = opened()
    for number in range(40):
        daemon.conversation(title=f"Row {number}")
    show(page, daemon)
    last = page.locator("#convs .conv").last
    last.scroll_into_view_if_needed()
    scrolled = page.locator(".convs").evaluate("one => one.scrollTop")
    assert scrolled > 200
    last.click()
    page.wait_for_url("**/conversations/*")

    expect(page.locator("#convs [aria-current]")).to_be_in_viewport(ratio=1)
    assert abs(page.locator(".convs").evaluate("one => one.scrollTop") - scrolled) < 40


def test_titles_and_paths_of_any_kind_stay_within_the_list(daemon: Daemon, opened: Open) -> None:
    page = opened()
    deep = "deep/" + "/".join(f"level-{number}" for number in range(12)) + "/demo"
    made(daemon, deep, "word" * 40)
    made(daemon, "مشروع", "إصلاح الترجمة في صفحة الإعدادات ثم اختبار كل شيء مرة أخرى")
    made(daemon, "other/demo", "A\u202eB <i>c</i>")
    show(page, daemon)

    reach = page.evaluate(
        "() => { const edge = document.getElementById('side').getBoundingClientRect().right;"
        " return [...document.querySelectorAll('#convs *')].filter(one => !one.closest('.vh, .rest, .path, b, .name'))"
        ".filter(one => one.getBoundingClientRect().right > edge).map(one => one.outerHTML.slice(0, 200)); }"
    )
    assert reach == []
    # The end of a path is what tells it from others: it is seen, the beginning is not.
    name = page.locator(".group summary b", has_text="level-3")
    shown = name.evaluate(
        "b => { const box = b.getBoundingClientRect(), text = b.firstElementChild"
        ".getBoundingClientRect(); return [text.left < box.left, text.right <= box.right + 1]; }"
    )
    assert shown == [True, True]


# -- filter and keyboard ----------------------------------------------------------------------------------------------
@pytest.fixture
def trio(daemon: Daemon) -> tuple[str, str, str]:
    """Three conversations in two folders, newest first in the list."""
    third, second = made(daemon, "quince", "Paint the fence"), made(daemon, "rhubarb", "Mend the fence")
    return made(daemon, "rhubarb", "Feed the cat"), second, third


def test_the_filter_shows_what_fits_and_enter_opens_the_first(
    daemon: Daemon, opened: Open, trio: tuple[str, str, str]
) -> None:
    cat, mend, paint = trio
    page = opened()
    show(page, daemon)
    group(page, "quince").locator("summary").click()  # closed ones are looked into as well
    page.keyboard.press("/")
    page.keyboard.type("fence")

    expect(page.locator(f"#c-{mend}")).to_be_visible()
    expect(page.locator(f"#c-{paint}")).to_be_visible()
    expect(page.locator(f"#c-{cat}")).to_be_hidden()
    page.fill("#filter", "RHUB cat")
    expect(page.locator(f"#c-{mend}")).to_be_hidden()
    later = made(daemon, "rhubarb", "Another cat")
    expect(page.locator(f"#c-{later}")).to_be_visible()
    hidden = made(daemon, "quince", "Something else")
    expect(page.locator(f"#c-{hidden}")).to_be_attached()
    expect(page.locator(f"#c-{hidden}")).to_be_hidden()
    page.press("#filter", "Enter")

    page.wait_for_url(f"**/conversations/{later}")
    expect(group(page, "quince")).not_to_have_attribute("open", "")
    expect(page.locator(f"#c-{cat}")).to_be_visible()


def test_what_is_not_among_the_newest_is_looked_for_among_all(daemon: Daemon, opened: Open) -> None:
    page = opened()
    old = made(daemon, "salt", "The needle")
    for number in range(51):
        daemon.conversation(title=f"Hay {number}")
    show(page, daemon)
    assert page.locator("#convs li").count() == 50
    page.keyboard.press("/")
    page.keyboard.type("needle")
    expect(page.locator("#none-found")).to_be_visible()
    page.keyboard.press("Enter")

    page.wait_for_url("**/conversations?q=needle")
    expect(page.locator(".rows a")).to_have_attribute("href", f"{daemon.prefix}/conversations/{old}")


def test_escape_leaves_the_filter_and_shows_all(
    daemon: Daemon, opened: Open, trio: tuple[str, str, str]
) -> None:
    page = opened()
    show(page, daemon)
    page.keyboard.press("/")
    page.keyboard.type("fence")
    page.keyboard.press("Escape")

    expect(page.locator(f"#c-{trio[0]}")).to_be_visible()
    expect(page.locator("#filter")).to_have_value("")
    assert focused(page) != "filter"


def test_j_and_k_go_through_the_list_and_enter_opens(
    daemon: Daemon, opened: Open, trio: tuple[str, str, str]
) -> None:
    page = opened()
    show(page, daemon)
    rows = page.locator("#convs li").evaluate_all("rows => rows.map(row => row.id)")
    for key, row in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        assert focused(page) == rows[row]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/conversations/{rows[1].removeprefix('c-')}")
    page.keyboard.press("k")  # from the one that is open

    assert focused(page) == rows[0] == f"c-{trio[0]}"


def test_n_begins_a_new_conversation(daemon: Daemon, opened: Open) -> None:
    page = opened()
    show(page, daemon)
    page.keyboard.press("n")

    page.wait_for_url("**/new")


def test_keys_rest_while_one_types_and_with_modifiers(daemon: Daemon, opened: Open) -> None:
    page = opened()
    show(page, daemon, f"/conversations/{daemon.conversation()}")
    page.fill("#message", "")
    page.type("#message", "n/j?k")
    expect(page.locator("#message")).to_have_value("n/j?k")
    page.evaluate("document.activeElement.blur()")
    for key in ("Alt+n", "Control+j", "Meta+k"):
        page.keyboard.press(key)

    expect(page.locator("#message")).to_have_value("n/j?k")
    expect(page.locator("#shortcuts")).to_be_hidden()
    assert focused(page) == ""


def test_the_shortcuts_are_shown_and_the_dialog_takes_the_keys(daemon: Daemon, opened: Open) -> None:
    page = opened()
    show(page, daemon)
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.get_by_role("button", name="Keyboard shortcuts").click()

    expect(page.locator("#shortcuts")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#shortcuts")).to_be_hidden()
    assert page.url.endswith("/settings")


def test_single_letters_can_be_turned_off(daemon: Daemon, opened: Open) -> None:
    page = opened()
    show(page, daemon)
    page.get_by_role("group", name="Single letters").get_by_role("button", name="Off").click()
    expect(page.locator("button[name=keys][value=off]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("n")
    page.keyboard.press("Control+b")

    expect(page.locator("#side")).to_be_hidden()
    assert "/settings" in page.url


def test_the_list_stays_hidden_until_it_is_wanted_again(daemon: Daemon, opened: Open) -> None:
    page = opened()
    show(page, daemon)
    page.keyboard.press("Control+b")
    expect(page.locator("#side")).to_be_hidden()
    page.goto(f"{daemon.base}/conversations")
    expect(page.locator("#side")).to_be_hidden()
    page.locator(".head [popovertarget=side]").click()  # a look at it
    expect(page.locator("#side")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()
    page.keyboard.press("Control+b")

    expect(page.locator("#side")).to_be_visible()
    page.reload()
    expect(page.locator("#side")).to_be_visible()


# -- the connection ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("context", [{}, PHONE], ids=["desk", "phone"])
def test_the_header_says_how_the_connection_is(
    tmp_path: Path, daemon: Daemon, opened: Open, context: dict[str, object]
) -> None:
    page = opened(**context)
    show(page, daemon, "/")
    assert page.locator("#line-word").inner_text() == "Live"
    page.route("**/stream*", lambda route: route.abort())
    page.evaluate("document.getElementById('stream')._htmx.sse.reader.cancel()")

    expect(page.locator("#line")).to_be_visible()
    expect(page.locator("#line")).to_have_text(re.compile(r"Reconnecting \d+ sReload"), timeout=15_000)
    expect(page.locator("#line").get_by_text("Reload")).to_be_hidden()
    page.unroute("**/stream*")
    expect(page.locator("#line-word")).to_have_text("Live", timeout=15_000)
    expect(page.locator("#line-for")).to_have_text("")


# -- settings ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_theme_holds_for_every_page_against_the_systems(daemon: Daemon, opened: Open, script: bool) -> None:
    page = opened(color_scheme="light", java_script_enabled=script)
    page.goto(f"{daemon.base}/settings")
    light = page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor") if script else ""
    page.get_by_role("button", name="Dark").click()
    page.wait_for_url("**/settings#theme")
    page.goto(f"{daemon.base}/")

    assert page.locator("html").get_attribute("data-theme") == "dark"
    if script:
        assert page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor") != light
    page.goto(f"{daemon.base}/settings")
    page.get_by_role("button", name="System").click()
    page.wait_for_url("**/settings#theme")
    assert page.locator("html").get_attribute("data-theme") is None


# -- the phone, and without script ------------------------------------------------------------------------------------
def test_on_a_phone_the_list_is_a_drawer_and_the_bar_leads_everywhere(daemon: Daemon, opened: Open) -> None:
    page = opened(**PHONE)
    conversation = made(daemon, "tea", "On the phone")
    show(page, daemon, "/")
    expect(page.locator("#side")).to_be_hidden()
    bar = page.locator(".tabbar")
    expect(bar).to_be_in_viewport(ratio=1)
    bar.get_by_role("button", name="Chats").tap()
    expect(page.locator("#side")).to_be_visible()
    small = page.locator("#side :is(a, button, summary):visible").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 40).map(one => one.outerHTML.slice(0, 99))"
    )
    assert small == []
    page.locator(f"#c-{conversation} a").tap()
    page.wait_for_url(f"**/conversations/{conversation}")
    expect(page.locator("#side")).to_be_hidden()
    expect(page.locator(".tabbar")).to_have_count(0)
    expect(page.locator("#message")).to_be_in_viewport(ratio=1)


def test_the_bar_counts_what_needs_the_user(daemon: Daemon, opened: Open) -> None:
    page = opened(**PHONE)
    show(page, daemon)
    before = page.locator("#needs-bar").inner_text()
    conversation = made(daemon, "umbrella", "Asks")
    daemon.send(conversation, "ask")

    expect(page.locator("#needs-bar")).not_to_have_text(before)
    expect(page.locator("#needs-bar .count")).to_be_visible()


def test_without_script_the_list_is_there_and_is_looked_through_by_a_form(
    daemon: Daemon, opened: Open, trio: tuple[str, str, str]
) -> None:
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/settings")
    expect(page.locator("#line")).to_contain_text("As of")
    expect(page.locator("#line").get_by_text("Reload")).to_be_visible()
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_hidden()
    group(page, "rhubarb").locator("summary").click()
    expect(page.locator(f"#c-{trio[0]}")).to_be_hidden()
    page.fill("#filter", "paint fence")
    page.press("#filter", "Enter")

    page.wait_for_url("**/conversations?q=paint+fence")
    page.locator(".rows a").first.click()
    page.wait_for_url(f"**/conversations/{trio[2]}")
