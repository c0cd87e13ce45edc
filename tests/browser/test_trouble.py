"""A cut network, a daemon that goes, a machine that sleeps, more windows than connections: the page ends up as it would be
drawn anew, and says meanwhile what it is doing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import shape
from tests.browser.test_live import go, live
from tests.conftest import FULL
from tests.support.daemon import Daemon, wait_for
from tests.support.wire import Wire

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def same_as_a_fresh_load(page: Page, daemon: Daemon, conversation: str) -> None:
    daemon.ended(conversation, patience=60)
    live(page)
    ends = sum(one["type"] == "result" for one in daemon.items(conversation))
    expect(page.locator("#log .end-line")).to_have_count(ends, timeout=20_000)
    expect(page.locator("#live > *")).to_have_count(0)
    expect(page.locator(".conv-unread[aria-current]")).to_have_count(0)
    before = shape(page)
    page.reload()
    live(page)
    assert shape(page) == before


def test_after_the_network_was_cut_the_page_is_up_to_date(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = daemon.conversation()
    with Wire(daemon.port) as wire:
        page.goto(f"http://localhost:{wire.port}{daemon.prefix}/conversations/{conversation}")
        live(page)
        page.evaluate("window.mark = 'not reloaded'")
        daemon.send(conversation, "emit 60 rate 20 deltas; think; tool; emit 20 rate 20")
        page.wait_for_selector("#live > *")
        wire.cut()
        expect(page.locator("#line-word")).to_contain_text("Reconnecting", timeout=20_000)
        daemon.ended(conversation, patience=60)
        expect(page.locator("#log .end-line")).to_have_count(0)
        wire.mend()

        live(page)
        assert page.evaluate("window.mark") == "not reloaded"
        same_as_a_fresh_load(page, daemon, conversation)


def test_a_machine_without_network_says_so_unless_the_daemon_is_on_it(
    tmp_path: Path, daemon: Daemon, browser: Browser, opened: Open
) -> None:
    here = opened()
    go(here, daemon, daemon.conversation())
    away = Daemon(tmp_path, AGENTGUID_HOSTS="studio.localhost")
    away.base = away.base.replace("localhost", "studio.localhost")
    try:
        page = browser.new_page()
        page.goto(away.start().api("POST", "/tickets")["url"].replace("localhost", "studio.localhost"))
        page.get_by_role("button").first.click()
        live(page)
        for one in (here, page):
            one.context.set_offline(True)

        expect(page.locator("#line-word")).to_have_text("Offline")
        live(here)
        for one in (here, page):
            one.context.set_offline(False)
        live(page)
        page.close()
    finally:
        away.close()


def test_after_the_daemon_was_restarted_in_the_middle_of_a_message_the_page_is_up_to_date(
    daemon: Daemon, opened: Open
) -> None:
    page = opened()
    conversation = daemon.conversation()
    go(page, daemon, conversation)
    page.evaluate("window.mark = 'not reloaded'")
    daemon.send(conversation, "emit 100 rate 25 size 30 deltas; tool")
    page.wait_for_function("() => document.querySelector('.live-rest')?.textContent.length > 90")
    assert daemon.stop() == 0
    expect(page.locator("#line-word")).to_contain_text("Reconnecting", timeout=20_000)
    daemon.start()

    live(page)
    assert page.evaluate("window.mark") == "not reloaded"
    same_as_a_fresh_load(page, daemon, conversation)


def test_after_the_machine_has_slept_the_page_is_up_to_date(daemon: Daemon, opened: Open) -> None:
    page = opened()
    conversation = daemon.conversation()
    go(page, daemon, conversation)
    page.evaluate("window.mark = 'not reloaded'")
    chromium = page.context.new_cdp_session(page)
    daemon.send(conversation, "think; tool; emit 30 rate 20; emit 20 rate 20 deltas")
    page.wait_for_selector("#log .tool")
    chromium.send("Page.setWebLifecycleState", {"state": "frozen"})
    daemon.ended(conversation, patience=60)
    chromium.send("Page.setWebLifecycleState", {"state": "active"})

    live(page)
    assert page.evaluate("window.mark") == "not reloaded"
    same_as_a_fresh_load(page, daemon, conversation)


def test_a_line_that_has_died_without_a_word_is_noticed_and_made_anew(daemon: Daemon, opened: Open) -> None:
    """As after a sleep: the connection is open here and gone there. The clock jumps over the time it takes."""
    page = opened()
    conversation = daemon.conversation()
    page.clock.install()
    go(page, daemon, conversation)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/stream?" in request.url else None)
    page.clock.fast_forward("05:00")

    expect(page.locator("#line-word")).not_to_have_text("Live")
    page.clock.run_for(5000)
    page.clock.resume()
    live(page)
    assert asked


def test_with_more_windows_than_connections_each_is_live_and_can_send(daemon: Daemon, opened: Open) -> None:
    """A browser has six connections over HTTP/1.1; all of these windows are visible."""
    first = opened()
    conversation = daemon.conversation()
    windows = [first, *(first.context.new_page() for _ in range(11 if FULL else 7))]
    for window in windows:
        window.set_default_timeout(40_000)
        window.goto(f"{daemon.base}/conversations/{conversation}", wait_until="commit")
    for window in windows:
        live(window)
    for number, window in enumerate((windows[0], windows[6], windows[-1]), 1):
        window.fill("#message", f"emit {number}")
        window.click("#send")
        expect(window.locator("#log .user").last).to_have_text(f"emit {number}", timeout=20_000)
        daemon.ended(conversation)
    for window in windows:
        expect(window.locator("#log .end-line")).to_have_count(3, timeout=20_000)
    shapes = [shape(window) for window in windows]
    assert all(one["log"] == shapes[0]["log"] for one in shapes)
    same_as_a_fresh_load(first, daemon, conversation)


def test_a_stream_that_gets_no_answer_is_asked_for_again(daemon: Daemon, opened: Open) -> None:
    """The first request is left hanging; the page does not say "Connecting" for ever."""
    page = opened()
    conversation = daemon.conversation()
    asked: list[str] = []

    def hold(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()

    def sooner(route: Route) -> None:
        answer = route.fetch()
        assert "sse.connectTimeout:12s" in answer.text()
        route.fulfill(response=answer, body=answer.text().replace("connectTimeout:12s", "connectTimeout:1s"))

    page.route("**/stream?*", hold)
    page.route(f"**/conversations/{conversation}", sooner)
    page.goto(f"{daemon.base}/conversations/{conversation}")

    live(page)
    assert len(asked) > 1


def test_a_script_that_comes_late_is_waited_for(daemon: Daemon, opened: Open) -> None:
    """htmx does not begin before what extends it is there; else the page would say "Connecting" for ever."""
    page = opened()
    page.goto("about:blank")
    conversation = daemon.conversation()
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/hx-sse.js*", hold)
    page.goto(f"{daemon.base}/conversations/{conversation}", wait_until="commit")
    page.wait_for_function("() => window.htmx")
    page.evaluate("() => new Promise(done => setTimeout(done, 100))")
    wait_for(lambda: page.wait_for_timeout(20) or late, "the script to be asked for")

    late.pop().continue_()

    live(page)
