"""The answers to an agent's questions: each fits its question, and something is said at all."""

import re
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from agentguid.decide import checks
from agentguid.protocol.errors import Invalid
from agentguid.protocol.items import Choice, Question, Reply

WORDS = 8000
"""Characters of an answer in the user's own words."""
NAME = 80
"""Characters of a question or a label by which a refusal calls it."""
_PLAIN = re.compile(r"-?\d{1,100}(\.\d{1,100})?")


def checked(questions: Iterable[Question], answers: Mapping[str, Reply]) -> dict[str, Reply]:
    """The answers that say something, by the ids of their questions. Raises `Invalid` for what does not fit."""
    asked = {question.id: question for question in questions}
    if stray := next((name for name in answers if name not in asked), None):
        raise Invalid("answers", f"{_quoted(stray)} is none of the questions")
    given = {name: _checked(one, answers.get(name, Reply())) for name, one in asked.items()}
    found = {name: reply for name, reply in given.items() if reply != Reply()}
    if not found:
        raise Invalid("answers", "nothing is answered; answer a question, or say that you will not answer")
    return found


def plain(reply: Reply) -> Reply:
    """The reply without what says nothing."""
    return Reply(list(dict.fromkeys(reply.chosen)), reply.words.strip())


def remembered(questions: Iterable[Question]) -> tuple[Question, ...]:
    """What `checked` has to know of them."""
    return tuple(
        replace(
            one,
            text=one.text[:NAME],
            header="",
            hint="",
            preset="",
            unit="",
            choices=[Choice(choice.label) for choice in one.choices],
        )
        for one in questions
    )


def _checked(question: Question, reply: Reply) -> Reply:
    reply = plain(reply)
    chosen, words = reply.chosen, reply.words
    name = _quoted(question.text)
    _fits(question, chosen, words, name)
    if question.required and not chosen and not words:
        raise Invalid("answers", f"{name} is not answered")
    if not question.many and len(chosen) + bool(words) > 1:
        raise Invalid("answers", f"{name} takes one answer, and was given {len(chosen) + bool(words)}")
    return reply


def _fits(question: Question, chosen: list[str], words: str, name: str) -> None:
    labels = [choice.label for choice in question.choices]
    if stray := next((label for label in chosen if label not in labels), None):
        offered = ", ".join(map(_quoted, labels)) or "none; it is answered in words"
        raise Invalid("answers", f"{_quoted(stray)} is not offered as an answer to {name}: {offered}")
    if len(words) > WORDS:
        raise Invalid("answers", f"the answer to {name} must not be longer than {WORDS:,} characters")
    checks.encodable("answers", words)
    if words and question.kind == "choice" and not question.free:
        raise Invalid("answers", f"{name} is answered by choosing, not in own words")
    if words and question.kind == "number":
        _number(question, words, name)


def _number(question: Question, words: str, name: str) -> None:
    if not _PLAIN.fullmatch(words):
        raise Invalid("answers", f"the answer to {name} must be a number such as 3 or -2.5")
    value, low, high = float(words), question.low, question.high
    if question.step == 1 and not value.is_integer():
        raise Invalid("answers", f"the answer to {name} must be a whole number")
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = [
            f"at least {low:g}" if low is not None else "",
            f"at most {high:g}" if high is not None else "",
        ]
        raise Invalid("answers", f"the answer to {name} must be {' and '.join(filter(None, bounds))}")


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return f"\u201c{text[:NAME]}{'…' if len(text) > NAME else ''}\u201d"
