"""Claude's permission requests: `can_use_tool`, which also carries its questions and its plans."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from agentguid.agents import claude_forms as forms
from agentguid.agents import claude_write as write
from agentguid.agents.base import Answer, Fact, Output, Write
from agentguid.agents.claude_calls import Calls
from agentguid.agents.claude_state import NAME, State
from agentguid.agents.jsonl import mapping, text_of
from agentguid.protocol.events import ApprovalRequested, ApprovalWithdrawn
from agentguid.protocol.items import Body, Option, Question

OPEN = 200
"""More requests than this at once are refused."""
HELD = 16 * 1024 * 1024
"""And others while what is asked has so many bytes."""
TOO_MANY = "Too many requests wait for the user already. Wait for the answers, then ask again."
NO = "The user said no to this. Ask what to do instead, or go on without it."
ALLOW, ALWAYS, REJECT = "allow", "always", "reject"
PLACES = {
    "session": "for this session",
    "localSettings": "in this folder",
    "projectSettings": "in this project",
    "userSettings": "everywhere",
}
MODES = {
    "acceptEdits": "accept all edits",
    "bypassPermissions": "ask nothing any more",
    "default": "ask as usual",
    "plan": "only plan",
}


class Ask(Struct):
    """A request without an answer."""

    request: str
    input: bytes
    suggestions: list[Any]
    turn: str | None
    """None: of a task in the background, which waits for the answer whatever becomes of the turn."""
    tool: str = ""
    questions: list[Question] = []
    size: int = 0
    """Bytes of what is asked."""


class Asks:
    def __init__(self, state: State, calls: Calls) -> None:
        self.state = state
        self.calls = calls
        self.open: dict[str, Ask] = {}

    @property
    def full(self) -> bool:
        return len(self.open) >= OPEN or sum(ask.size for ask in self.open.values()) > HELD

    def ask(self, approval: str, request_id: str, request: dict[str, Any], out: list[Output]) -> None:
        """Claude waits for an answer to `request`, under the id `approval`."""
        call = text_of(request.get("tool_use_id"))[:NAME]
        known = self.state.calls.get(call)
        turn = None if self._in_background(request, call) else self.state.turn
        tool, given = text_of(request.get("tool_name")) or "tool", mapping(request.get("input"))
        arguments, asked = msgspec.json.encode(given), forms.questions(tool, given)
        found = request.get("permission_suggestions")
        suggestions = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        size = len(arguments) + len(msgspec.json.encode(suggestions))
        self.open[approval] = Ask(request_id, arguments, suggestions, turn, tool, asked, size)
        out.append(
            Fact(
                ApprovalRequested(
                    approval=approval,
                    turn=turn,
                    item=known.item if known else None,
                    tool=tool,
                    input=Body(arguments.decode(), "application/json"),
                    options=forms.SEND if asked else forms.GO if tool == forms.PLAN else options(suggestions),
                    questions=asked,
                    reason=text_of(request.get("decision_reason"))
                    or text_of(request.get("description"))
                    or None,
                )
            )
        )

    def _in_background(self, request: dict[str, Any], call: str) -> bool:
        return text_of(request.get("agent_id"))[:NAME] in self.state.running or self.calls.in_background(call)

    def answer(self, answer: Answer) -> list[Write]:
        """The line that answers; nothing when it was answered or withdrawn."""
        ask = self.open.get(answer.approval)
        if ask is None:
            return []
        data = write.answer(ask.request, _response(ask, answer))
        return [Write(f"answer:{answer.approval}", data)]

    def answered(self, approval: str) -> None:
        """The answer is on the tape."""
        self.open.pop(approval, None)

    def cancel(self, request_id: str, out: list[Output]) -> None:
        """Claude takes a request back."""
        for approval, ask in list(self.open.items()):
            if ask.request == request_id:
                self._withdraw(approval, "The agent took the request back.", out)

    def withdraw(self, reason: str, out: list[Output], *, all_of_them: bool) -> None:
        """Nobody waits for an answer any more; but tasks in the background may."""
        for approval, ask in list(self.open.items()):
            if all_of_them or ask.turn is not None:
                self._withdraw(approval, reason, out)

    def _withdraw(self, approval: str, reason: str, out: list[Output]) -> None:
        del self.open[approval]
        out.append(Fact(ApprovalWithdrawn(approval=approval, reason=reason)))


def _response(ask: Ask, answer: Answer) -> dict[str, Any]:
    if not answer.decision.startswith("allow"):
        usual = forms.UNANSWERED if ask.questions else forms.STAY if ask.tool == forms.PLAN else NO
        return deny(answer.message or usual)
    arguments = ask.input if answer.input is None else answer.input
    if ask.questions and answer.input is None:
        arguments = forms.answered(ask.input, ask.questions, answer.answers)
    if not _is_object(arguments):
        return deny("The user changed the arguments to something that is no JSON object. Nothing was run.")
    allowed: dict[str, Any] = {"behavior": "allow", "updatedInput": Raw(arguments)}
    if ask.tool == forms.PLAN:
        allowed["updatedPermissions"] = forms.mode_after(answer.option, answer.decision)
    elif answer.decision == "allow_always" and ask.suggestions:
        allowed["updatedPermissions"] = ask.suggestions
    return allowed


def deny(message: str) -> dict[str, Any]:
    return {"behavior": "deny", "message": message, "interrupt": False}


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(data), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def options(suggestions: list[Any]) -> list[Option]:
    """What the user may answer."""
    always = [words for words in map(_always, suggestions) if words]
    offered = [Option(ALLOW, "allow_once", "Yes")]
    if suggestions:
        name = "Yes, and from now on " + "; ".join(always or ["do not ask again"])
        offered.append(Option(ALWAYS, "allow_always", name[:500]))
    return [*offered, Option(REJECT, "reject_once", "No")]


def _always(suggestion: dict[str, Any]) -> str:
    """What a suggested change of permissions would allow, in words."""
    where = PLACES.get(text_of(suggestion.get("destination")), "")
    match suggestion.get("type"):
        case "addRules" | "replaceRules":
            rules = suggestion.get("rules")
            names = [_rule(mapping(rule)) for rule in rules] if isinstance(rules, list) else []
            words = f"{text_of(suggestion.get('behavior')) or 'allow'} {', '.join(names)}"
        case "addDirectories":
            folders = suggestion.get("directories")
            words = f"use {', '.join(map(str, folders)) if isinstance(folders, list) else 'more folders'}"
        case "setMode":
            mode = text_of(suggestion.get("mode"))
            words = MODES.get(mode, f"work in mode {mode}")
        case other:
            words = str(other)
    return f"{words} {where}".strip()


def _rule(rule: dict[str, Any]) -> str:
    tool, content = text_of(rule.get("toolName")) or "?", text_of(rule.get("ruleContent"))
    return f"{tool}({content})" if content else tool
