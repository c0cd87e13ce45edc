"""A fold of the Claude adapter that is fed by hand, and the lines to feed it with."""

import json
from typing import Any

from agentguid.agents.base import Fact, Launch, Line, Output, Write
from agentguid.agents.claude import ClaudeAdapter
from agentguid.protocol.events import (
    ApprovalRequested,
    Event,
    TurnEnded,
)


class Session:
    """A fold that is fed by hand."""

    def __init__(self, launch: Launch | None = None) -> None:
        self.launch = launch or Launch(cwd="/", model=None, mode="ask", resume=None)
        self.adapter = ClaudeAdapter("h", self.launch)
        self.offset = 0

    def feed(self, direction: str, data: bytes = b"", **more: Any) -> list[Output]:
        self.offset += 16
        return list(self.adapter.feed(Line(direction, self.offset, data, 0, **more)))  # type: ignore[arg-type]

    def out(self, *values: Any) -> list[Event]:
        """Lines of the agent's; their facts."""
        outputs = [output for value in values for output in self.feed("out", json.dumps(value).encode())]
        return [output.event for output in outputs if isinstance(output, Fact)]

    def begin(self, turn: str = "t1") -> "Session":
        self.feed("in", b"{}", id=f"prompt:{turn}")
        return self

    def ask(self, request_id: str = "r1", **request: Any) -> ApprovalRequested:
        given = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "ls"}, **request}
        [fact] = self.out({"type": "control_request", "request_id": request_id, "request": given})
        assert isinstance(fact, ApprovalRequested)
        return fact

    def exit(self, code: int | None, why: bytes = b"") -> list[Event]:
        return [output.event for output in self.feed("exit", why, code=code) if isinstance(output, Fact)]


def text(block: str, name: str = "m1", **more: Any) -> dict[str, Any]:
    return {
        "type": "assistant",
        "message": {"id": name, "content": [{"type": "text", "text": block}]},
        **more,
    }


def tool(call: str, name: str = "Bash", **more: Any) -> dict[str, Any]:
    block = {"type": "tool_use", "id": call, "name": name, "input": {}}
    return {"type": "assistant", "message": {"id": "m1", "content": [block]}, **more}


def result_of(call: str, content: Any, **more: Any) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": call, "content": content}
    return {"type": "user", "message": {"role": "user", "content": [block]}, **more}


def streamed(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "stream_event", "event": {"type": kind, **fields}}


def launched(call: str, task: str) -> list[dict[str, Any]]:
    """A sub-agent begins to work in the background, and its call has its result."""
    return [
        tool(call, "Agent"),
        {"type": "system", "subtype": "background_tasks_changed", "tasks": [{"task_id": task}]},
        {"type": "system", "subtype": "task_started", "task_id": task, "tool_use_id": call},
        result_of(call, "launched"),
    ]


def result(**fields: Any) -> dict[str, Any]:
    return {"type": "result", "subtype": "success", "is_error": False, **fields}


def written(writes: Any) -> list[tuple[str, dict[str, Any]]]:
    assert all(
        isinstance(one, Write) and one.data.endswith(b"\n") and one.data.count(b"\n") == 1 for one in writes
    )
    return [(one.id, json.loads(one.data)) for one in writes]


def end_of(session: Session, **fields: Any) -> TurnEnded:
    [fact] = [fact for fact in session.out(result(**fields)) if isinstance(fact, TurnEnded)]
    return fact
