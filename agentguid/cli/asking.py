"""What an agent asks permission for, answered by a key."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from agentguid.cli.calls import Line, call
from agentguid.cli.cells import cells, fold
from agentguid.cli.keyboard import BACKSPACE, CLEAR, ENTER, ESCAPE
from agentguid.cli.output import one_line
from agentguid.cli.quiz import DECLINED, Quiz

SETTLE = 0.4
"""Seconds for which a question takes no key: what is being typed just then was not meant for it."""
USUAL = (
    {"id": None, "kind": "allow_once", "name": "Yes"},
    {"id": None, "kind": "allow_always", "name": "Yes, always"},
    {"id": None, "kind": "reject_once", "name": "No"},
)


class Answer(NamedTuple):
    """What to tell the daemon."""

    approval: str
    body: dict[str, Any]


class Asking:
    """The open questions of one conversation, the oldest first."""

    def __init__(self) -> None:
        self._open: dict[str, Mapping[str, Any]] = {}
        self._shown_at = 0.0
        self._refused: Mapping[str, Any] | None = None
        """The option that says no, while its reason is typed."""
        self._reason = ""
        self._quiz: Quiz | None = None
        """Its questions, when it asks some."""
        self._told: tuple[str, Mapping[str, Any]] | None = None
        """What was answered last."""

    def add(self, approval: str, data: Mapping[str, Any]) -> None:
        if approval in self._open:
            return
        self._open[approval] = data
        if len(self._open) == 1:
            self._begin()

    def remove(self, approval: str) -> None:
        """It was answered, here or elsewhere, or withdrawn."""
        first = next(iter(self._open), None)
        self._open.pop(approval, None)
        if approval == first:
            self._begin()

    @property
    def settling(self) -> bool:
        """A question is new: keys are not for it yet."""
        return bool(self._open) and time.monotonic() < self._shown_at + SETTLE

    def key(self, key: str) -> Answer | None:
        """Takes a key; returns the answer that it completes."""
        if not self._open or self.settling:
            return None
        if self._refused is not None:
            return self._typed(key, self._refused)
        if self._quiz is not None:
            return self._answered(self._quiz.key(key))
        options = self._options()
        if not key.isdecimal() or not 1 <= int(key) <= len(options):
            return None
        option = options[int(key) - 1]
        if str(option["kind"]).startswith("reject"):
            self._refused = option
            return None
        return self._answer(option)

    def again(self) -> None:
        """The daemon would not take the last answer: the question stands there anew, before the others."""
        if self._told is not None:
            self._open = dict([self._told, *self._open.items()])
            self._begin()

    def _answered(self, said: Mapping[str, Any] | str | None) -> Answer | None:
        if said is None:
            return None
        kind = "reject_once" if said == DECLINED else "allow_once"
        usual = {"id": None, "kind": kind}
        option = next((one for one in self._options() if one["kind"] == kind), usual)
        if said == DECLINED:
            self._refused = option
            return None
        return self._answer(option, answers=said)

    def lines(self, room: int) -> list[Line]:
        """What stands below the text."""
        if not self._open or self.settling:
            return []
        asked = next(iter(self._open.values()))
        more = f"  (and {len(self._open) - 1} more)" if len(self._open) > 1 else ""
        question: Line = (f"? {call(asked.get('tool'), asked.get('input'))}{more}", "yellow")
        if self._refused is not None:
            keep = self._reason[-max(8, room - 4) :]
            return [question, (f"  {keep}▏", "bold"), ("  why not? Enter sends it, Esc goes back", "dim")]
        if self._quiz is not None:
            return self._quiz.lines(room)
        options = [
            f"{place} {one_line(str(option.get('name') or option['kind']), 120)}"
            for place, option in enumerate(self._options(), 1)
        ]
        in_line = "  " + "   ".join(options)
        if cells(in_line) <= room:
            return [question, (in_line, "bold")]
        folded = ("\n   ".join(fold(option, room - 3)) for option in options)
        return [question, *((f"  {line}", "bold") for text in folded for line in text.split("\n"))]

    def _begin(self) -> None:
        self._shown_at, self._refused, self._reason = time.monotonic(), None, ""
        asked = next(iter(self._open.values()), {}).get("questions")
        self._quiz = Quiz(asked) if asked else None

    def _options(self) -> list[Mapping[str, Any]]:
        asked = next(iter(self._open.values()))
        return list(asked.get("options") or USUAL)[:9]

    def _typed(self, key: str, option: Mapping[str, Any]) -> Answer | None:
        if key == ENTER:
            return self._answer(option, self._reason.strip())
        if key == ESCAPE:
            self._refused = None
        if key == BACKSPACE:
            self._reason = self._reason[:-1]
        elif key in (CLEAR, ESCAPE):
            self._reason = ""
        elif len(key) == 1:
            self._reason = (self._reason + key)[:10_000]
        return None

    def _answer(self, option: Mapping[str, Any], message: str = "", answers: object = None) -> Answer:
        approval, data = next(iter(self._open.items()))
        self._told = approval, data
        body = {"decision": option["kind"], "optionId": option.get("id"), "message": message or None}
        body["answers"] = answers
        self.remove(approval)
        return Answer(approval, {name: value for name, value in body.items() if value is not None})
