"""What Codex asks: may it run a command, change files, have more permissions; and its questions."""

import os.path
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from agentguid.agents import codex_write as write
from agentguid.agents.acp_asks import KINDS, pick
from agentguid.agents.base import Answer, Fact, InsideErrand, Output, Served, Write
from agentguid.agents.codex_state import State
from agentguid.protocol.events import ApprovalRequested, ApprovalWithdrawn
from agentguid.protocol.items import Body, Decision, Option, Question, Reply

OPEN = 200
"""More requests than this at once are refused."""
HELD = 16 * 1024 * 1024
"""And others while what is asked has so many bytes."""
REASON = 500
"""Characters of a request's own words."""


class Choice(Struct, frozen=True):
    """One answer that Codex takes."""

    id: str
    kind: Decision
    name: str
    result: Any
    """What it is answered with."""


class Wish(Struct):
    """A request in our words, before it is known whether anybody has to be asked."""

    tool: str
    arguments: dict[str, Any]
    choices: list[Choice]
    refused: Any
    """The answer when nobody says yes: a stop, or too many requests."""
    reason: str = ""
    item: str | None = None
    files: list[str] | None = None
    """Of an edit: what it changes."""
    seen: bool = False
    """Nobody but the user can say yes to it, whatever the mode."""
    questions: list[Question] = []
    """It wants answers and not a yes; they are asked in every mode."""
    said: Callable[[Mapping[str, Reply]], Any] | None = None
    """What it is answered with when they are."""


class Ask(Struct):
    """A request without an answer."""

    identity: bytes
    """The JSON-RPC id as it was written; 0 is one."""
    thread: str
    wish: Wish
    withdrawn: bool = False
    """The user is not asked any more; Codex still waits for its answer."""
    look: str = ""
    """The errand whose outcome says whether anybody has to be asked: the id of the answer that needs nobody."""
    size: int = 0
    """Bytes of what is asked."""


