"""One partial per element of the page: the same on the page, on the stream and without JavaScript.

An item is drawn once per change; the string is shared by everybody who reads it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from agentguid.project.transcript import Item
from agentguid.protocol.events import (
    ApprovalRequested,
    ItemAdded,
    ToolFinished,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    Unreadable,
)
from agentguid.render import asks, code, text, tools
from agentguid.render.cache import Cache
from agentguid.render.environment import Site, ours
from agentguid.render.markdown import blocks, markdown
from agentguid.render.names import agent_name

ITEMS = "conversation/_items.html"
KEPT = 2000
"""Drawn items that are kept."""
BIG = 64 * 1024
"""Characters of HTML above which a drawn item is not kept."""
MARKED = ("message", "thought", "plan")
"""Kinds whose text is Markdown."""
OPEN_DIFF = 60
"""Rows of a diff up to which an edit is shown opened."""
RESULTS = {
    "complete": ("Finished", "in", "s-done", "st-ok"),
    "error": ("Failed", "after", "s-fail", "st-fail"),
    "interrupted": ("Interrupted", "after", "stop", ""),
}


class Phase(Struct, frozen=True):
    """How far a tool call is."""

    style: str = ""
    open: bool = False
    icon: str = ""
    word: str = ""
    duration: int | None = None


class Words(Struct, frozen=True):
    text: str
    preposition: str
    icon: str
    style: str


class Fragments:
    """Draws the elements of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._kept: Cache[tuple[str, int], str] = Cache(KEPT)

    # -- items --------------------------------------------------------------------------------------------------------
    def item(self, item: Item) -> str:
        """An item as it is now, without those nested in it."""
        key = (item.id, item.touched)
        drawn = self._kept.get(key)
        if drawn is None:
            drawn = _linked(self._draw(item), self._link(item))
            if len(drawn) <= BIG:
                self._kept.put(key, drawn)
        return drawn

    def window(self, items: Sequence[Item], marked: str | None = None) -> str:
        """Consecutive items in order, those of sub-agents inside their tool call when that is among them.

        The page opens on the one with the id `marked`."""
        drawn = {item.id: self.item(item) for item in items}
        if marked in drawn:
            drawn[marked] = _marked(drawn[marked], marked)
        sequence = {item.id: item.sequence for item in items}
        inner: dict[str, list[str]] = {}
        top: list[str] = []
        for item in reversed(items):
            whole = _filled(drawn[item.id], item.id, inner.pop(item.id, ()))
            parent = item.parent
            if parent in drawn and sequence[parent] < item.sequence and _nest(parent) in drawn[parent]:
                inner.setdefault(parent, []).append(whole)
            else:
                top.append(whole)
        return "".join(reversed(top))

    def _unprepared(self, items: Iterable[Item]) -> list[tuple[str, str]]:
        """Code blocks that have not been coloured yet."""
        found: list[tuple[str, str]] = []
        for item in items:
            event = item.opened.event
            if isinstance(event, ItemAdded) and event.kind in MARKED and not self._has(item):
                found += [block for block in blocks(event.body.text) if not code.prepared(*block)]
        return found

    async def prepare(self, items: Iterable[Item]) -> None:
        """Colours the code of items that are about to be drawn, off the loop. Returns at once when there is none."""
        if waiting := self._unprepared(items):
            await asyncio.to_thread(_colour, waiting)

    def _has(self, item: Item) -> bool:
        return self._kept.get((item.id, item.touched)) is not None

    def _link(self, item: Item) -> str:
        return str(self.site.macro("conversation/_link.html", "link")(item))

    def _macro(self, name: str, *given: Any) -> str:
        return str(self.site.macro(ITEMS, name)(*given)).strip()

    def _draw(self, item: Item) -> str:
        match item.opened.event:
            case TurnStarted() as event:
                return self._macro("user", item, event, agent_name(event.agent))
            case ItemAdded() as event:
                return self._added(item, event)
            case ToolStarted() as event:
                return self._tool(item, event)
            case ApprovalRequested() as event:
                return self._alone(item, event)
            case TurnEnded() as event:
                return self._macro("result", item, event, Words(*RESULTS[event.outcome]))
            case event:
                return self._macro("gone", item, isinstance(event, Unreadable) and event.redacted)

    def _added(self, item: Item, event: ItemAdded) -> str:
        match event.kind:
            case "message":
                return self._macro("message", item, event, ours(markdown(event.body.text)))
            case "thought":
                html = ours(markdown(event.body.text))
                return self._macro("thought", item, event, html, text.one_line(event.body.text))
            case "plan":
                return self._plan(item, event)
            case "notice":
                return self._macro("notice", item, event)
            case _:
                return self._macro("unknown", item, event, text.one_line(event.body.text))

    def _plan(self, item: Item, event: ItemAdded) -> str:
        steps = tools.plan(event.body)
        html = "" if steps else markdown(event.body.text)
        return self._macro("planned", item, event, steps, ours(html))

    # -- tools and approvals ------------------------------------------------------------------------------------------
    def _tool(self, item: Item, event: ToolStarted) -> str:
        view = tools.view(event.name, event.input)
        finished = item.finished.event if item.finished else None
        asked = item.approval
        ask = asks.ask(self.site, item.conversation, asked, item.decision) if asked else None
        phase = _phase(item, view, ask)
        if not isinstance(finished, ToolFinished):
            finished = None
        draw = self.site.macro("conversation/_tool.html", "tool")
        return str(draw(item, view, event.input, finished, phase, ask)).strip()

    def _alone(self, item: Item, event: ApprovalRequested) -> str:
        view = tools.view(event.tool, event.input)
        ask = asks.ask(self.site, item.conversation, item.opened, item.decision)
        return str(
            self.site.macro("conversation/_approval.html", "alone")(item, ask, view, event.input)
        ).strip()


