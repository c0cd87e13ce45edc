"""A fold of the Pi adapter that is fed by hand, and the lines to feed it with."""

from typing import Any

from agentguid.agents.base import Launch, Prompt
from agentguid.agents.pi import PiAdapter
from agentguid.protocol.events import ApprovalRequested, Event, TurnEnded
from agentguid.protocol.items import Body, Mode
from tests.agents.pi_recordings import ENTRY
from tests.conformance.kind import CWD, Object
from tests.conformance.pi import PI
from tests.conformance.worker import Worker


class Silent:
    """A stand-in that answers nothing by itself."""

    def peer(self, _line: Object) -> list[Object]:
        return []


def hands(resume: str | None = None, model: str | None = None) -> Worker:
    """An adapter of which every line is answered by hand."""
    worker = Worker(PI)
    worker.adapter = PiAdapter(ENTRY, "h", Launch(CWD, model, "ask", resume))
    object.__setattr__(worker, "kind", Silent())
    return worker


def answer(worker: Worker, name: str, kind: str, data: Any = None, error: str | None = None) -> list[Event]:
    before = len(worker.facts)
    line = {"id": name, "type": "response", "command": kind, "success": error is None, "data": data}
    worker.out({**line, "error": error} if error is not None else line)
    return worker.facts[before:]


def begun(*commands: str, model: str | None = None) -> Worker:
    """Through the handshake, with these commands."""
    worker = hands(model=model)
    worker.write(worker.adapter.start())
    found = {"provider": "p", "id": "big", "contextWindow": 100}
    answer(worker, "start", "get_state", {"sessionId": "s1", "model": found})
    answer(worker, "start:commands", "get_commands", {"commands": [{"name": name} for name in commands]})
    return worker


def give(worker: Worker, turn: str = "t1", text: str = "x", mode: Mode = "ask") -> None:
    """The prompt, after its mode."""
    prompt = Prompt(turn, Body(text), None, mode)
    worker.write(worker.adapter.prompt(prompt))
    if worker.ids[-1].startswith("start:mode"):
        answer(worker, worker.ids[-1], "prompt")
        worker.write(worker.adapter.prompt(prompt))


def state(worker: Worker, *, streaming: bool = False, compacting: bool = False, waiting: int = 0) -> None:
    """Answers the latest question how it stands."""
    told = {"isStreaming": streaming, "isCompacting": compacting, "pendingMessageCount": waiting}
    answer(worker, worker.adapter.state.probe, "get_state", told)  # type: ignore[attr-defined]


def ends(worker: Worker) -> list[TurnEnded]:
    return [fact for fact in worker.facts if isinstance(fact, TurnEnded)]


def working() -> Worker:
    worker = begun("agentguid")
    give(worker)
    answer(worker, "prompt:t1", "prompt")
    worker.out({"type": "agent_start"})
    return worker


def dialog(worker: Worker, method: str, **more: Any) -> ApprovalRequested | None:
    before = len(worker.facts)
    worker.out({"type": "extension_ui_request", "id": "d1", "method": method, **more})
    return next((fact for fact in worker.facts[before:] if isinstance(fact, ApprovalRequested)), None)
