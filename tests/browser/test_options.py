"""What an agent offers beside model and mode is chosen in the composer, and stays as it was chosen."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.sessions import acp
from tests.support.browser import sign_in


def test_a_choice_is_kept_and_shown(browser: Browser, tmp_path: Path) -> None:
    with acp.maker(tmp_path) as make:
        daemon = make("thinks")
        daemon.api("POST", "/agents/mine/models")
        conversation = daemon.conversation("mine")
        page = sign_in(daemon, browser)
        page.goto(f"{daemon.base}/conversations/{conversation}")
        pick = page.get_by_label("Thinking")
        expect(pick.locator("option:checked")).to_have_text("Thinking: default")
        pick.select_option("high")

        page.locator("#message").fill("say Hello")
        page.keyboard.press("Enter")
        expect(page.locator(".end-line")).to_contain_text("Finished")
        assert [one["params"]["value"] for one in acp.told(daemon, "session/set_config_option")] == ["high"]
        expect(pick.locator("option:checked")).to_have_text("Thinking: High")
        page.reload()
        expect(pick.locator("option:checked")).to_have_text("Thinking: High")
        page.context.close()
