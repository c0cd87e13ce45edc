"""Claude's tool calls: from the block that makes one to the line that holds its result."""

from typing import Any

import msgspec

from agentguid.agents.base import Fact, Output
from agentguid.agents.claude_state import Call, State, keep
from agentguid.agents.claude_wire import Block
from agentguid.agents.jsonl import NotUnderstoodError
from agentguid.protocol.events import ToolFinished, ToolStarted
from agentguid.protocol.items import Body

OPEN, AGENTS = 1000, 64
"""So many unanswered calls and finished sub-agents are remembered."""
SUBAGENT_TOOLS = ("Agent", "Task")


class Calls:
    def __init__(self, state: State) -> None:
        self.state = state

    def start(self, thread: str, call: str, name: str, item: str, body: Body, out: list[Output]) -> None:
        calls = self.state.calls
        if call in calls or len(calls) >= OPEN:
            self.unanswered(call if call in calls else next(iter(calls)), out)
        calls[call] = Call(item, thread, name in SUBAGENT_TOOLS)
        out.append(
            Fact(
                ToolStarted(
                    item=item, turn=self.state.turn, name=name, input=body, parent=self.parent(thread)
                )
            )
        )

    def result(self, block: Block, out: list[Output]) -> None:
        """What a tool answered."""
        call = self.state.calls.pop(block.tool_use_id, None)
        if call is None:
            raise NotUnderstoodError("the result of a tool call that has not begun")
        if call.agent:
            keep(self.state.agents, block.tool_use_id, call.item, AGENTS)
        out.append(
            Fact(ToolFinished(item=call.item, output=output_body(block.content), failed=bool(block.is_error)))
        )

    def parent(self, thread: str) -> str | None:
        """The item of the call that a sub-agent works for."""
        if not thread:
            return None
        call = self.state.calls.get(thread)
        return call.item if call else self.state.agents.get(thread)

    def abandon(self, out: list[Output], *, all_of_them: bool) -> None:
        """Calls without a result will get none; but those of sub-agents in the background may."""
        for name in list(self.state.calls):
            if all_of_them or self._root(name) not in self.state.agents:
                self.unanswered(name, out)

    def in_background(self, call: str) -> bool:
        """Whether a sub-agent makes it that works on although its own call has its result."""
        return self._root(call) in self.state.agents

    def goes_on(self, thread: str, *, turn_over: bool) -> bool:
        """Whether a sub-agent may say more. When the turn is over, only those in the background may."""
        root, tasks = self._root(thread), self.state.tasks
        return any(tasks.get(task) == root for task in self.state.running) or (
            not turn_over and root in self.state.calls
        )

    def _root(self, call: str) -> str:
        """The outermost call that has not ended, or the finished sub-agent above it."""
        calls = self.state.calls
        for _ in range(8):
            if call not in calls or not calls[call].parent:
                break
            call = calls[call].parent
        return call

    def unanswered(self, call: str, out: list[Output]) -> None:
        item = self.state.calls.pop(call).item
        out.append(Fact(ToolFinished(item=item, output=Body(""), incomplete=True)))


def output_body(content: Any) -> Body:
    """A tool's output: plain text where it is, else its blocks as JSON (images among them)."""
    if content is None:
        return Body("")
    if isinstance(content, str):
        return Body(content)
    if isinstance(content, list) and all(_is_text(block) for block in content):
        return Body("\n".join(block["text"] for block in content))
    return Body(msgspec.json.encode(content).decode(), "application/json")


def _is_text(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "text" and isinstance(block.get("text"), str)
