"""Permission requests of an ACP agent, with its own options."""

import os.path
from typing import Any

import msgspec
from msgspec import Raw, Struct

from agentguid.agents import acp_commands as commands
from agentguid.agents import acp_shape as shape
from agentguid.agents import acp_write as write
from agentguid.agents import elicitation as forms
from agentguid.agents.acp_calls import Call
from agentguid.agents.acp_state import State
from agentguid.agents.acp_wire import Asked
from agentguid.agents.base import Answer, Fact, Output, Write
from agentguid.agents.commands import Run
from agentguid.agents.jsonl import mark_of, objects, text_of
from agentguid.protocol.events import ApprovalRequested, ApprovalWithdrawn
from agentguid.protocol.items import Body, Decision, Option, Question

OPEN = 200
"""More requests than this at once are refused."""
HELD = 16 * 1024 * 1024
"""And others while what is asked has so many bytes."""
OPTIONS = 20
GRANTED = 64
"""Files that may be written in a turn, and commands that may be run, the latest."""
FILES = 200
"""Of an edit with more than this the user is asked."""
REASON = 500
"""Characters of a request's own words."""
KINDS: tuple[Decision, ...] = ("allow_once", "allow_always", "reject_once", "reject_always")


class Ask(Struct):
    """A request without an answer."""

    identity: bytes
    """The JSON-RPC id as it was written."""
    options: list[Option]
    paths: list[str]
    """The files that it is about."""
    withdrawn: bool = False
    """The user is not asked any more; the agent still waits for its answer."""
    form: dict[str, Any] | None = None
    """Of questions: their parameters as the agent gave them."""
    questions: list[Question] = []
    command: str = ""
    """The command that it is about: `acp_commands.mark`."""
    run: Run | None = None
    """It is ours: the agent wants this run, and did not ask the user."""
    always: bool = False
    """And the user allowed it for good."""
    size: int = 0
    """Bytes of what is asked."""

    def cancelled(self) -> bytes:
        """The answer of nobody."""
        if self.run is not None:
            return write.error(self.identity, write.CANCELLED, "The user stopped this turn.")
        if self.form is not None:
            return write.result(self.identity, forms.CANCELLED)
        return write.chosen(self.identity, None)