class Asks:
    def __init__(self, state: State, cwd: str) -> None:
        self.state = state
        self.cwd = cwd
        self.open: dict[str, Ask] = {}

    @property
    def _full(self) -> bool:
        return len(self.open) >= OPEN or sum(ask.size for ask in self.open.values()) > HELD

    def ask(
        self, approval: str, look: str, identity: bytes, thread: str, wish: Wish, out: list[Output]
    ) -> bytes | None:
        """Codex waits for an answer, under the id `approval`. Bytes are the answer when it needs nobody.

        Whether files lie inside only their real paths can tell: an edit that needs nobody waits for the errand `look`.
        """
        choices = wish.choices = sorted(wish.choices, key=_rank)
        main = thread in ("", self.state.thread)
        if (self.state.stopping and main) or self._full:
            return write.result(identity, wish.refused)
        free = self._freely(wish) and choices[0].kind.startswith("allow")
        if free and self.state.mode == "bypass":
            return write.result(identity, choices[0].result)
        size = len(thread) + len(identity) + len(msgspec.json.encode([wish.arguments, wish.questions]))
        self.open[approval] = ask = Ask(identity, thread, wish, look=look if free else "", size=size)
        if not free:
            self._request(approval, ask, out)
        return None

    def _request(self, approval: str, ask: Ask, out: list[Output]) -> None:
        wish = ask.wish
        requested = ApprovalRequested(
            approval=approval,
            turn=self.state.turn if ask.thread in ("", self.state.thread) else None,
            item=wish.item,
            tool=wish.tool,
            input=Body(msgspec.json.encode(wish.arguments).decode(), "application/json"),
            options=[Option(one.id, one.kind, one.name) for one in wish.choices],
            reason=wish.reason.strip()[:REASON] or None,
            questions=wish.questions,
        )
        out.append(Fact(requested))

    # -- edits whose files are looked at ------------------------------------------------------------------------------
    def errands(self) -> list[InsideErrand]:
        return [
            InsideErrand(ask.look, tuple(ask.wish.files or ()))
            for ask in self.open.values()
            if ask.look and not ask.withdrawn
        ]

    def served(self, name: str, result: Served) -> list[Write]:
        """The answer of the user's mode, if it is that still; else it is noted that the user has to be asked."""
        ask = next((ask for ask in self.open.values() if ask.look == name), None)
        if ask is None:
            return []
        if self.state.stopping and ask.thread in ("", self.state.thread):
            return [Write(name, write.result(ask.identity, ask.wish.refused))]
        if result.error or self.state.mode not in ("accept_edits", "bypass"):
            return [Write(f"noted:outside-{name}", b"")]
        return [Write(name, write.result(ask.identity, ask.wish.choices[0].result))]

    def outside(self, name: str, out: list[Output]) -> None:
        """It is on the tape that a file of an edit lies elsewhere."""
        for approval, ask in self.open.items():
            if ask.look == name and not ask.withdrawn:
                ask.look = ""
                self._request(approval, ask, out)

    def looked(self, name: str) -> None:
        """The answer that needed nobody is on the tape."""
        self.open = {approval: ask for approval, ask in self.open.items() if ask.look != name}

    def _freely(self, wish: Wish) -> bool:
        """Whether the user's mode answers: all but what only the user can, or edits within the working directory."""
        if wish.questions or wish.seen:
            return False
        if self.state.mode == "bypass":
            return True
        return (
            self.state.mode == "accept_edits"
            and bool(wish.files)
            and all(map(self._inside, wish.files or []))
        )

    def _inside(self, path: str) -> bool:
        root = os.path.normpath(self.cwd)
        whole = os.path.normpath(os.path.join(root, path))
        return bool(path) and os.path.commonpath([whole, root]) == root

    # -- the answer ---------------------------------------------------------------------------------------------------
    def answer(self, answer: Answer) -> list[Write]:
        """The line that answers; nothing when it was answered or withdrawn. Changed arguments are refused: Codex has no place for them."""
        ask = self.open.get(answer.approval)
        if ask is None or ask.withdrawn or ask.look:
            return []
        return [
            Write(f"answer:{answer.approval}", write.result(ask.identity, self._result(ask.wish, answer)))
        ]

    def _result(self, wish: Wish, answer: Answer) -> Any:
        if wish.said and answer.decision.startswith("allow"):
            return wish.said(answer.answers)
        decision: Decision = "reject_once" if answer.input is not None else answer.decision
        fitting = {one.id: one.result for one in wish.choices if one.kind == decision}
        if answer.option in fitting:
            return fitting[answer.option]
        options = [Option(one.id, one.kind, one.name) for one in wish.choices]
        other: Decision = "allow_once" if decision.startswith("allow") else "reject_once"
        chosen = pick(options, decision) or pick(options, other)
        return next((one.result for one in wish.choices if one.id == chosen), wish.refused)

    def cancelled(self) -> list[Write]:
        """The answers that a stop owes: none may stay open."""
        return [
            Write(ask.look or f"answer:{approval}", write.result(ask.identity, ask.wish.refused))
            for approval, ask in self.open.items()
            if ask.thread in ("", self.state.thread)
        ]

    def answered(self, approval: str) -> None:
        """The answer is on the tape."""
        self.open.pop(approval, None)

    # -- nobody is asked any more -------------------------------------------------------------------------------------
    def withdraw(
        self, reason: str, out: list[Output], *, keep: bool = False, thread: str | None = None
    ) -> None:
        """Of one thread, or of all. `keep`: Codex is still owed its answers."""
        for approval, ask in list(self.open.items()):
            if thread is None or ask.thread in ("", thread):
                self._withdraw(approval, ask, reason, out, keep=keep)

    def resolved(self, identity: bytes, out: list[Output]) -> None:
        """Codex does not wait for this one any more."""
        for approval, ask in list(self.open.items()):
            if ask.identity == identity:
                self._withdraw(approval, ask, "The agent took the request back.", out, keep=False)

    def _withdraw(self, approval: str, ask: Ask, reason: str, out: list[Output], *, keep: bool) -> None:
        if not keep:
            del self.open[approval]
        if not ask.withdrawn:
            ask.withdrawn = True
            if ask.look:
                return
            out.append(Fact(ApprovalWithdrawn(approval=approval, reason=reason)))


def _rank(choice: Choice) -> tuple[int, bool]:
    """What allows the least first; and a no that lets it go on before one that does not."""
    return KINDS.index(choice.kind), choice.id == "cancel"
