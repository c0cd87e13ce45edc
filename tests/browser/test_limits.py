"""A limit on the page: how long it lasts, and what the user can do about it; with the script and without."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import badagent
from tests.support.browser import sign_in
from tests.support.daemon import Daemon, wait_for

LATER = "You've hit your limit · try again in 3 hours"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    root: Path = tmp_path_factory.mktemp("limits")
    programs = badagent.install(root / "programs", "limited")
    path = f"{programs}:{os.environ['PATH']}"
    running = Daemon(root, PATH=path, AGENTGUID_RETRY_SECONDS="4,2,2").start()
    yield running
    running.close()


def failing(daemon: Daemon, said: str) -> tuple[str, str]:
    """A conversation whose agent has met a limit once: its path and id."""
    (daemon.work / "limits").write_text(said + "\n")
    conversation = daemon.conversation("claude-code")
    daemon.send(conversation, "begin")
    assert daemon.ended(conversation)["status"] == "error"
    return f"{daemon.base}/conversations/{conversation}", conversation


def page_of(daemon: Daemon, browser: Browser, **context: Any) -> Page:
    return sign_in(daemon, browser, **context)


def test_the_countdown_runs_and_retry_now_sends_the_prompt_again(daemon: Daemon, browser: Browser) -> None:
    page = page_of(daemon, browser)
    url, _ = failing(daemon, LATER)
    page.goto(url)
    strip = page.locator("#strip")
    expect(strip).to_contain_text("Limit reached")
    expect(strip).to_contain_text("1 of 3")
    left = strip.locator("time[data-left]")
    expect(left).to_have_attribute("data-left", "2 h 59 min")
    expect(page.locator("#status")).to_contain_text("Waiting to retry")
    page.fill("#message", "and then")
    page.locator("#send").click()
    expect(page.locator("#queue")).to_contain_text("1 message waits")
    page.locator("#retry-now").click()
    expect(page.locator(".item-user")).to_have_count(3)
    expect(page.locator(".item-user").nth(1)).to_contain_text("retry 1")
    expect(page.locator(".item-user").nth(2)).to_contain_text("and then")
    expect(strip).to_be_empty()


def test_a_page_that_is_open_sees_it_come_and_go_by_itself(daemon: Daemon, browser: Browser) -> None:
    page = page_of(daemon, browser)
    (daemon.work / "limits").write_text("API Error: 529 Overloaded\n")
    conversation = daemon.conversation("claude-code")
    page.goto(f"{daemon.base}/conversations/{conversation}")
    page.fill("#message", "begin")
    page.locator("#send").click()
    expect(page.locator("#strip")).to_contain_text("Overloaded")
    expect(page.locator(".item-user")).to_have_count(2)
    expect(page.locator("#status")).to_contain_text("Ready")


@pytest.mark.parametrize("script", [True, False])
def test_cancel_leaves_a_clear_end_with_a_retry(daemon: Daemon, browser: Browser, script: bool) -> None:
    page = page_of(daemon, browser, java_script_enabled=script)
    url, conversation = failing(daemon, LATER)
    page.goto(url)
    page.locator("#retry-cancel").click()
    expect(page.locator("#strip")).to_contain_text("The last turn did not come to its end.")
    assert daemon.api("GET", f"/conversations/{conversation}")["conversation"]["retry"] is None
    page.locator("#retry-now").click()
    wait_for(lambda: daemon.latest(conversation)["status"] == "complete", "the retry")  # type: ignore[index]
    page.goto(url)
    expect(page.locator(".item-user").nth(1)).to_contain_text("sent again")