class Asks:
    def __init__(self, state: State, cwd: str) -> None:
        self.state = state
        self.cwd = cwd
        self.open: dict[str, Ask] = {}

    @property
    def full(self) -> bool:
        return len(self.open) >= OPEN or sum(ask.size for ask in self.open.values()) > HELD

    def ask(
        self, approval: str, identity: Raw, call: Call | None, asked: Asked, out: list[Output]
    ) -> bytes | None:
        """The agent waits for an answer, under the id `approval`. Bytes are the answer when it needs nobody.

        Nothing is asked here whose answer depends on where files really lie: see `free`.
        """
        told, given = asked.call, offered(asked.options)
        kind, content = text_of(told.kind), told.content
        if self.state.stopping or not given or self.full:
            return write.chosen(bytes(identity), None)
        if self.state.mode == "bypass" and (yes := yes_of(given)):
            return write.chosen(bytes(identity), yes)
        command = commands.mark_of_call(call, self.cwd)
        paths = _shown(call)
        size = len(bytes(identity)) + len(msgspec.json.encode([given, paths]))
        self.open[approval] = Ask(bytes(identity), given, paths, command=command, size=size)
        title = text_of(told.title)
        name = call.name if call else shape.named(kind, title, {})
        arguments = call.arguments() if call else shape.arguments(kind, title, {}, [], [])
        reason = shape.text_in(content).strip()[:REASON]
        out.append(
            Fact(
                ApprovalRequested(
                    approval=approval,
                    turn=self.state.turn,
                    item=(call.item or None) if call else None,
                    tool=name,
                    input=Body(msgspec.json.encode(arguments).decode(), "application/json"),
                    options=given,
                    reason=reason if reason and reason != arguments.get("command") else None,
                )
            )
        )
        return None

    def inquire(
        self, approval: str, identity: Raw, params: dict[str, Any], out: list[Output]
    ) -> bytes | None:
        """Questions of the agent's. Bytes are the answer when there is nobody to ask, or nothing that can be."""
        asked = forms.questions(params)
        if self.state.stopping or not asked or self.full:
            return write.result(bytes(identity), forms.CANCELLED)
        size = len(bytes(identity)) + len(msgspec.json.encode(params))
        self.open[approval] = Ask(bytes(identity), forms.SEND, [], form=params, questions=asked, size=size)
        out.append(
            Fact(
                ApprovalRequested(
                    approval=approval,
                    turn=self.state.turn,
                    item=None,
                    tool=forms.TOOL,
                    input=Body(msgspec.json.encode(forms.arguments(asked)).decode(), "application/json"),
                    options=forms.SEND,
                    reason=text_of(params.get("message")).strip()[:REASON] or None,
                    questions=asked,
                )
            )
        )
        return None

    def free(self, call: Call | None, asked: Asked) -> list[str]:
        """The files of an edit that the user's mode allows if all of them really lie in the working directory.

        None of them when it does not allow it in any case: also when the edit does not say which files it is about.
        """
        if self.state.mode != "accept_edits" or self.state.stopping or call is None or call.kind != "edit":
            return []
        paths = _paths(call)
        fits = 0 < len(paths) <= FILES and all(self.inside(path) for path in paths)
        return paths if fits and yes_of(offered(asked.options)) else []

    def may_write(self, path: str) -> bool:
        """Whether we may write a file for the agent: the user's mode says so, or the user did in this turn."""
        if self.state.mode in ("bypass", "accept_edits"):
            return True
        return self.state.mode == "ask" and mark_of(self._whole(path)) in self.state.granted

    def _whole(self, path: str) -> str:
        return os.path.normpath(os.path.join(self.cwd, path))

    def inside(self, path: str) -> bool:
        """By its name. What an agent may resolve in a way of its own (a home folder, an address) is not."""
        if path.lower().startswith(("~", "file:")):
            return False
        root = os.path.normpath(self.cwd)
        return bool(path) and os.path.commonpath([self._whole(path), root]) == root

    def answer(self, answer: Answer) -> list[Write]:
        """The line that answers; nothing when it was answered or withdrawn. The agent's own option, never another kind.

        ACP carries neither words with a no nor changed arguments: those that were changed are refused.
        """
        ask = self.open.get(answer.approval)
        if ask is None or ask.withdrawn:
            return []
        if ask.form is not None:
            said = forms.DECLINED
            if answer.decision.startswith("allow"):
                said = forms.accepted(ask.form, ask.questions, answer.answers)
            return [Write(f"answer:{answer.approval}", write.result(ask.identity, said))]
        decision: Decision = "reject_once" if answer.input is not None else answer.decision
        ids = {option.id for option in ask.options if option.kind == decision}
        option = answer.option if answer.option in ids else pick(ask.options, decision)
        if option is None and decision.startswith("reject"):
            option = pick(ask.options, "reject_once") or pick(ask.options, "reject_always")
        if option is None and decision == "allow_always":
            option = pick(ask.options, "allow_once")
        return [Write(f"answer:{answer.approval}", write.chosen(ask.identity, option))]

    def cancelled(self) -> list[Write]:
        """The answers that a stop owes: none may stay open."""
        return [Write(f"answer:{approval}", ask.cancelled()) for approval, ask in self.open.items()]

    def answered(self, approval: str, option: str) -> None:
        """The answer is on the tape."""
        ask, state = self.open.pop(approval, None), self.state
        kinds = [one.kind for one in ask.options if one.id == option] if ask else []
        if ask is None or not any(kind.startswith("allow") for kind in kinds):
            return
        paths = [mark_of(self._whole(path)) for path in ask.paths]
        state.granted = [*state.granted, *paths][-GRANTED:]
        if ask.command:
            state.allowed = [*state.allowed, ask.command][-GRANTED:]
            if "allow_always" in kinds:
                state.always = [*state.always, ask.command][-GRANTED:]

    def withdraw(self, reason: str, out: list[Output], *, keep: bool = False) -> None:
        """Nobody is asked any more. `keep`: the agent is still owed its answers."""
        for approval, ask in list(self.open.items()):
            self._withdraw(approval, ask, reason, out, keep=keep)

    def taken_back(self, identity: bytes, out: list[Output]) -> bool:
        """The agent takes a request back. False when it does not wait for that one."""
        found = [(approval, ask) for approval, ask in self.open.items() if ask.identity == identity]
        for approval, ask in found:
            self._withdraw(approval, ask, "The agent took the request back.", out, keep=False)
        return bool(found)

    def _withdraw(self, approval: str, ask: Ask, reason: str, out: list[Output], *, keep: bool) -> None:
        if not keep:
            del self.open[approval]
        if not ask.withdrawn:
            ask.withdrawn = True
            out.append(Fact(ApprovalWithdrawn(approval=approval, reason=reason)))


def _paths(call: Call | None) -> list[str]:
    """The files that an edit is about: all that it names anywhere, lest one of them hide another."""
    if call is None or call.kind != "edit":
        return []
    told = [text_of(one.get("path")) for one in [*shape.diffs_of(call.content), *call.places]]
    return list(dict.fromkeys([*told, *shape.paths(call.given)]))


def _shown(call: Call | None) -> list[str]:
    """And where it names none, what the user is shown as its file: the title. Good enough for a yes of the user's alone."""
    path = text_of(call.arguments().get("path")) if call and call.kind == "edit" else ""
    return _paths(call) or ([path] if path else [])


def offered(options: Any) -> list[Option]:
    """The agent's options, those first that allow the least. Kinds repeat; names tell them apart."""
    found = [
        Option(
            text_of(one.get("optionId")), _kind(one), text_of(one.get("name")) or text_of(one.get("optionId"))
        )
        for one in objects(options)[:OPTIONS]
        if text_of(one.get("optionId"))
    ]
    return sorted(found, key=lambda option: KINDS.index(option.kind))


def _kind(option: dict[str, Any]) -> Decision:
    """Of a kind that we do not know: a no, unless it says that it allows."""
    kind = text_of(option.get("kind"))
    for known in KINDS:
        if kind == known:
            return known
    if kind.startswith("allow"):
        return "allow_always"
    return "reject_once"


def yes_of(options: list[Option]) -> str | None:
    return pick(options, "allow_once") or pick(options, "allow_always")


def pick(options: list[Option], kind: Decision) -> str | None:
    return next((option.id for option in options if option.kind == kind), None)
