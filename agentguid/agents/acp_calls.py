"""Tool calls of an ACP agent: from the first that is heard of one to its result.

A call may be announced without arguments, which come later; or be heard of first in a permission request, or in the
update that ends it. It is shown live from the start, and becomes a fact when it is known what it does: at its second
word with arguments, when it begins to work, or when permission is asked for it.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct, field

from agentguid.agents import acp_shape as shape
from agentguid.agents.acp_state import DONE, State
from agentguid.agents.acp_wire import Call as Told
from agentguid.agents.base import Fact, Live, Output
from agentguid.agents.commands import is_of
from agentguid.agents.jsonl import mapping, mark_of, objects, text_of
from agentguid.protocol.events import ToolFinished, ToolStarted
from agentguid.protocol.items import Body

OPEN = 1000
"""So many calls without a result are remembered."""
ALL = 16 * 1024 * 1024
"""Bytes of all of them: before there are more, the oldest are given up."""
LATE = 600_000_000
"""Microseconds that a call outside a turn may take between two words."""
STREAMED = 4 * 1024 * 1024
"""Characters of a call's streamed output that are kept."""
ENDED = ("completed", "failed")
WORKING = ("in_progress", *ENDED)


class Call(Struct):
    """A call that has no result yet."""

    item: str
    turn: str | None
    parent: str | None = None
    title: str = ""
    kind: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    content: Any = None
    places: list[dict[str, Any]] = field(default_factory=list)
    answered: Any = None
    streamed: list[str] = field(default_factory=list)
    size: int = 0
    """Characters of it."""
    started: bool = False
    at: int = 0
    """When it was last heard of, microseconds since the epoch."""
    shown: list[dict[str, Any]] = field(default_factory=list)
    """The diffs that stand in its arguments."""
    weight: int = 0
    """Bytes of what it was told to do and of its result, without what was streamed."""

    @property
    def name(self) -> str:
        return shape.named(self.kind, self.title, self.given)

    def arguments(self) -> dict[str, Any]:
        return shape.arguments(self.kind, self.title, self.given, shape.diffs_of(self.content), self.places)


class Calls:
    def __init__(self, state: State, new_item: Callable[[], str], host: str) -> None:
        self.state = state
        self.new_item = new_item
        self.host = host
        self.open: dict[str, Call] = {}

    def told(self, told: Told, out: list[Output], *, asked: bool = False) -> Call | None:
        """Something is said of a call, in an update or (`asked`) in a permission request; None: it ended before."""
        if mark_of(told.id) in self.state.done:
            return None
        call = self.open.get(told.id)
        again = call is not None
        if call is None:
            call = self._begin(told, out)
        _merge(call, told, asked=asked)
        self._bound(told.id, out)
        status = text_of(told.status)
        drafting = status not in ENDED and _drafts(call)
        works = asked or (status in WORKING and not drafting)
        if not call.started and (works or (again and call.given)):
            self.start(call, out)
        if status in ENDED:
            self._end(told.id, call, out, failed=status == "failed")
        return call

    def meant(self, told: Told) -> Call | None:
        """What a request is about that says nothing of a call itself: OpenHands asks for all that it is about to do."""
        says = told.given or told.places or told.content or text_of(told.kind) not in ("", "other")
        waiting = [call for call in self.open.values() if call.started]
        if says or told.id in self.open or not waiting:
            return None
        if len(waiting) == 1:
            return waiting[0]
        given = [{"tool": call.name, **call.arguments()} for call in waiting]
        return Call("", self.state.turn, title=text_of(told.title), given={"actions": given})

    def _begin(self, told: Told, out: list[Output]) -> Call:
        if len(self.open) >= OPEN:
            self._give_up(next(iter(self.open)), out)
        call = self.open[told.id] = Call(self.new_item(), self.state.turn, self.parent(told.meta))
        title = text_of(told.title) or text_of(told.kind)
        out.append(Live(call.item, "tool", "", call.turn, call.parent, title))
        return call

    def _bound(self, newest: str, out: list[Output]) -> None:
        while len(self.open) > 1 and sum(one.weight + one.size for one in self.open.values()) > ALL:
            self._give_up(next(name for name in self.open if name != newest), out)

    def parent(self, meta: Any) -> str | None:
        """The item of the call whose sub-agent says this, where an agent tells."""
        above = self.open.get(text_of(mapping(mapping(meta).get("claudeCode")).get("parentToolUseId")))
        return above.item if above and above.started else None

    def start(self, call: Call, out: list[Output]) -> None:
        call.started = True
        call.shown = shape.diffs_of(call.content)
        body = Body(msgspec.json.encode(call.arguments()).decode(), "application/json")
        out.append(
            Fact(ToolStarted(item=call.item, turn=call.turn, name=call.name, input=body, parent=call.parent))
        )

    def _end(self, name: str, call: Call, out: list[Output], *, failed: bool) -> None:
        del self.open[name]
        self.state.done = [*self.state.done, mark_of(name)][-DONE:]
        body = shape.output(call.content, call.answered, "".join(call.streamed), call.shown)
        out.append(Fact(ToolFinished(item=call.item, output=body, failed=failed), self.commands(call)))

    @property
    def due(self) -> int | None:
        """When the next call is given up that belongs to no turn: the end of none would."""
        return min((call.at + LATE for call in self.open.values() if call.turn is None), default=None)

    def late(self, due: int, out: list[Output]) -> None:
        """Gives up those outside a turn that have not been heard of for so long."""
        for name, call in list(self.open.items()):
            if call.turn is None and call.at + LATE <= due:
                self._give_up(name, out)

    def abandon(self, out: list[Output]) -> None:
        """Calls without a result will get none."""
        for name in list(self.open):
            self._give_up(name, out)

    def _give_up(self, name: str, out: list[Output]) -> None:
        call = self.open.pop(name)
        self.state.done = [*self.state.done, mark_of(name)][-DONE:]
        if not call.started:
            self.start(call, out)
        body = shape.output(call.content, call.answered, "".join(call.streamed), call.shown)
        out.append(Fact(ToolFinished(item=call.item, output=body, incomplete=True), self.commands(call)))

    def commands(self, call: Call) -> tuple[str, ...]:
        """Those whose output it shows: of ours only, for others nobody knows."""
        told = [
            text_of(one.get("terminalId")) for one in objects(call.content) if one.get("type") == "terminal"
        ]
        return tuple(dict.fromkeys(name for name in told if is_of(self.host, name)))


def _drafts(call: Call) -> bool:
    """Whether its arguments are still being written: Kimi shows them as its content, as JSON that grows. Takes them when they are whole."""
    text = "" if call.given or call.started else shape.text_in(call.content)
    if not text.startswith("{"):
        return False
    try:
        call.given = mapping(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    call.content = None
    return False


def _merge(call: Call, told: Told, *, asked: bool) -> None:
    """What is new takes the place of what was known; collections are told whole. The words of a request are its reason."""
    call.title = text_of(told.title) or call.title
    call.kind = text_of(told.kind) or call.kind
    call.given = {**call.given, **mapping(told.given)}
    if told.content is not None and (not asked or shape.diffs_of(told.content)):
        call.content = told.content
    call.places = objects(told.places) or call.places
    if told.answered is not None:
        call.answered = told.answered
    piece = text_of(mapping(mapping(told.meta).get("terminal_output_delta")).get("data"))
    if piece and call.size < STREAMED:
        call.size += len(piece)
        call.streamed.append(piece)
    what = [call.title, call.kind, call.given, call.content, call.places, call.answered]
    call.weight = len(told.id) + len(msgspec.json.encode(what))
