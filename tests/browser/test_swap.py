"""`swap.js` in a real browser does what the model of the page (`tests/stream/dom.py`) does: so the model's rules are its."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Browser

from agentguid.stream import page as module
from tests.conftest import FULL
from tests.stream.dom import Dom, Node
from tests.stream.play import Play, go_on
from tests.stream.story import SITE, Story

pytestmark = pytest.mark.browser
ASSETS = SITE.web / "assets"
TREE = """() => {
  const tree = node => [node.id, [...node.children].filter(child => child.id || child.children.length).map(tree),
    node.children.length ? "" : node.textContent];
  return ["log", "live", "convs", "needs", "title", "status", "queue"].map(id => tree(document.getElementById(id)));
}"""
SWAP = """async lines => {
  for (const text of lines) {
    await htmx.swap({text, sourceElement: document.getElementById("stream"), target: document.getElementById("stream"),
      swap: "none swapEmpty:false", request: {}, response: {}});
  }
}"""


def tree(node: Node) -> list[Any]:
    """The same shape as the browser's."""
    inner = [tree(child) for child in node.elements() if child.id or child.elements()]
    return [node.id, inner, "" if node.elements() else node.text()]


class Recording(Play):
    """A play that remembers what its page received."""

    def __init__(self, story: Story) -> None:
        self.received: list[list[str]] = []
        super().__init__(story)

    def reopen(self, number: int) -> None:
        super().reopen(number)
        html = self.story.html()[0]
        self.received.append([html])
        page, receive = self.received[-1], self.dom.receive

        def remembered(message: bytes) -> Dom:
            page.append(message.decode().partition("data: ")[2].removesuffix("\n\n"))
            return receive(message)

        self.dom.receive = remembered  # type: ignore[method-assign]


PARTS = ("log", "live", "convs", "needs", "title", "status", "queue")


def played(seed: int) -> tuple[str, list[str], list[Any]]:
    """The page as it was drawn last, the messages that it received since, and what the model made of them."""
    story = Story()
    try:
        play = Recording(story)
        go_on(play, random.Random(seed), 200)
        html, *messages = play.received[-1]
        return html, messages, [tree(play.dom[part]) for part in PARTS]
    finally:
        story.close()


@pytest.mark.parametrize("seed", range(8 if FULL else 2))
def test_the_browser_swaps_as_the_model_does(
    browser: Browser, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", 2)
    with ThreadPoolExecutor(1) as thread:  # Playwright has an event loop in this one
        html, messages, model = thread.submit(played, seed).result()
    page = browser.new_page()
    try:
        page.set_content(f"<!doctype html><body>{html}</body>")
        for script in ("vendor/htmx.js", "swap.js"):
            page.add_script_tag(path=ASSETS / script)
        page.evaluate(SWAP, messages)

        assert page.evaluate(TREE) == model
        assert messages
    finally:
        page.close()
