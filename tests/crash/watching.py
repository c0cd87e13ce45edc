"""One conversation as its log, its tapes, the API and an open page show it: nothing lost, nothing doubled, in one order."""

from collections import Counter
from typing import Any

from playwright.sync_api import Page

from tests.support.daemon import Daemon, wait_for
from tests.support.tokens import numbers, on_tapes, said_on

WINDOW = 100
"""Items that a page has at least, if there are so many."""
MARK = "not reloaded"
READ = """() => ({
  mark: window.mark,
  ids: [...document.querySelectorAll("[id]")].map(one => one.id),
  items: [...document.querySelectorAll("#log .item")].map(one => [Number(one.dataset.seq), one.textContent]),
})"""
OPENING = ("turn.started", "item.added", "tool.started", "turn.ended")

Items = dict[int, list[int]]
"""The tokens in each item, by its number in the conversation; in the order in which the items were found."""


class Watched:
    """A conversation, and a page on which it is open."""

    def __init__(self, daemon: Daemon, page: Page, prompt: str = "") -> None:
        self.daemon, self.page = daemon, page
        self.id = daemon.conversation()
        self.events: list[dict[str, Any]] = []
        """As far as they were read. Whatever is killed then, they stay as they are."""
        self.tokens: list[int] = []
        page.goto(f"{daemon.base}/conversations/{self.id}")
        page.evaluate(f"window.mark = '{MARK}'")
        if prompt:
            daemon.send(self.id, prompt)

    # -- its log ------------------------------------------------------------------------------------------------------
    def read(self) -> "Watched":
        """What has come since."""
        while found := self.daemon.events(self.events[-1]["position"] if self.events else 0, self.id):
            self.events += found
            for event in found:
                if event["type"] == "item.added":
                    self.tokens += numbers(event["data"]["body"]["text"])
        return self

    def has(self, lines: int) -> bool:
        return len(self.read().tokens) >= lines

    def of(self, kind: str, field: str) -> list[Any]:
        return [event["data"][field] for event in self.events if event["type"] == kind]

    @property
    def items(self) -> int:
        return sum(event["type"] in OPENING for event in self.events)

    @property
    def taped(self) -> list[int]:
        return on_tapes(self.daemon, self.of("host.requested", "host"))

    # -- what must hold -----------------------------------------------------------------------------------------------
    def settled(self, expected: list[int]) -> None:
        """When all is quiet: tape, log, API and page agree, on the page also further up."""
        self.read().unchanged()
        assert self.tokens == expected
        assert self.taped == expected
        opened = [event["data"].get("item") for event in self.events if event["type"] in OPENING]
        assert [item for item, count in Counter(filter(None, opened)).items() if count > 1] == []
        every = self._in_api()
        assert list(every) == list(range(1, self.items + 1))
        assert [token for tokens in every.values() for token in tokens] == expected
        shown: Items = wait_for(
            lambda: (now := look(self.page)) and max(now) == self.items and now, "the open page to catch up"
        )
        assert shown == _of(every, shown)
        assert len(shown) >= min(WINDOW, self.items)
        self._further_up(min(shown), every)

    def _further_up(self, first: int, every: Items) -> None:
        """Whoever scrolls up finds more; what is far away goes meanwhile."""

        def scrolled() -> Items:
            self.page.locator(".log").evaluate("log => log.scrollTop = -1e6")
            return look(self.page)

        if first > 1:
            shown: Items = wait_for(lambda: min(now := scrolled()) < first and now, f"items above {first}")
            assert shown == _of(every, shown)

    def unchanged(self) -> None:
        """What the log has told once it tells again."""
        again, after = list[dict[str, Any]](), 0
        while found := self.daemon.events(after, self.id):
            again += found
            after = again[-1]["position"]
        assert again[: len(self.events)] == self.events

    def _in_api(self) -> Items:
        whole = self.daemon.api("GET", f"/conversations/{self.id}/full?allChunks=1")
        assert whole["totalChunks"] == len(whole["chunks"])
        return {one["sequence"]: numbers(str(one["data"])) for one in whole["chunks"]}

    def given(self) -> list[str]:
        """The turns whose prompts an agent was given: each once, whatever died. No agent says that it got one twice."""
        inputs = [name.removeprefix("prompt:") for name in self.daemon.inputs() if name.startswith("prompt:")]
        turns = self.of("turn.started", "turn")
        got = [turn for turn in inputs if turn in turns]
        assert len(got) == len(set(got))
        got.sort(key=turns.index)
        hosts = self.of("host.requested", "host")
        folders = [self.daemon.data / "tapes" / host for host in hosts]
        begun = sum(b'"subtype":"init"' in line for folder in folders for line in said_on(folder))
        assert begun <= len(got)
        return got


def look(page: Page) -> Items:
    """What stands there now. However long it was cut off, the page is the same; no element is there twice."""
    found = page.evaluate(READ)
    assert found["mark"] == MARK, "the page was loaded anew"
    assert [name for name, count in Counter(found["ids"]).items() if count > 1] == []
    shown = {int(number): numbers(text) for number, text in found["items"]}
    assert len(shown) == len(found["items"])
    assert list(shown) == sorted(shown)
    return shown


def _of(every: Items, shown: Items) -> Items:
    """What the items from the first to the last of these must be."""
    return {number: every[number] for number in range(min(shown), max(shown) + 1)}
