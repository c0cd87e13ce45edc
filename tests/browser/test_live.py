"""What stays where it is while things arrive, and what comes when one scrolls."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import shape
from tests.support.daemon import Daemon

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
NUMBERS = "() => [...document.querySelectorAll('#log [data-seq]')].map(item => +item.dataset.seq)"
TOP = "id => document.getElementById(id).getBoundingClientRect().top"
FIRST = """() => { const top = document.querySelector('.log').getBoundingClientRect().top;
  return [...document.querySelectorAll('#log .item')].find(item => item.getBoundingClientRect().top >= top).id; }"""


def live(page: Page) -> None:
    expect(page.locator("#line-word")).to_have_text("Live", timeout=60_000)


def go(page: Page, daemon: Daemon, conversation: str, query: str = "") -> None:
    page.goto(f"{daemon.base}/conversations/{conversation}{query}")
    live(page)


def filled(daemon: Daemon, count: int) -> str:
    conversation = daemon.conversation()
    daemon.ended(conversation, daemon.send(conversation, f"emit {count} size 200")["session"]["id"])
    return conversation


def scroll(page: Page, by: int) -> None:
    page.locator(".log").evaluate("(log, by) => { log.scrollTop += by; }", by)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def numbers(page: Page) -> list[int]:
    found: list[int] = page.evaluate(NUMBERS)
    return found


def consecutive(found: list[int]) -> bool:
    return found == list(range(found[0], found[0] + len(found)))


# -- the end ----------------------------------------------------------------------------------------------------------
def test_what_one_reads_stays_where_it_is_and_a_pill_counts_what_is_new(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = filled(daemon, 60)
    go(page, daemon, conversation)
    expect(page.locator("#pill")).to_be_hidden()
    scroll(page, -900)
    reading = page.evaluate(FIRST)
    before = page.evaluate(TOP, reading)
    daemon.ended(conversation, daemon.send(conversation, "emit 5")["session"]["id"])

    expect(page.locator("#pill")).to_have_text("7 new")  # the message, five answers, the result
    assert page.evaluate(TOP, reading) == pytest.approx(before, abs=1)
    page.locator("#pill").click()
    expect(page.locator("#pill")).to_be_hidden()
    expect(page.locator("#log > .item").last).to_be_in_viewport()


def test_at_the_end_the_page_follows(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = filled(daemon, 60)
    go(page, daemon, conversation)
    daemon.ended(conversation, daemon.send(conversation, "emit 5; tool")["session"]["id"])

    expect(page.locator("#log > .item").last).to_have_class("item end-line")
    expect(page.locator("#log > .item").last).to_be_in_viewport()
    expect(page.locator("#pill")).to_be_hidden()


def test_the_pill_leads_to_an_approval_that_is_out_of_sight(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = filled(daemon, 60)
    go(page, daemon, conversation)
    scroll(page, -900)
    turn = daemon.send(conversation, "ask")["session"]["id"]

    expect(page.locator("#pill")).to_contain_text("needs you")
    page.locator("#pill").click()
    expect(page.locator(".ask-do button[name=option]").first).to_be_in_viewport()
    page.locator(".ask-do button[name=option]").first.click()
    daemon.ended(conversation, turn)


def test_what_is_selected_stays_selected_while_things_arrive_and_when_the_item_is_finished(
    daemon: Daemon, opened: Open
) -> None:
    page = opened()
    conversation = filled(daemon, 5)
    go(page, daemon, conversation)
    turn = daemon.send(conversation, "emit 4000 rate 50 size 20 deltas")["session"]["id"]
    page.wait_for_function(
        """() => { const words = document.querySelector('.live-rest')?.firstElementChild?.firstChild;
             if (!(words?.length > 14)) return false;
             getSelection().setBaseAndExtent(words, 2, words, 12);
             return true; }"""
    )
    chosen = page.evaluate("() => getSelection().toString()")
    assert len(chosen) == 10
    daemon.api("POST", f"/conversations/{conversation}/cancel")
    daemon.ended(conversation, turn)
    expect(page.locator("#log .end-line")).to_have_count(2)

    assert page.evaluate("() => getSelection().toString()") == chosen
    assert page.evaluate("() => !!getSelection().anchorNode.parentElement.closest('#log .item')")


# -- windows ----------------------------------------------------------------------------------------------------------
def test_scrolling_back_loads_what_is_older_without_losing_the_place(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = filled(daemon, 350)
    go(page, daemon, conversation)
    first = page.locator("#log > .item").first.get_attribute("id")
    page.locator("#log > .item").first.scroll_into_view_if_needed()
    before = page.evaluate(TOP, first)
    expect(page.locator(f"#{first}")).not_to_have_attribute("data-seq", "1")
    page.wait_for_function("() => document.querySelectorAll('#log .item').length > 100")

    assert page.evaluate(TOP, first) == pytest.approx(before, abs=1)
    while page.locator("#older").count():
        scroll(page, -5000)
    assert numbers(page) == list(range(1, 353))


def test_what_is_far_away_is_dropped_and_comes_back(daemon: Daemon, opened: Open) -> None:
    page = opened(viewport={"width": 1280, "height": 800})
    conversation = filled(daemon, 1200)
    go(page, daemon, conversation)
    while page.locator("#older").count():
        scroll(page, -3000)
        assert len(numbers(page)) <= 700
        assert consecutive(numbers(page))
    expect(page.locator("#newer")).to_be_attached()
    assert numbers(page)[0] == 1
    daemon.ended(conversation, daemon.send(conversation, "emit 3")["session"]["id"])
    expect(page.locator("#pill")).to_have_text("5 new")
    assert consecutive(numbers(page)), "nothing stands after a gap"

    while page.locator("#newer").count():
        scroll(page, 3000)
        assert len(numbers(page)) <= 700
        assert consecutive(numbers(page))
    assert numbers(page)[-1] == 1207
    scroll(page, 100_000)
    expect(page.locator("#pill")).to_be_hidden()
    page.reload()
    live(page)
    assert numbers(page)[-1] == 1207


def test_a_page_that_follows_for_long_keeps_the_newest_items_only_and_is_never_loaded_anew(
    daemon: Daemon, opened: Open
) -> None:
    page = opened()
    conversation = filled(daemon, 20)
    go(page, daemon, conversation)
    page.evaluate("window.mark = 'not reloaded'")
    turn = daemon.send(conversation, "emit 700 rate 250")["session"]["id"]
    daemon.ended(conversation, turn, 100)
    expect(page.locator("#log > .item").last).to_have_class("item end-line", timeout=20_000)
    page.wait_for_function("() => document.querySelectorAll('#log .item').length <= 350")

    found = numbers(page)
    assert consecutive(found)
    assert found[-1] == 724
    assert page.evaluate("window.mark") == "not reloaded"
    expect(page.locator("#older")).to_be_attached()


def test_who_reads_further_up_keeps_what_he_reads_when_too_much_comes(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = filled(daemon, 60)
    go(page, daemon, conversation)
    scroll(page, -900)
    reading = page.evaluate(FIRST)
    before = page.evaluate(TOP, reading)
    page.route("**/stream*", lambda route: route.abort())
    page.evaluate("document.getElementById('stream')._htmx.sse.reader.cancel()")
    expect(page.locator("#line-word")).to_contain_text("Reconnecting")
    daemon.ended(conversation, daemon.send(conversation, "emit 700")["session"]["id"])
    page.unroute("**/stream*")
    expect(page.locator("#newer")).to_be_attached(timeout=40_000)

    assert page.evaluate(TOP, reading) == pytest.approx(before, abs=1)
    assert consecutive(numbers(page))
    page.locator("#pill").click()
    expect(page.locator("#newer")).to_have_count(0)
    expect(page.locator("#log > .item").last).to_be_in_viewport()
    live(page)
    after = shape(page)
    page.reload()
    live(page)
    assert shape(page) == after


# -- links and places -------------------------------------------------------------------------------------------------
def test_a_link_to_an_item_opens_the_window_around_it_and_nothing_is_added_after_the_gap(
    daemon: Daemon, opened: Open
) -> None:
    page = opened()
    conversation = filled(daemon, 400)
    item = next(one for one in daemon.items(conversation) if one["sequence"] == 120)
    go(page, daemon, conversation, f"?at={item['position']}")

    marked = page.locator("#log .item[data-at]")
    expect(marked).to_have_attribute("data-seq", "120")
    expect(marked).to_be_in_viewport()
    shown = numbers(page)
    assert consecutive(shown)
    daemon.ended(conversation, daemon.send(conversation, "emit 2")["session"]["id"])
    expect(page.locator("#pill")).to_have_text("4 new")
    assert consecutive(numbers(page))
    assert numbers(page)[-1] < 402
    page.locator("#pill").click()
    expect(page.locator("#newer")).to_have_count(0)
    assert numbers(page)[-1] == 406
    assert page.url.endswith(conversation)


def test_a_link_to_an_item_of_the_newest_window_is_live(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = filled(daemon, 90)
    item = next(one for one in daemon.items(conversation) if one["sequence"] == 60)
    go(page, daemon, conversation, f"?at={item['position']}")
    expect(page.locator("#newer")).to_have_count(0)
    daemon.ended(conversation, daemon.send(conversation, "emit 2")["session"]["id"])

    expect(page.locator("#log .end-line")).to_have_count(2)


def test_each_item_offers_its_link_which_works_without_script(daemon: Daemon, opened: Open) -> None:
    conversation = filled(daemon, 250)
    page = opened(java_script_enabled=False)
    page.goto(f"{daemon.base}/conversations/{conversation}?before=150")
    item = page.locator("#log .item[data-seq='90']")
    item.hover()
    item.locator(".at").click()
    page.wait_for_url("**?at=*")

    expect(page.locator("#log .item[data-at]")).to_have_attribute("data-seq", "90")
    expect(page.locator("#log .item[data-at]")).to_be_in_viewport()
    page.get_by_role("link", name="Newer").click()
    page.wait_for_url("**?after=*")
    assert numbers_without_script(page)[0] > 90
    page.get_by_role("link", name="Back to the newest").click()
    page.wait_for_url(f"**/conversations/{conversation}")
    assert numbers_without_script(page)[-1] == 252


def numbers_without_script(page: Page) -> list[int]:
    return [int(item.get_attribute("data-seq") or 0) for item in page.locator("#log .item").all()]


@pytest.mark.parametrize("at", ["0", "-1", str(2**62), str(2**70)])
def test_a_link_to_nothing_opens_the_conversation(daemon: Daemon, at: str) -> None:
    conversation = filled(daemon, 1)
    status, data = daemon.request("GET", f"/conversations/{conversation}?at={at}")

    assert status == 200, data


@pytest.mark.parametrize("count", [50, 400])
def test_the_place_is_kept_when_one_goes_elsewhere_and_comes_back(
    daemon: Daemon, opened: Open, count: int
) -> None:
    page = opened()
    conversation = filled(daemon, count)
    go(page, daemon, conversation)
    target = page.locator("#log .item[data-seq='20']")
    while not target.count() or target.bounding_box()["y"] < 0:  # type: ignore[index]
        scroll(page, -600)
    reading = page.evaluate(FIRST)
    before = page.evaluate(TOP, reading)
    page.goto(f"{daemon.base}/")
    go(page, daemon, conversation)

    expect(page.locator(f"#{reading}")).to_be_in_viewport()
    assert page.evaluate(TOP, reading) == pytest.approx(before, abs=2)
    page.reload()
    live(page)
    expect(page.locator(f"#{reading}")).to_be_in_viewport()
    page.locator("#pill").click()
    expect(page.locator("#newer")).to_have_count(0)
    expect(page.locator("#log > .item").last).to_be_in_viewport()
    page.goto(f"{daemon.base}/")
    go(page, daemon, conversation)
    expect(page.locator("#log > .item").last).to_be_in_viewport()


def test_what_one_reads_stays_where_it_is_when_a_turn_begins_and_ends(daemon: Daemon, opened: Open) -> None:
    page, conversation = opened(), filled(daemon, 60)
    go(page, daemon, conversation)
    page.locator(".log").evaluate("log => { log.scrollTop = -900 }")
    item = page.locator("#log .item[data-seq='40']")
    place = "one => Math.round(one.getBoundingClientRect().top)"
    before = item.evaluate(place)
    daemon.send(conversation, "ask")
    expect(page.locator("#strip .ask-link")).to_be_visible()

    assert item.evaluate(place) == before
    daemon.api("POST", f"/conversations/{conversation}/cancel")
    expect(page.locator("#strip .st")).to_have_count(0)
    assert item.evaluate(place) == before
