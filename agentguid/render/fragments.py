"""One partial per element of the page: the same on the page, on the stream and without JavaScript.

An item is drawn once per change; the string is shared by everybody who reads it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from agentguid.project.transcript import Item
from agentguid.protocol.events import (
    ApprovalDecided,
    ApprovalRequested,
    ApprovalWithdrawn,
    ItemAdded,
    Recorded,
    ToolFinished,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    Unreadable,
)
from agentguid.protocol.items import Option
from agentguid.render import calls, text, tools
from agentguid.render.cache import Cache
from agentguid.render.environment import Site
from agentguid.render.names import agent_name

ITEMS = "conversation/_items.html"
KEPT = 2000
"""Drawn items that are kept."""
MADE = 200
"""Items whose parts are kept until they are drawn."""
SAID = 4000
"""Characters of a reason or an answer that are shown."""
BIG = 64 * 1024
"""Characters of HTML above which a drawn item is not kept."""
OPTIONS = [Option("allow_once", "allow_once", "Yes"), Option("reject_once", "reject_once", "No")]
"""For an agent that offers none of its own."""
RESULTS = {
    "complete": ("Finished", "in", "s-done", "st-ok"),
    "error": ("Failed", "after", "s-fail", "st-fail"),
    "interrupted": ("Interrupted", "after", "stop", ""),
}
ANSWERS = {
    "allow_once": "Allowed",
    "allow_always": "Allowed, and from now on without asking",
    "reject_once": "Denied",
    "reject_always": "Denied, and from now on without asking",
}


class Ask(Struct, frozen=True):
    """A permission request, ready to be drawn."""

    id: str
    title: str
    reason: str | None
    options: list[Option]
    answer: str | None
    """What was decided, in words; None while it is open."""
    url: str


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
            drawn = self._draw(item)
            if len(drawn) <= BIG and self._parts(item).coloured:
                self._kept.put(key, drawn)
        return drawn

    def window(self, items: Sequence[Item]) -> str:
        """Consecutive items in order, those of sub-agents inside their tool call when that is among them."""
        drawn = {item.id: self.item(item) for item in items}
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
        if waiting:
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
        ask = self._ask(item, item.approval, event.name, view)
        phase = calls.phase(item, made, asks=ask is not None and ask.answer is None)
        output = finished if isinstance(finished, ToolFinished) else None
        draw = self.site.macro("conversation/_tool.html", "tool")
        return str(draw(item, view, event.input, output, made.outcome, phase, ask)).strip()

    def _alone(self, item: Item, event: ApprovalRequested) -> str:
        view = tools.view(event.tool, event.input)
        ask = self._ask(item, item.opened, event.tool, view)
        return str(
            self.site.macro("conversation/_approval.html", "alone")(item, ask, view, event.input)
        ).strip()

    def _ask(self, item: Item, recorded: Recorded | None, tool: str, view: tools.ToolView) -> Ask | None:
        event = recorded.event if recorded else None
        if not isinstance(event, ApprovalRequested):
            return None
        answer = _answer(item.decision, event.options)
        url = self.site.url(f"/conversations/{item.conversation}/approvals/{event.approval}")
        return Ask(
            event.approval,
            _question(tool, view),
            text.clip(event.reason, SAID) if event.reason else None,
            [Option(one.id, one.kind, text.one_line(one.name, 300)) for one in event.options or OPTIONS],
            text.clip(answer, SAID) if answer else None,
            url,
        )


def _nest(item: str | None) -> str:
    return f'<div class="nest" id="n-{item}"></div>'


def _filled(html: str, item: str, inner: Sequence[str]) -> str:
    """A tool call with what is nested in it (given last first)."""
    if not inner:
        return html
    # No agent's text can contain this tag: attributes other than `class` of code do not survive the sanitiser.
    empty = _nest(item)
    return html.replace(empty, empty.replace("></div>", f">{''.join(reversed(inner))}</div>"), 1)


def _question(tool: str, view: tools.ToolView) -> str:
    if view.command is not None:
        return "May it run this command?"
    tool = text.one_line(tool, 80)
    return f"May it use {tool}?" if not view.arg else f"May it use {tool} on {text.one_line(view.arg, 80)}?"


def _answer(recorded: Recorded | None, options: Sequence[Option]) -> str | None:
    if recorded is None:
        return None
    match recorded.event:
        case ApprovalDecided() as event:
            name = next((option.name for option in options if option.id == event.option), None)
            words = ANSWERS[event.decision] + (f" ({name})" if name else "")
            return f"{words}: {event.message}" if event.message else words
        case ApprovalWithdrawn() as event:
            return f"Withdrawn: {event.reason}"
        case _:
            return "Decided"
