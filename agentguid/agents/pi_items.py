"""What Pi's model says, block by block, and the tools that it calls."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct, field

from agentguid.agents import pi_shape as shape
from agentguid.agents import pi_wire as wire
from agentguid.agents.base import Fact, Live, Output
from agentguid.agents.jsonl import mapping, objects, text_of
from agentguid.agents.pi_state import State
from agentguid.protocol.events import ItemAdded, ToolFinished, ToolStarted
from agentguid.protocol.items import Body, ItemKind

OPEN = 500
"""So many blocks, and so many calls, without an end are remembered."""
MOST = 100_000
"""Blocks of one answer."""
HELD = 4 * 1024 * 1024
"""Characters of an unfinished block or output that are kept; a finished one is told whole."""
TEXTS: dict[str, ItemKind] = {"text": "message", "thinking": "thought"}
WORDS = {"text": "text", "thinking": "thinking"}


class Block(Struct):
    """A piece of an answer without an end: words, or the arguments of a call."""

    item: str
    kind: ItemKind | None
    """None: a call."""
    name: str = ""
    call: str = ""
    parts: list[str] = field(default_factory=list)
    size: int = 0
    whole: str | None = None
    """Its words, once they have ended. Pi says that of words which were broken off too: the next line tells them apart."""


class Call(Struct):
    """A tool that runs."""

    item: str
    printed: str = ""


class Items:
    def __init__(self, state: State, new_item: Callable[[], str]) -> None:
        self.state = state
        self.new_item = new_item
        self.blocks: dict[int, Block] = {}
        self.calls: dict[str, Call] = {}

    @property
    def open(self) -> bool:
        return bool(self.blocks or self.calls)

    # -- an answer of the model ---------------------------------------------------------------------------------------
    def update(self, update: wire.Update, out: list[Output]) -> bool:
        """False: of a kind that we do not know."""
        kind, _, stage = update.type.rpartition("_")
        if update.type in ("start", "done", "error"):
            return True
        known = kind in (*TEXTS, "toolcall") and stage in ("start", "delta", "end")
        if not known or not 0 <= update.index < MOST:
            return False
        for index in [at for at, one in self.blocks.items() if one.whole is not None and at != update.index]:
            self._settle(index, out)
        block = self.blocks.get(update.index)
        if block is None and update.index >= self.state.blocks:
            block = self._begin(update, TEXTS.get(kind), out)
        if block is None or block.kind != TEXTS.get(kind):
            return True
        if stage == "end" and block.kind:
            block.whole = update.content or _joined(block)
        elif update.delta and block.whole is None:
            self._piece(block, update.delta, out)
        return True

    def _settle(self, index: int, out: list[Output]) -> None:
        """Its words were not broken off."""
        block = self.blocks.pop(index)
        self.state.blocks = max(self.state.blocks, index + 1)
        if block.kind:
            self._say(block.item, block.kind, block.whole or _joined(block), out)

    def _begin(self, update: wire.Update, kind: ItemKind | None, out: list[Output]) -> Block:
        if len(self.blocks) >= OPEN:
            self._give_up(next(iter(self.blocks)), out)
        block = self.blocks[update.index] = Block(self.new_item(), kind)
        if kind is None:
            content = objects(mapping(wire.value(update.partial)).get("content"))
            told = content[update.index] if 0 <= update.index < len(content) else {}
            block.name, block.call = shape.named(text_of(told.get("name"))), text_of(told.get("id"))
            out.append(Live(block.item, "tool", "", self.state.turn, None, block.name))
        return block

    def _piece(self, block: Block, text: str, out: list[Output]) -> None:
        block.size += len(text)
        if block.size <= HELD:
            block.parts.append(text)
        out.append(Live(block.item, block.kind or "tool", text, self.state.turn, None, block.name))

    def _say(
        self, item: str, kind: ItemKind, text: str, out: list[Output], *, incomplete: bool = False
    ) -> None:
        body = Body(text, "text/markdown")
        added = ItemAdded(item=item, turn=self.state.turn, kind=kind, body=body, incomplete=incomplete)
        if text:
            out.append(Fact(added))

    def began(self, out: list[Output]) -> None:
        """Another answer."""
        self.abandon_blocks(out)
        self.state.blocks = 0

    def ended(self, message: dict[str, Any], out: list[Output]) -> None:
        """An answer is complete, or was broken off: then what it was in the middle of stays so."""
        broken = text_of(message.get("stopReason")) in ("aborted", "error")
        if broken:
            self.abandon_blocks(out)
            return
        for index, told in enumerate(objects(message.get("content"))):
            kind = TEXTS.get(text_of(told.get("type")))
            if kind:
                self._whole(index, kind, text_of(told.get(WORDS[text_of(told.get("type"))])), out)

    def _whole(self, index: int, kind: ItemKind, text: str, out: list[Output]) -> None:
        """Words of an answer that is complete: those that grew, or that are heard of only now."""
        if index not in self.blocks and index >= self.state.blocks:
            self.blocks[index] = Block(self.new_item(), kind)
        block = self.blocks.get(index)
        if block and block.kind == kind:
            block.whole = text
            self._settle(index, out)

    def abandon_blocks(self, out: list[Output]) -> None:
        for index in list(self.blocks):
            self._give_up(index, out)

    def _give_up(self, index: int, out: list[Output]) -> None:
        block = self.blocks.pop(index)
        text = block.whole or _joined(block)
        self.state.blocks = max(self.state.blocks, index + 1)
        if block.kind:
            self._say(block.item, block.kind, text, out, incomplete=True)
        else:
            self._start(block.item, block.name, Body(text, "application/json"), out)
            out.append(Fact(ToolFinished(item=block.item, output=Body(""), incomplete=True)))

    # -- tools --------------------------------------------------------------------------------------------------------
    def started(self, line: wire.Line, out: list[Output]) -> None:
        call = text_of(line.call)
        if call in self.calls:
            return
        if len(self.calls) >= OPEN:
            self._unanswered(next(iter(self.calls)), out)
        arguments = msgspec.json.encode(mapping(wire.value(line.args))).decode()
        found = [index for index, block in self.blocks.items() if block.kind is None and block.call == call]
        item = self.blocks.pop(found[0]).item if found else self.new_item()
        self.calls[call] = Call(item)
        self._start(item, shape.named(text_of(line.tool)), Body(arguments, "application/json"), out)

    def _start(self, item: str, name: str, body: Body, out: list[Output]) -> None:
        out.append(Fact(ToolStarted(item=item, turn=self.state.turn, name=name or "tool", input=body)))

    def printed(self, line: wire.Line) -> None:
        """What it has put out so far, each time from the beginning or the last of it."""
        call = self.calls.get(text_of(line.call))
        if call:
            call.printed = shape.text_in(wire.value(line.partial))[-HELD:]

    def finished(self, line: wire.Line, out: list[Output]) -> None:
        body = shape.output(wire.value(line.result))
        call = self.calls.pop(text_of(line.call), None)
        if call:
            out.append(Fact(ToolFinished(item=call.item, output=body, failed=line.failed is True)))

    def item_of(self, call: str) -> str | None:
        return self.calls[call].item if call in self.calls else None

    # -- what gets no end ---------------------------------------------------------------------------------------------
    def abandon(self, out: list[Output]) -> None:
        self.abandon_blocks(out)
        for call in list(self.calls):
            self._unanswered(call, out)

    def _unanswered(self, name: str, out: list[Output]) -> None:
        call = self.calls.pop(name)
        out.append(Fact(ToolFinished(item=call.item, output=Body(call.printed), incomplete=True)))


def _joined(block: Block) -> str:
    text = "".join(block.parts)
    rest = block.size - len(text)
    return f"{text}… ({rest} characters more are on the tape)" if rest else text
