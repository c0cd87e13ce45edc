"""The page of agents: who is signed in, what to run, and an update whose output appears as it comes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support import signin
from tests.support.browser import sign_in
from tests.support.daemon import Daemon, wait_for


@pytest.fixture
def updating(tmp_path: Path) -> Iterator[Daemon]:
    """Its `claude` is not signed in, and can be updated."""
    signin.install(tmp_path / "bin")
    one = Daemon(tmp_path, PATH=f"{tmp_path}/bin:{os.environ['PATH']}").start()
    wait_for(lambda: one.api("GET", "/agents/claude-code")["installed"], "the search")
    try:
        yield one
    finally:
        one.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_an_update_is_shown_run_and_told(updating: Daemon, browser: Browser, script: bool) -> None:
    signed = sign_in(updating, browser)
    kept = signed.context.storage_state()
    page = browser.new_context(storage_state=kept, java_script_enabled=script).new_page()
    page.goto(f"{updating.base}/agents")
    row = page.locator("#a-claude-code")
    expect(row).to_contain_text("1.2.3")
    expect(row).to_contain_text("Not signed in: `claude auth status` says no.")
    expect(row).to_contain_text("agentguictl agents login claude-code")
    expect(row).to_contain_text(
        "Its protocol has: modes ask, accept edits, plan, bypass · models · resume · steering"
    )
    expect(page.locator("#a-kiro .do-this")).to_have_text("curl -fsSL https://cli.kiro.dev/install | bash")
    expect(page.locator("#a-kiro").get_by_role("button")).to_have_count(0)
    row.get_by_text("Update", exact=True).click()
    expect(row.locator(".agent-do .do-this")).to_have_text(f"{updating.root}/bin/claude update")
    row.get_by_role("button", name="Run it").click()
    if script:
        expect(row).to_contain_text("1.3.0")
    else:
        wait_for(lambda: updating.api("GET", "/agents/claude-code")["version"] == "1.3.0", "the update")
        page.reload()
    expect(page.locator("#out-claude-code")).to_contain_text("Updating from 1.2.3…")
    expect(page.locator("#out-claude-code")).to_contain_text("Done.")
    expect(page.locator("#a-claude-code")).to_contain_text("1.3.0")


def test_who_is_not_signed_in_is_told_where_a_conversation_begins(updating: Daemon, browser: Browser) -> None:
    updating.api("GET", "/agents/auth-status")
    page = sign_in(updating, browser)
    page.goto(f"{updating.base}/new")
    expect(page.locator(".agents").first).to_contain_text(
        "Not signed in: agentguictl agents login claude-code"
    )
    page.get_by_role("link", name="All agents").click()
    expect(page.get_by_role("heading", name="Agents", exact=True)).to_be_visible()


def test_who_decides_whether_to_install_one_sees_whether_we_ever_ran_it(
    updating: Daemon, browser: Browser
) -> None:
    """And by which command it is spoken to, and how to sign in to it."""
    page = sign_in(updating, browser)
    page.goto(f"{updating.base}/agents")
    kiro = page.locator("#a-kiro")
    expect(kiro).to_contain_text("never run by us")
    expect(kiro.locator(".agent-more code")).to_have_text("kiro-cli acp")
    kiro.get_by_text("How to install it").click()
    expect(kiro.get_by_text("Then sign in to it: Run `kiro-cli login` in a terminal.")).to_be_visible()
    expect(page.locator("#a-cline")).to_contain_text("only as far as its sign-in")
    expect(page.locator("#a-claude-code")).to_contain_text("speaks stream-json:")
    expect(page.locator("#a-claude-code")).to_contain_text("By itself: Run `claude` in a terminal")
