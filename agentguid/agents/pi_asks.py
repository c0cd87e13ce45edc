"""What Pi asks: by our extension whether a tool may run, and by the user's own extensions what they like to know."""

from typing import Any

import msgspec
from msgspec import Struct

from agentguid.agents import pi_shape as shape
from agentguid.agents import pi_write as write
from agentguid.agents.base import Answer, Fact, Output, Write
from agentguid.agents.jsonl import NotUnderstoodError, mapping, plain, text_of
from agentguid.agents.pi_items import Items
from agentguid.agents.pi_state import State
from agentguid.agents.pi_wire import Line, value
from agentguid.protocol.events import ApprovalRequested, ApprovalWithdrawn
from agentguid.protocol.items import Body, Choice, Option, Question, Reply

OPEN = 200
"""More requests than this at once are refused."""
REASON = 500
CHOICES = 50
NO = "The user said no to this. Ask what to do instead, or go on without it."
CHANGED = "The user changed the arguments to something that is no JSON object. Nothing was run."
QUESTION = "answer"
"""Id of the one question of a dialog."""
SEND = [Option("answer", "allow_once", "Send"), Option("reject", "reject_once", "Don't answer")]
CONFIRM = [Option("yes", "allow_once", "Yes"), Option("no", "reject_once", "No")]
DIALOGS = ("select", "input", "editor", "confirm")


class Ask(Struct):
    """A request without an answer."""

    identity: str
    method: str
    """Of the dialog; `gate`: our extension's."""
    withdrawn: bool = False
    """The user is not asked any more; Pi may still wait for its answer."""


class Asks:
    def __init__(self, state: State, items: Items) -> None:
        self.state = state
        self.items = items
        self.open: dict[str, Ask] = {}

    def ask(self, approval: str, line: Line, out: list[Output]) -> bytes | None:
        """Pi waits for an answer, under the id `approval`. Bytes are the answer when nobody can be asked."""
        identity, method = text_of(line.id), text_of(line.method)
        if self.state.stopping or len(self.open) >= OPEN:
            return write.cancelled(identity)
        if method == "input" and line.title == write.GATE:
            method, requested = "gate", self._tool(approval, text_of(line.placeholder))
        elif method == "confirm":
            requested = self._confirm(approval, line)
        elif question := _question(method, line):
            requested = self._dialog(approval, question)
        else:
            return write.cancelled(identity)
        self.open[approval] = Ask(identity, method)
        out.append(Fact(requested))
        return None

    def _tool(self, approval: str, told: str) -> ApprovalRequested:
        """Raises `NotUnderstoodError`: then it is not allowed."""
        asked = plain(told.encode())
        words = text_of(asked.get("always"))
        always = [Option("always", "allow_always", f"Yes, and from now on {words} in this session"[:REASON])]
        return ApprovalRequested(
            approval=approval,
            turn=self.state.turn,
            item=self.items.item_of(text_of(asked.get("call"))),
            tool=shape.named(text_of(asked.get("tool"))),
            input=Body(msgspec.json.encode(mapping(asked.get("input"))).decode(), "application/json"),
            options=[
                Option("allow", "allow_once", "Yes"),
                *(always if words else ()),
                Option("reject", "reject_once", "No"),
            ],
        )

    def _confirm(self, approval: str, line: Line) -> ApprovalRequested:
        words, title = text_of(value(line.message)), text_of(line.title)[:REASON]
        return self._requested(approval, title or "Confirm", {"message": words}, CONFIRM, words)

    def _dialog(self, approval: str, question: Question) -> ApprovalRequested:
        """Drawn as the questions of all agents are."""
        options = [{"label": one.label, "description": ""} for one in question.choices]
        told = {
            "question": question.text,
            "header": question.header,
            "multiSelect": False,
            "options": options,
        }
        return self._requested(approval, "question", {"questions": [told]}, SEND, "", [question])

    def _requested(
        self,
        approval: str,
        tool: str,
        arguments: dict[str, Any],
        options: list[Option],
        reason: str,
        questions: list[Question] | None = None,
    ) -> ApprovalRequested:
        return ApprovalRequested(
            approval=approval,
            turn=self.state.turn,
            item=None,
            tool=tool,
            input=Body(msgspec.json.encode(arguments).decode(), "application/json"),
            options=options,
            reason=reason.strip()[:REASON] or None,
            questions=questions or [],
        )

    # -- the answer ---------------------------------------------------------------------------------------------------
    def answer(self, answer: Answer) -> list[Write]:
        """The line that answers; nothing when it was answered or withdrawn."""
        ask = self.open.get(answer.approval)
        if ask is None or ask.withdrawn:
            return []
        return [Write(f"answer:{answer.approval}", _response(ask, answer))]

    def cancelled(self) -> list[Write]:
        """The answers that a stop owes: an extension may wait for one, whatever becomes of the turn."""
        return [
            Write(f"answer:{approval}", write.cancelled(ask.identity)) for approval, ask in self.open.items()
        ]

    def answered(self, approval: str) -> None:
        """The answer is on the tape."""
        self.open.pop(approval, None)

    def withdraw(self, reason: str, out: list[Output], *, keep: bool = False) -> None:
        """Nobody is asked any more. `keep`: Pi is still owed its answers."""
        for approval, ask in list(self.open.items()):
            if not keep:
                del self.open[approval]
            if not ask.withdrawn:
                ask.withdrawn = True
                out.append(Fact(ApprovalWithdrawn(approval=approval, reason=reason)))


def _question(method: str, line: Line) -> Question | None:
    """The dialogs of extensions that are one question. None: one that cannot be shown."""
    title = text_of(line.title).strip() or "It wants to know something."
    if method == "select":
        options = line.options if isinstance(line.options, list) else []
        labels = [one for one in options if isinstance(one, str) and one]
        if not 0 < len(labels) <= CHOICES or len(set(labels)) != len(options):
            return None
        return Question(QUESTION, title, choices=[Choice(label) for label in labels], required=True)
    if method == "input":
        return Question(QUESTION, title, kind="text", hint=text_of(line.placeholder)[:REASON])
    if method == "editor":
        return Question(QUESTION, title, kind="text", preset=text_of(line.prefill))
    return None


def _response(ask: Ask, answer: Answer) -> bytes:
    allowed = answer.decision.startswith("allow")
    match ask.method:
        case "gate":
            return write.value(ask.identity, write.verdict(_verdict(answer)))
        case "confirm":
            return write.confirmed(ask.identity, yes=allowed)
        case _ if not allowed:
            return write.cancelled(ask.identity)
    reply = answer.answers.get(QUESTION, Reply())
    return write.value(ask.identity, reply.chosen[0] if reply.chosen else reply.words)


def _verdict(answer: Answer) -> dict[str, Any]:
    """What our extension does with the call."""
    if not answer.decision.startswith("allow"):
        return {"allow": False, "reason": answer.message or NO}
    if answer.input is None:
        return {"allow": True, "always": answer.decision == "allow_always"}
    try:
        changed = plain(answer.input)
    except NotUnderstoodError:
        return {"allow": False, "reason": CHANGED}
    return {"allow": True, "always": answer.decision == "allow_always", "input": changed}
