"""A fold of the Codex adapter that is fed by hand, and the lines to feed it with."""

from typing import Any

from agentguid.agents.base import Answer, Served
from agentguid.protocol.events import ApprovalRequested, Event
from agentguid.protocol.items import Decision, Mode
from tests.conformance.kind import Object
from tests.conformance.kinds import CODEX
from tests.conformance.worker import Worker


class Codex(Worker):
    """At work on turn t1 of thread `th`, which Codex calls `tu`."""

    def __init__(self, mode: Mode = "ask") -> None:
        super().__init__(CODEX, mode)
        self.work()

    def tell(self, method: str, /, **params: Any) -> list[Event]:
        before = len(self.facts)
        self.out({"method": method, "params": {"threadId": "th", "turnId": "tu", **params}})
        return self.facts[before:]

    def request(self, method: str, identity: Any = 0, /, **params: Any) -> ApprovalRequested | None:
        before = len(self.facts)
        self.out({"id": identity, "method": method, "params": {"threadId": "th", "turnId": "tu", **params}})
        asked = [fact for fact in self.facts[before:] if isinstance(fact, ApprovalRequested)]
        return asked[0] if asked else None

    def item(self, stage: str, /, **item: Any) -> list[Event]:
        return self.tell(f"item/{stage}", item=item)

    def change(self, *changes: Object) -> list[Event]:
        return self.item("started", type="fileChange", id="c1", changes=list(changes))

    def looks(self, *, outside: bool = False) -> list[ApprovalRequested]:
        """What the daemon does with what the adapter wants to have looked at; whom it asks then."""
        before = len(self.facts)
        for errand in self.adapter.errands:
            for one in self.adapter.served(errand, Served(error="it lies elsewhere" if outside else "")):
                if one.data:
                    self.write([one])
                else:
                    self.feed("in", b"", id=one.id)
        return [fact for fact in self.facts[before:] if isinstance(fact, ApprovalRequested)]

    def answered(self, asked: ApprovalRequested, decision: Decision = "allow_once", **more: Any) -> Any:
        given: Object = {"message": None, "option": None, "input": None, **more}
        self.write(self.adapter.answer(Answer(asked.approval, decision, **given)))
        return self.written[-1].get("result")


def added(path: str, text: str = "a\n") -> Object:
    return {"path": path, "kind": {"type": "add"}, "diff": text}


class Silent:
    """A stand-in that answers nothing by itself."""

    def peer(self, _line: Object) -> list[Object]:
        return []