def _colour(waiting: Iterable[tuple[str, str]]) -> None:
    for source, language in waiting:
        code.prepare(source, language)


def _linked(html: str, link: str) -> str:
    """An item with the link to it: below the row of one that can be folded, else at its end."""
    place = html.find("</summary>") + 10 if html.startswith("<details") else html.rfind("</")
    return html[:place] + link + html[place:]


def _marked(html: str, item: str) -> str:
    """The item has the focus when the page opens, also without script, and so is in view."""
    return html.replace(f' id="i-{item}"', f' id="i-{item}" data-at tabindex="-1" autofocus', 1)


def _nest(item: str | None) -> str:
    return f'<div class="nest" id="n-{item}"></div>'


def _filled(html: str, item: str, inner: Sequence[str]) -> str:
    """A tool call with what is nested in it (given last first)."""
    if not inner:
        return html
    # No agent's text can contain this tag: attributes other than `class` of code do not survive the sanitiser.
    empty = _nest(item)
    return html.replace(empty, empty.replace("></div>", f">{''.join(reversed(inner))}</div>"), 1)


def _phase(item: Item, view: tools.ToolView, ask: asks.Ask | None) -> Phase:
    if ask and ask.answer is None:
        return Phase(" tool-ask", open=True, icon="s-ask", word="waiting for you")
    if item.finished is None:
        return Phase(" tool-run", open=bool(view.steps) or view.icon == "fork", icon="s-run", word="running")
    took = max(0, item.finished.at - item.at) // 1000
    event = item.finished.event
    if not isinstance(event, ToolFinished):
        return Phase(word="its output was removed", duration=took)
    if event.incomplete:
        return Phase(word="cut short", open=event.failed)
    if event.failed:
        return Phase(" tool-fail", open=True, word="failed", duration=took)
    rows = sum(len(change) for change in view.changes)
    return Phase(open=bool(view.steps) or 0 < rows <= OPEN_DIFF, duration=took)
