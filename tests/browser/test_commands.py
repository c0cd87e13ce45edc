"""What is seen of a command that an agent has us run, and the models of an agent that has not worked yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.sessions import acp
from tests.support.browser import sign_in
from tests.support.daemon import Daemon, wait_for


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with the scripted ACP agent."""
    with acp.maker(tmp_path) as make:
        daemon = make()
        wait_for(lambda: daemon.api("GET", "/agents/mine")["installed"], "the search for agents")
        yield daemon


def test_the_output_of_a_command_grows_and_then_is_that_of_its_call(mine: Daemon, browser: Browser) -> None:
    conversation = mine.conversation("mine", mode="bypass")
    page = sign_in(mine, browser)
    page.goto(f"{mine.base}/conversations/{conversation}")
    mine.send(conversation, "run echo early && until test -e go\ndo sleep 0.05\ndone && echo late")
    live = page.locator("#live details")
    expect(live).to_contain_text("early")
    expect(live).to_contain_text("running")
    (mine.work / "go").touch()

    expect(live).to_have_count(0)
    call = page.locator("#log details.tool")
    expect(call).to_contain_text("2 lines")
    call.locator("summary").first.click()
    expect(call).to_contain_text("early\nlate", use_inner_text=True)


def test_the_form_asks_an_agent_for_its_models(mine: Daemon, browser: Browser) -> None:
    """What was typed stays; the field offers what it named."""
    page = sign_in(mine, browser)
    page.goto(f"{mine.base}/new")
    page.select_option("#agent", "mine")
    page.fill("#first", "Do it")
    page.get_by_role("button", name="Ask the agent which models it has").click()

    expect(page.get_by_text("mine names 2 models: the field has them.")).to_be_visible()
    expect(page.locator("#first")).to_have_value("Do it")
    expect(page.locator("#agent")).to_have_value("mine")
    expect(page.locator("#models-mine option")).to_have_count(2)
    expect(page.locator("#model")).to_have_attribute("list", "models-mine")
