"""Items of Codex's threads: messages, thoughts, plans, calls of tools. Each says when it begins and when it ends."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct, field

from agentguid.agents import codex_shape as shape
from agentguid.agents.base import Fact, Live, Output
from agentguid.agents.codex_state import AGENTS, DONE, ID, NAME, RUNNING, State
from agentguid.agents.codex_wire import Item
from agentguid.agents.jsonl import text_of
from agentguid.protocol.events import ItemAdded, ToolFinished, ToolStarted
from agentguid.protocol.items import Body, ItemKind

OPEN = 1000
"""So many items without an end are remembered."""
HELD = 4 * 1024 * 1024
"""Characters of an unfinished item that are kept; a finished one is told whole."""
ALL = 16 * 1024 * 1024
"""Characters of all of them: before there are more, the oldest are given up."""
TEXTS: dict[str, ItemKind] = {"agentMessage": "message", "reasoning": "thought", "plan": "plan"}


class Open(Struct):
    """An item without an end."""

    item: str
    type: str
    thread: str
    turn: str | None
    parent: str | None
    kind: ItemKind | None = None
    """Of a text; None: a call."""
    changes: Any = None
    """Of a call that changes files: which."""
    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    weight: int = 0
    """Characters of those, and of what it said."""
    started: bool = False
    parts: list[str] = field(default_factory=list)
    size: int = 0


class Items:
    def __init__(self, state: State, new_item: Callable[[], str]) -> None:
        self.state = state
        self.new_item = new_item
        self.open: dict[str, Open] = {}

    def parent(self, thread: str) -> str | None:
        """The call of the sub-agent whose thread this is."""
        if thread in ("", self.state.thread):
            return None
        return self.state.agents.get(thread) or self._spawning()

    def _spawning(self) -> str | None:
        """The latest call that begins a sub-agent: its thread is known only at its end."""
        calls = [one for one in self.open.values() if one.type == "collabAgentToolCall"]
        return calls[-1].item if calls else None

    # -- what Codex tells ---------------------------------------------------------------------------------------------
    def started(self, item: Item, thread: str, out: list[Output]) -> None:
        if item.id in self.open or item.id in self.state.done:
            return
        if item.type in TEXTS:
            self._begin(item, thread, out)
        elif (call := shape.call(item)) is not None:
            open_ = self._begin(item, thread, out)
            open_.name, open_.arguments = call
            open_.changes = item.changes
            if item.type in shape.LATE:
                out.append(Live(open_.item, "tool", "", open_.turn, open_.parent, open_.name))
            else:
                self._start(open_, out)
        while len(self.open) > 1 and sum(one.weight for one in self.open.values()) > ALL:
            self._abandon(next(iter(self.open)), out)

    def _begin(self, item: Item, thread: str, out: list[Output]) -> Open:
        if len(self.open) >= OPEN:
            self._abandon(next(iter(self.open)), out)
        kind = TEXTS.get(item.type)
        begun = Open(self.new_item(), item.type, thread, self.state.turn, self.parent(thread), kind)
        begun.weight = len(thread) + len(item.id)
        self.open[item.id] = begun
        return begun

    def _start(self, call: Open, out: list[Output]) -> None:
        call.started = True
        body = Body(msgspec.json.encode(call.arguments).decode(), "application/json")
        call.weight += len(body.text)
        started = ToolStarted(item=call.item, turn=call.turn, name=call.name, input=body, parent=call.parent)
        out.append(Fact(started))

    def piece(self, name: str, text: str, out: list[Output], *, spoken: bool) -> None:
        """More of an item: of a text (`spoken`), or what a command prints."""
        now = self.open.get(name[:NAME])
        if now is None or not text or spoken != (now.kind is not None):
            return
        now.size += len(text)
        if now.size <= HELD:
            now.parts.append(text)
            now.weight += len(text)
        if now.kind is not None:
            out.append(Live(now.item, now.kind, text, now.turn, now.parent))

    def completed(self, item: Item, thread: str, out: list[Output]) -> bool:
        """False: an item of a type that we do not know."""
        if item.id in self.state.running:
            self._ended(item, out)
            return True
        call = shape.call(item)
        if call is None and item.type not in TEXTS:
            return False
        if item.id in self.state.done:
            return True
        now = self.open.pop(item.id, None) or self._begun_late(item, thread, out)
        self._done(item.id)
        if call is None:
            self._say(now, _words(item) or "".join(now.parts), out)
        else:
            self._finish(now, item, call, out)
        return True

    def _ended(self, item: Item, out: list[Output]) -> None:
        """A command in the background is through."""
        self.state.running.remove(item.id)
        line = shape.command(text_of(item.command))[:200]
        code = f"with exit status {item.code}" if isinstance(item.code, int) else "without an exit status"
        text = f"A command in the background has ended {code}: {line}"
        notice = ItemAdded(item=self.new_item(), turn=self.state.turn, kind="notice", body=Body(text))
        out.append(Fact(notice))

    def _begun_late(self, item: Item, thread: str, out: list[Output]) -> Open:
        self._begin(item, thread, out)
        return self.open.pop(item.id)

    def _say(self, now: Open, text: str, out: list[Output], *, incomplete: bool = False) -> None:
        assert now.kind is not None
        if text:
            body = Body(text, "text/markdown")
            added = ItemAdded(
                item=now.item,
                turn=now.turn,
                kind=now.kind,
                body=body,
                parent=now.parent,
                incomplete=incomplete,
            )
            out.append(Fact(added))

    def _finish(self, now: Open, item: Item, call: tuple[str, dict[str, Any]], out: list[Output]) -> None:
        if not now.started:
            now.name, now.arguments = call
            self._start(now, out)
        if item.type == "collabAgentToolCall" and text_of(item.tool) == "spawnAgent":
            self._spawned(item, now.item)
        body, failed = shape.outcome(item, "".join(now.parts))
        out.append(Fact(ToolFinished(item=now.item, output=body, failed=failed)))

    def _spawned(self, item: Item, call: str) -> None:
        found = item.receivers if isinstance(item.receivers, list) else []
        for thread in found:
            if isinstance(thread, str) and thread != self.state.thread and len(thread) <= ID:
                self.state.agents[thread] = call
        while len(self.state.agents) > AGENTS:
            del self.state.agents[next(iter(self.state.agents))]

    # -- what gets no end ---------------------------------------------------------------------------------------------
    def turn_over(self, thread: str, out: list[Output], *, completed: bool) -> None:
        """The thread is through with its turn. Commands that it left running go on in the background."""
        for name, now in list(self.open.items()):
            if now.thread == thread:
                if completed and now.type == "commandExecution":
                    self._leave(name, now, out)
                else:
                    self._abandon(name, out)

    def _leave(self, name: str, now: Open, out: list[Output]) -> None:
        del self.open[name]
        self.state.running = [*self.state.running, name][-RUNNING:]
        text = "".join(now.parts) or "It goes on in the background."
        out.append(Fact(ToolFinished(item=now.item, output=Body(text))))

    def abandon(self, out: list[Output]) -> None:
        """Nothing gets an end any more."""
        for name in list(self.open):
            self._abandon(name, out)

    def _abandon(self, name: str, out: list[Output]) -> None:
        now = self.open.pop(name)
        self._done(name)
        text = "".join(now.parts)
        if now.kind is not None:
            self._say(now, text, out, incomplete=True)
            return
        if not now.started:
            self._start(now, out)
        out.append(Fact(ToolFinished(item=now.item, output=Body(text), incomplete=True)))

    def _done(self, name: str) -> None:
        self.state.done = [*self.state.done, name][-DONE:]


def _words(item: Item) -> str:
    """What a text says as a whole."""
    if item.type == "reasoning":
        return _joined(item.summary) or _joined(item.content)
    return text_of(item.text)


def _joined(parts: Any) -> str:
    return "\n\n".join(one for one in parts if isinstance(one, str)) if isinstance(parts, list) else ""
