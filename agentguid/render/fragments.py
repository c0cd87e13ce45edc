"""One partial per element of the page: the same on the page, on the stream and without JavaScript.

An item is drawn once per change; the string is shared by everybody who reads it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from agentguid.project.transcript import Item
from agentguid.protocol.events import (
    ApprovalRequested,
    ItemAdded,
    MessageSteered,
    ToolFinished,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    Unreadable,
)
from agentguid.render import asks, calls, text, tools
from agentguid.render.cache import Cache
from agentguid.render.environment import Site
from agentguid.render.names import agent_name

ITEMS = "conversation/_items.html"
KEPT = 2000
"""Drawn items that are kept."""
MADE = 200
"""Items whose parts are kept until they are drawn."""
BIG = 64 * 1024
"""Characters of HTML above which a drawn item is not kept."""
RESULTS = {
    "complete": ("Finished", "in", "s-done", "st-ok"),
    "error": ("Failed", "after", "s-fail", "st-fail"),
    "interrupted": ("Interrupted", "after", "stop", ""),
}


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
        self._made: Cache[tuple[str, int], calls.Made] = Cache(MADE)

    # -- items --------------------------------------------------------------------------------------------------------
    def item(self, item: Item) -> str:
        """An item as it is now, without those nested in it."""
        key = (item.id, item.touched)
        drawn = self._kept.get(key)
        if drawn is None:
            drawn = _linked(self._draw(item), self._link(item))
            if len(drawn) <= BIG and self._parts(item).coloured:
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

    async def prepare(self, items: Sequence[Item]) -> None:
        """Makes what takes time of items that are about to be drawn, off the loop. Returns at once when there is nothing."""
        waiting = [item for item in items if calls.takes_time(item) and not self._has(item)]
        if len(waiting) > calls.FEW or not all(map(calls.is_quick, waiting)):
            made = await asyncio.to_thread(calls.make_all, waiting)
            for item, one in zip(waiting, made, strict=True):
                self._made.put((item.id, item.touched), one)

    def _parts(self, item: Item) -> calls.Made:
        """What was prepared of an item, or what it takes now."""
        key = (item.id, item.touched)
        made = self._made.get(key)
        if made is None:
            made, _ = calls.make(item)
            self._made.put(key, made)
        return made

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
            case MessageSteered() as event:
                return self._macro("steered", item, event)
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
        html = self._parts(item).html
        match event.kind:
            case "message":
                return self._macro("message", item, event, html)
            case "thought":
                return self._macro("thought", item, event, html, text.one_line(event.body.text))
            case "plan":
                return self._macro("planned", item, event, tools.plan(event.body), html)
            case "notice":
                return self._macro("notice", item, event)
            case _:
                return self._macro("unknown", item, event, text.one_line(event.body.text))

    # -- tools and approvals ------------------------------------------------------------------------------------------
    def _tool(self, item: Item, event: ToolStarted) -> str:
        made = self._parts(item)
        view = made.view or tools.view(event.name, event.input)
        finished = item.finished.event if item.finished else None
        asked = item.approval
        ask = asks.ask(self.site, item.conversation, asked, item.decision) if asked else None
        phase = calls.phase(item, made, asks=ask is not None and ask.answer is None)
        output = finished if isinstance(finished, ToolFinished) else None
        draw = self.site.macro("conversation/_tool.html", "tool")
        return str(draw(item, view, event.input, output, made.outcome, phase, ask)).strip()

    def _alone(self, item: Item, event: ApprovalRequested) -> str:
        view = tools.view(event.tool, event.input)
        ask = asks.ask(self.site, item.conversation, item.opened, item.decision)
        return str(
            self.site.macro("conversation/_approval.html", "alone")(item, ask, view, event.input)
        ).strip()


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
