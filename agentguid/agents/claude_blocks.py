"""The content of Claude's messages: text, thinking and tool calls, streamed or whole.

A block that streams begins at its `content_block_start`. The `assistant` line that holds it whole comes before its
`content_block_stop` and takes the id of the block that it completes. A block whose `assistant` line never comes (the
connection broke and Claude Code asks again) comes out incomplete when the next message of its thread begins.
"""

from collections.abc import Callable

from msgspec import Struct, field

from agentguid.agents.base import Fact, Live, Output
from agentguid.agents.claude_calls import Calls
from agentguid.agents.claude_state import State, keep
from agentguid.agents.claude_wire import Block, Event, Message
from agentguid.agents.jsonl import NotUnderstoodError
from agentguid.protocol.events import ItemAdded
from agentguid.protocol.items import Body, ItemKind

OPEN = 64
"""So many unfinished blocks are remembered."""
HELD = 16 * 1024 * 1024
"""Characters of an unfinished block that are kept in case that it never ends."""
CONTENT: dict[str, ItemKind] = {"text": "message", "thinking": "thought"}
DELTAS = ("text_delta", "thinking_delta", "input_json_delta", "signature_delta", "citations_delta")


class Open(Struct):
    """A block on its way."""

    item: str
    message: str
    kind: ItemKind | None
    """None: a tool call."""
    call: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)
    size: int = 0
    stopped: bool = False

    @property
    def text(self) -> str:
        return "".join(self.parts)


