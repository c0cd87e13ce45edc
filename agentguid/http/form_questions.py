"""The answers to an agent's questions, as the page's form and the API send them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentguid.protocol.errors import Invalid
from agentguid.protocol.items import Question, Reply

OTHER = "other"
"""Value of the choice that is answered in words."""
LIMIT = 1000
"""Choices of one question that are looked at."""


def of_form(questions: Sequence[Question], values: Callable[[str], list[str]]) -> dict[str, Reply]:
    """Fields `q0`, `q1`, … hold numbers of choices, or `other`; `q0-words` what was written.

    Words that were left behind beside a choice do not count.
    """
    found = {}
    for number, question in enumerate(questions):
        picked = values(f"q{number}")[:LIMIT]
        words = "\n".join(values(f"q{number}-words")).replace("\r\n", "\n").strip()
        chosen = [_label(question, one) for one in picked if one != OTHER]
        found[question.id] = Reply(chosen, words if OTHER in picked or not chosen else "")
    return found


def _label(question: Question, value: str) -> str:
    if value.isascii() and value.isdecimal() and int(value[:9]) < len(question.choices):
        return question.choices[int(value[:9])].label
    raise Invalid("answers", "what was chosen is none of the answers; reload the page")


def of_json(questions: Sequence[Question], given: Mapping[str, Any]) -> dict[str, Reply]:
    """By question: a label, a list of labels, or `{"chosen": […], "words": "…"}`; a text or number where it asks for one."""
    written = {question.id for question in questions if question.kind != "choice"}
    return {
        name: Reply(words=str(value))
        if name in written and type(value) in (str, int, float)
        else _reply(name, value)
        for name, value in given.items()
    }


def _reply(name: str, value: Any) -> Reply:
    match value:
        case str():
            return Reply([value])
        case [*labels] if all(isinstance(label, str) for label in labels):
            return Reply([*labels])
        case {**fields} if not fields.keys() - {"chosen", "words"}:
            chosen, words = fields.get("chosen", []), fields.get("words", "")
            chosen = [chosen] if isinstance(chosen, str) else chosen
            if (
                isinstance(words, str)
                and isinstance(chosen, list)
                and all(isinstance(one, str) for one in chosen)
            ):
                return Reply(chosen, words)
    raise Invalid(
        "answers", f'of {name[:80]!r} must be a label, a list of labels, or {{"chosen": […], "words": "…"}}'
    )


def of_input(questions: Sequence[Question], given: Mapping[str, Any]) -> dict[str, Reply] | None:
    """The `answers` in arguments that a client changed as Claude Code's own would: by the text of the question.

    What is none of the choices is in words. None when there are no answers in them.
    """
    said = given.get("answers")
    if not isinstance(said, dict):
        return None
    known = {question.id: question for question in questions}
    return {name: _loose(known.get(name), value) for name, value in said.items()}


def _loose(question: Question | None, value: Any) -> Reply:
    parts = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    labels = [choice.label for choice in question.choices] if question else []
    if question and question.many and len(parts) == 1 and parts[0] not in labels:
        split = parts[0].split(", ")
        parts = split if all(one in labels for one in split) else parts
    return Reply(
        [one for one in parts if one in labels], ", ".join(one for one in parts if one not in labels)
    )
