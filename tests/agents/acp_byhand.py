"""A fold of the ACP adapter that is fed by hand, and the lines to feed it with."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agentguid.agents.acp import AcpAdapter
from agentguid.agents.base import Fact, FileErrand, InsideErrand, Launch, Line, Output, Prompt, Way, Write
from agentguid.agents.entry import Entry
from agentguid.effects import errands
from agentguid.protocol.events import Event, ItemAdded, ToolFinished, ToolStarted, TurnEnded
from agentguid.protocol.items import Body, Mode

MODES = ["auto", "default", "acceptEdits", "plan", "yolo"]


class Session:
    """Writes what the adapter wants to write onto its own tape, as the daemon does."""

    def __init__(
        self,
        entry: Entry | None = None,
        resume: str | None = None,
        mode: Mode = "ask",
        cwd: str = "/w",
        **more: Any,
    ) -> None:
        self.entry = entry or Entry(id="x", name="X", icon="", protocol="acp", dialect="acp", **more)
        self.adapter = AcpAdapter(self.entry, "h", Launch(cwd=cwd, model=None, mode=mode, resume=resume))
        self.offset = 0
        self.written: list[dict[str, Any]] = []

    def feed(self, direction: str, data: bytes = b"", **more: Any) -> list[Output]:
        self.offset += 4096
        return list(self.adapter.feed(Line(direction, self.offset, data, self.offset, **more)))  # type: ignore[arg-type]

    def out(self, *values: Any) -> list[Event]:
        """Lines of the agent's; their facts. What it has to be answered at once is written."""
        facts: list[Event] = []
        for value in values:
            outputs = self.feed("out", json.dumps({"jsonrpc": "2.0", **value}).encode())
            facts += [output.event for output in outputs if isinstance(output, Fact)]
            self.write([output for output in outputs if isinstance(output, Write)])
        return facts

    def write(self, writes: Sequence[Write]) -> list[str]:
        """Onto the tape; their ids."""
        for one in writes:
            if one.data or not one.id.startswith("noted:"):
                assert one.data.endswith(b"\n")
                assert one.data.count(b"\n") == 1
                self.written.append(json.loads(one.data))
            self.feed("in", one.data.rstrip(b"\n"), id=one.id)
        return [one.id for one in writes]

    def answer(self, **message: Any) -> list[Event]:
        """The agent answers our last request."""
        [last] = [line for line in self.written if "method" in line and "id" in line][-1:]
        return self.out({"id": last["id"], **message})

    def begin(self, *, can: dict[str, Any] | None = None, **session: Any) -> "Session":
        """Through the handshake; `session` is what it answers to `session/new`."""
        self.write(self.adapter.start())
        self.answer(result={"protocolVersion": 1, "agentCapabilities": can or {}})
        self.write(self.adapter.start())
        self.answer(result={"sessionId": "s", **session})
        return self

    def prompt(
        self,
        turn: str = "t1",
        mode: Mode = "ask",
        model: str | None = None,
        dropped: Mapping[str, str] | None = None,
        ways: Sequence[Way] = (),
        **options: str,
    ) -> list[str]:
        """What is written for a prompt now."""
        prompt = Prompt(turn, Body("Hello"), model, mode, options=options, dropped=dropped or {}, ways=ways)
        return self.write(self.adapter.prompt(prompt))

    def work(self, mode: Mode = "ask") -> "Session":
        """Up to the prompt being on the tape; settings are taken on."""
        while not any(name.startswith("prompt:") for name in self.prompt(mode=mode)):
            self.answer(result={})
        return self

    def serve(self) -> list[Event]:
        """Does what the agent waits for us to do; what comes of it."""
        facts: list[Event] = []
        for errand in self.adapter.errands:
            assert isinstance(errand, FileErrand | InsideErrand)
            done = errands.run(errand, self.adapter.launch.cwd)
            for one in self.adapter.served(errand, done):
                self.written += [json.loads(one.data)] if one.data else []
                outputs = self.feed("in", one.data.rstrip(b"\n"), id=one.id)
                facts += [output.event for output in outputs if isinstance(output, Fact)]
        return facts

    def end(self, **result: Any) -> TurnEnded:
        [ended] = [
            fact
            for fact in self.answer(result={"stopReason": "end_turn", **result})
            if isinstance(fact, TurnEnded)
        ]
        return ended

    def update(self, variant: str, /, **fields: Any) -> list[Event]:
        return self.out(update(variant, **fields))

    def say(self, text: str, **more: Any) -> list[Event]:
        return self.update("agent_message_chunk", content={"type": "text", "text": text}, **more)

    def ask(self, identity: Any = 0, **call: Any) -> list[Event]:
        options = [{"optionId": kind, "name": kind, "kind": kind} for kind in ("allow_once", "reject_once")]
        given = {"toolCallId": "c1", "title": "ls", "kind": "execute", **call}
        params = {"sessionId": "s", "toolCall": given, "options": options}
        return self.out({"id": identity, "method": "session/request_permission", "params": params})


def update(variant: str, /, **fields: Any) -> dict[str, Any]:
    params = {"sessionId": "s", "update": {"sessionUpdate": variant, **fields}}
    return {"method": "session/update", "params": params}


def modes(current: str, *choices: str) -> dict[str, Any]:
    return {
        "currentModeId": current,
        "availableModes": [{"id": one, "name": one} for one in choices or MODES],
    }


def option(name: str, current: str, *choices: str, category: str = "") -> dict[str, Any]:
    values = [{"value": one, "name": one} for one in choices]
    return {"id": name, "category": category, "type": "select", "currentValue": current, "options": values}


def shapes(facts: Sequence[Event]) -> list[str]:
    """Facts in a few words each."""
    return [_shape(fact) for fact in facts]


def _shape(fact: Event) -> str:
    match fact:
        case ItemAdded():
            return f"{fact.kind}{'…' if fact.incomplete else ''} {fact.body.text}"
        case ToolStarted():
            return f"starts {fact.name} {fact.input.text}"
        case ToolFinished():
            how = "incomplete" if fact.incomplete else "failed" if fact.failed else "done"
            return f"{how} {fact.output.text}"
    return type(fact).__name__
