"""What an agent offers beside model and mode is chosen in the composer, and stays as it was chosen."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.sessions import acp
from tests.support.browser import sign_in

MARKED = "document.addEventListener('DOMContentLoaded', () => document.getElementById('options').mark = true)"
"""Gone from the element that takes the place of this one."""


def test_a_choice_is_kept_and_shown(browser: Browser, tmp_path: Path) -> None:
    with acp.maker(tmp_path) as make:
        daemon = make("thinks")
        daemon.api("POST", "/agents/mine/models")
        conversation = daemon.conversation("mine")
        page = sign_in(daemon, browser)
        page.add_init_script(MARKED)
        page.goto(f"{daemon.base}/conversations/{conversation}")
        pick = page.get_by_label("Thinking")
        expect(pick.locator("option:checked")).to_have_text("Thinking: default")
        expect(page.locator("#line")).to_have_attribute("data-state", "live")
        assert page.evaluate("document.getElementById('options').mark"), "a list that is open would be closed"
        pick.select_option("high")

        page.locator("#message").fill("say Hello")
        page.keyboard.press("Enter")
        expect(page.locator(".end-line")).to_contain_text("Finished")
        assert [one["params"]["value"] for one in acp.told(daemon, "session/set_config_option")] == ["high"]
        expect(pick.locator("option:checked")).to_have_text("Thinking: High")
        page.reload()
        expect(pick.locator("option:checked")).to_have_text("Thinking: High")
        page.context.close()


def test_what_is_chosen_elsewhere_is_seen_at_once(browser: Browser, tmp_path: Path) -> None:
    """And what an agent says for the first time can be chosen on the page that is open."""
    with acp.maker(tmp_path) as make:
        daemon = make("thinks")
        conversation = daemon.conversation("mine")
        page = sign_in(daemon, browser)
        page.goto(f"{daemon.base}/conversations/{conversation}")
        pick = page.get_by_label("Thinking")
        expect(page.locator("#options")).to_be_attached()
        expect(pick).to_have_count(0)
        acp.ask(daemon, conversation, "say Hello")
        expect(pick.locator("option:checked")).to_have_text("Thinking: default")
        expect(pick).to_have_attribute("title", re.compile("Default: the agent's own choice, Low"))

        path = f"/conversations/{conversation}"
        daemon.api("PATCH", path, {"options": {"effort": "high"}})
        expect(pick.locator("option:checked")).to_have_text("Thinking: High")
        pick.focus()
        daemon.api("PATCH", path, {"options": {"effort": ""}})
        expect(pick.locator("option:checked")).to_have_text("Thinking: default")
        expect(pick).to_be_focused()
        page.context.close()
