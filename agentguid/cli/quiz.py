"""An agent's questions in a terminal: shown, answered by keys one after the other, or named on a command line."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentguid.cli.calls import Line
from agentguid.cli.cells import fold
from agentguid.cli.errors import USAGE, CliError
from agentguid.cli.keyboard import BACKSPACE, CLEAR, ENTER, ESCAPE
from agentguid.cli.output import one_line, safe

Asked = Mapping[str, Any]
DECLINED = "declined"
"""The user will not answer."""
MOST = 8
"""Choices that a key can take; the next one is for own words."""


def shown(questions: Sequence[Asked]) -> list[Line]:
    """All questions with their numbered choices."""
    found: list[Line] = []
    for place, one in enumerate(questions, 1):
        found.append((f"  {place}. {one_line(_head(one), 300)}", "bold"))
        found += [
            (f"     {number} {one_line(text, 300)}", None) for number, text in enumerate(_offered(one), 1)
        ]
        found += [("     answered in words", "dim")] if not one.get("choices") else []
    return found


def _head(one: Asked) -> str:
    header = f"[{one['header']}] " if one.get("header") else ""
    return f"{header}{one['text']}" + (" (any number)" if one.get("many") else "")


def _offered(one: Asked) -> list[str]:
    return [
        choice["label"] + (f" \u2014 {choice['description']}" if choice.get("description") else "")
        for choice in one.get("choices") or ()
    ]


def told(replies: Mapping[str, Any]) -> list[Line]:
    """What was answered."""
    said = (
        (name, [*one.get("chosen", ()), *([one["words"]] if one.get("words") else ())])
        for name, one in replies.items()
    )
    return [(f"  {one_line(name, 120)} {one_line(', '.join(answer), 300)}", None) for name, answer in said]


def answers(questions: Sequence[Asked], given: Sequence[str]) -> dict[str, Any]:
    """What `[QUESTION=]ANSWER` says, as the API wants it. Raises `CliError` for a question that there is not.

    Without a question the answers go to the questions in their order.
    """
    found: dict[str, dict[str, Any]] = {}
    free = [one["id"] for one in questions]
    for text in given:
        name, mark, rest = text.partition("=")
        asked = _named(questions, name) if mark else None
        if asked is None:
            rest, which = text, next((one for one in free if one not in found), None)
            asked = next((one for one in questions if one["id"] == which), None)
        if asked is None:
            raise CliError(
                f"there is no question left for the answer {text!r}; say which: QUESTION=ANSWER", USAGE
            )
        _add(found.setdefault(asked["id"], {"chosen": [], "words": ""}), asked, rest)
    return found


def _named(questions: Sequence[Asked], name: str) -> Asked | None:
    """By its number, header or text."""
    name = name.strip()
    if name.isdecimal() and 0 < int(name) <= len(questions):
        return questions[int(name) - 1]
    return next(
        (
            one
            for one in questions
            if name and name.casefold() in (str(one.get("header", "")).casefold(), one["text"].casefold())
        ),
        None,
    )


def _add(reply: dict[str, Any], asked: Asked, text: str) -> None:
    """By the number or the label of a choice; else in words, where the question takes any."""
    labels = [choice["label"] for choice in asked.get("choices") or ()]
    same = [label for label in labels if label.casefold() == text.strip().casefold()]
    if same:
        reply["chosen"].append(same[0])
    elif text.strip().isdecimal() and 0 < int(text) <= len(labels):
        reply["chosen"].append(labels[int(text) - 1])
    elif asked.get("free") or asked.get("kind", "choice") != "choice":
        reply["words"] = text
    else:
        reply["chosen"].append(text)


class Quiz:
    """The questions of one request, answered by keys."""

    def __init__(self, questions: Sequence[Asked]) -> None:
        self._questions = questions
        self._at = 0
        self._replies: list[dict[str, Any]] = [{"chosen": [], "words": ""} for _ in questions]
        self._typing = self._open()

    def _open(self) -> bool:
        """The question is answered in words only."""
        return not self._questions[self._at].get("choices")

    def key(self, key: str) -> dict[str, Any] | str | None:
        """Takes a key; the answers once all are given, or `DECLINED`."""
        if self._typing:
            return self._typed(key)
        one, reply = self._questions[self._at], self._replies[self._at]
        labels = [choice["label"] for choice in one["choices"]][:MOST]
        if key == ESCAPE:
            return DECLINED
        if key == BACKSPACE:
            self._back()
        if key == ENTER and (one.get("many") or reply["chosen"]):
            return self._next()
        if not key.isdecimal() or not 1 <= int(key) <= len(labels) + bool(one.get("free")):
            return None
        if int(key) > len(labels):
            self._typing = True
            return None
        return self._chose(one, reply["chosen"], labels[int(key) - 1])

    def _chose(self, one: Asked, chosen: list[str], label: str) -> dict[str, Any] | None:
        if one.get("many"):
            chosen.remove(label) if label in chosen else chosen.append(label)
            return None
        chosen[:] = [label]
        self._replies[self._at]["words"] = ""
        return self._next()

    def _typed(self, key: str) -> dict[str, Any] | str | None:
        one, reply = self._questions[self._at], self._replies[self._at]
        if key == ENTER:
            if reply["words"].strip() and not one.get("many"):
                reply["chosen"] = []
            return self._next() if self._open() or reply["words"].strip() else None
        if key == ESCAPE:
            if self._open():
                return DECLINED
            self._typing, reply["words"] = False, ""
        elif key == BACKSPACE and not reply["words"] and self._open():
            self._back()
        elif key == BACKSPACE:
            reply["words"] = reply["words"][:-1]
        elif key == CLEAR:
            reply["words"] = ""
        elif len(key) == 1:
            reply["words"] = (reply["words"] + key)[:8000]
        return None

    def _back(self) -> None:
        self._at = max(0, self._at - 1)
        self._typing = self._open()

    def _next(self) -> dict[str, Any] | None:
        if self._at + 1 < len(self._questions):
            self._at += 1
            self._typing = self._open()
            return None
        given = zip(self._questions, self._replies, strict=True)
        return {one["id"]: reply for one, reply in given if reply["chosen"] or reply["words"].strip()}

    def lines(self, room: int) -> list[Line]:
        """The question at hand, what may be answered, and which keys do what."""
        one, reply = self._questions[self._at], self._replies[self._at]
        count = f"{self._at + 1}/{len(self._questions)} " if len(self._questions) > 1 else ""
        head = _folded(f"? {count}", one_line(_head(one), 400), room)
        found: list[Line] = [(line, "yellow") for line in head]
        for number, text in enumerate(_offered(one)[:MOST], 1):
            mark = ""
            if one.get("many"):
                mark = "[x] " if one["choices"][number - 1]["label"] in reply["chosen"] else "[ ] "
            lines = _folded(f"  {number} {mark}", one_line(text, 200), room)
            found += [(line, "bold") for line in lines]
        if one.get("free") and one.get("choices"):
            found.append((f"  {min(len(one['choices']), MOST) + 1} other, in your own words", "bold"))
        if self._typing:
            found.append((f"  {safe(reply['words'])[-max(8, room - 4) :]}▏", "bold"))
        return [*found, *((line, "dim") for line in _folded("  ", self._hint(one), room))]

    def _hint(self, one: Asked) -> str:
        last = "sends" if self._at + 1 == len(self._questions) else "goes on"
        if self._typing:
            return f"Enter {last}, Esc {'answers nothing' if self._open() else 'goes back'}"
        return (
            f"keys choose, Enter {last}, " if one.get("many") else f"a key chooses and {last}, "
        ) + "Esc answers nothing"


def _folded(begin: str, text: str, room: int) -> list[str]:
    """Lines that hold the text, each under the first one's."""
    first, *rest = fold(text, max(12, room - len(begin)))
    return [begin + first, *(" " * len(begin) + line for line in rest)]