class Blocks:
    def __init__(self, state: State, new_item: Callable[[], str]) -> None:
        self.state = state
        self.calls = Calls(state)
        self.new_item = new_item
        self.open: dict[tuple[str, int], Open] = {}

    # -- while it streams ---------------------------------------------------------------------------------------------
    def stream(self, thread: str, event: Event, out: list[Output]) -> None:
        """One event of the model's stream. `thread` is the call of the sub-agent that it belongs to, or empty."""
        match event.type:
            case "content_block_delta":
                self._delta(thread, event, out)
            case "content_block_start":
                self._start(thread, event, out)
            case "content_block_stop":
                if block := self.open.get((thread, event.index)):
                    block.stopped = True
            case "message_start":
                self.abandon(out, thread)
                keep(self.state.messages, thread, event.message.id if event.message else "", OPEN)
            case "message_delta":
                if event.usage and not thread:
                    self.state.used = event.usage.total
            case "message_stop" | "ping" | "goal_state":
                pass  # the last: how Qwen Code stands to a goal of its own
            case _:
                raise NotUnderstoodError(f"stream event {event.type}"[:200])

    def _start(self, thread: str, event: Event, out: list[Output]) -> None:
        block = event.content_block
        if block is None:
            raise NotUnderstoodError("a block that begins without content")
        tool = block.type.endswith("tool_use")
        if not tool and block.type not in CONTENT:
            return  # comes whole in its assistant line, and is judged there
        key = (thread, event.index)
        if key in self.open:
            self._give_up(key, out)
        elif len(self.open) >= OPEN:
            self._give_up(next(iter(self.open)), out)
        opened = Open(self.new_item(), self.state.messages.get(thread, ""), CONTENT.get(block.type))
        if tool:
            opened.call, opened.name = block.id, block.name
        self.open[key] = opened
        if tool or block.text or block.thinking:
            self._piece(thread, opened, block.text or block.thinking, out)

    def _delta(self, thread: str, event: Event, out: list[Output]) -> None:
        delta, block = event.delta, self.open.get((thread, event.index))
        if delta is None:
            raise NotUnderstoodError("a piece without content")
        text = delta.text or delta.thinking or delta.partial_json
        if block and text:
            self._piece(thread, block, text, out)
        elif text:
            raise NotUnderstoodError("a piece of a block that has not begun")
        elif block and delta.type not in DELTAS:
            raise NotUnderstoodError(f"a piece of type {delta.type}"[:200])

    def _piece(self, thread: str, block: Open, text: str, out: list[Output]) -> None:
        block.size += len(text)
        if block.size <= HELD:
            block.parts.append(text)
        parent = self.calls.parent(thread) if thread else None
        out.append(Live(block.item, block.kind or "tool", text, self.state.turn, parent, block.name))

    # -- when it is whole ---------------------------------------------------------------------------------------------
    def whole(self, thread: str, message: Message, out: list[Output], aborted: bool = False) -> None:
        """An `assistant` line: one block or more, finished."""
        content = message.content
        for block in [Block("text", text=content)] if isinstance(content, str) else content:
            if kind := CONTENT.get(block.type):
                text = block.text or block.thinking
                begun = self._begun(thread, message.id, kind, text)
                self._add(thread, begun, kind, text, out, aborted)
            elif block.type.endswith("tool_use"):
                self._call(thread, block, out)
            elif block.type.endswith("tool_result"):
                self.calls.result(block, out)
            elif block.type == "redacted_thinking":
                self._add(thread, None, "thought", "(The model keeps this thought to itself.)", out)
            else:
                raise NotUnderstoodError(f"a block of type {block.type}"[:200])
        if message.usage and not thread and message.usage.total:
            self.state.used = message.usage.total

    def _begun(self, thread: str, message: str, kind: ItemKind, text: str) -> Open | None:
        """The unfinished block that this text completes. After a broken connection the message has another id."""
        for key, block in self.open.items():
            same = block.message == message or (block.stopped and text.startswith(block.text))
            if key[0] == thread and block.kind == kind and same:
                return self.open.pop(key)
        return None

    def _add(
        self,
        thread: str,
        begun: Open | None,
        kind: ItemKind,
        text: str,
        out: list[Output],
        incomplete: bool = False,
    ) -> None:
        if not text and not (begun and begun.size):
            return
        body = Body(text, "text/markdown")
        item = begun.item if begun else self.new_item()
        turn, parent = self.state.turn, self.calls.parent(thread)
        out.append(
            Fact(ItemAdded(item=item, turn=turn, kind=kind, body=body, parent=parent, incomplete=incomplete))
        )

    def _call(self, thread: str, block: Block, out: list[Output]) -> None:
        if block.id in self.state.calls:
            return
        item = None
        for key, begun in self.open.items():
            if begun.kind is None and begun.call == block.id:
                item = self.open.pop(key).item
                break
        body = Body(bytes(block.input).decode("utf-8", "replace") or "{}", "application/json")
        self.calls.start(thread, block.id, block.name, item or self.new_item(), body, out)

    # -- when it never becomes whole ----------------------------------------------------------------------------------
    def abandon(self, out: list[Output], thread: str | None = None) -> None:
        """What still streams (of one thread) will not be finished."""
        for key in [key for key in self.open if thread is None or key[0] == thread]:
            self._give_up(key, out)

    def abandon_gone(self, out: list[Output], *, turn_over: bool) -> None:
        """What sub-agents stream that will say nothing more. Before their calls are given up, which name the parent."""
        for key in list(self.open):
            if key[0] and not self.calls.goes_on(key[0], turn_over=turn_over):
                self._give_up(key, out)

    def abandon_stopped(self, out: list[Output]) -> None:
        """What stopped without being whole will not become it: Claude Code asks again."""
        for key in [key for key, block in self.open.items() if block.stopped]:
            self._give_up(key, out)

    def _give_up(self, key: tuple[str, int], out: list[Output]) -> None:
        block = self.open.pop(key)
        text = block.text
        if block.size > HELD:
            text += f"… ({block.size - len(text)} characters more are on the tape)"
        if block.kind:
            self._add(key[0], block, block.kind, text, out, incomplete=True)
            return
        self.calls.start(key[0], block.call, block.name, block.item, Body(text), out)
        self.calls.unanswered(block.call, out)
