"""A fold that is driven as the daemon drives it, and a stand-in for the agent that answers just enough."""

import json
from collections.abc import Sequence
from typing import Any

from agentguid.agents.base import Answer, Fact, Line, Output, Prompt, Steer, Write
from agentguid.protocol.events import ApprovalRequested, Event
from agentguid.protocol.items import Body, Decision, Mode
from tests.conformance.kind import Kind, Object


class Worker:
    """Writes what the adapter wants to write onto its tape, and lets the stand-in answer."""

    def __init__(self, kind: Kind, mode: Mode = "ask") -> None:
        self.kind, self.mode = kind, mode
        self.adapter = kind.adapter(mode=mode)
        self.ids: list[str] = []
        self.written: list[Object] = []
        self.outputs: list[Output] = []
        self.prompt_id = "null"
        """Of the prompt's line, where its protocol numbers them: JSON."""
        self.offset = 0

    @property
    def facts(self) -> list[Event]:
        return [output.event for output in self.outputs if isinstance(output, Fact)]

    def feed(self, direction: Any, data: bytes = b"", **more: Any) -> list[Output]:
        self.offset += 4096
        outputs = list(self.adapter.feed(Line(direction, self.offset, data, self.offset, **more)))
        self.outputs += outputs
        self.write([output for output in outputs if isinstance(output, Write)])
        return outputs

    def out(self, *values: Object) -> list[Output]:
        return [output for value in values for output in self.feed("out", json.dumps(value).encode())]

    def write(self, writes: Sequence[Write]) -> list[str]:
        for one in writes:
            assert one.data.endswith(b"\n")
            assert one.data.count(b"\n") == 1
            line = json.loads(one.data)
            self.ids.append(one.id)
            self.written.append(line)
            if one.id.startswith("prompt:"):
                self.prompt_id = json.dumps(line.get("id"))
            self.feed("in", one.data.rstrip(b"\n"), id=one.id)
            self.out(*self.kind.peer(line))
        return [one.id for one in writes]

    def work(self, turn: str = "t1") -> "Worker":
        """Through the handshake, up to the prompt being on the tape."""
        for _ in range(20):
            if self.adapter.ready:
                break
            self.write(self.adapter.start())
        assert self.adapter.ready
        for _ in range(20):
            if self.adapter.turn == turn:
                return self
            self.write(self.adapter.prompt(self.prompt(turn)))
        raise AssertionError(f"the prompt was never written: {self.ids}")

    def prompt(self, turn: str = "t1") -> Prompt:
        return Prompt(turn, Body("Hello"), None, self.mode)

    def ask(self) -> str:
        """The agent asks for a permission; the request's id."""
        self.out(self.kind.ask)
        [asked] = [fact for fact in self.facts if isinstance(fact, ApprovalRequested)]
        return asked.approval

    def answer(self, approval: str, decision: Decision, message: str | None = None) -> Sequence[Write]:
        return self.adapter.answer(Answer(approval, decision, message, None, None))

    def steer(self, message: str, turn: str = "t1") -> Sequence[Write]:
        return self.adapter.steer(Steer(turn, message, Body("Also this")))

    def end(self) -> None:
        self.out(*self.kind.end(self.prompt_id))
