"""What Claude Code asks by a form: the questions of `AskUserQuestion`, the plan of `ExitPlanMode`; and what it hears.

The shapes are those of version 2.1.330, read off the program and tried with it: docs/protocols/claude.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentguid.agents.jsonl import mapping, text_of
from agentguid.protocol.items import Answered, Choice, Option, Question, Reply

ASK, PLAN = "AskUserQuestion", "ExitPlanMode"
QUESTIONS, CHOICES = 20, 50
"""Claude Code itself allows four of each. With more than these there is no form."""
SIZE = 32 * 1024
"""Bytes of the questions, as JSON, with which there is still a form."""
KINDS: dict[str, Answered] = {"text": "text", "number": "number"}
SEND = [Option("answer", "allow_once", "Send"), Option("reject", "reject_once", "Don't answer")]
ACCEPT_EDITS = "accept_edits"
GO = [
    Option(ACCEPT_EDITS, "allow_once", "Yes, and accept edits"),
    Option("ask", "allow_once", "Yes, and ask each time"),
    Option("reject", "reject_once", "No, keep planning"),
]
UNANSWERED = "The user does not want to answer this. Go on as you think best, or ask something else."
STAY = "The user wants you to keep planning. Do not begin yet: make the plan better, or ask what is missing."


def questions(tool: str, given: Mapping[str, Any]) -> list[Question]:
    """What is to be answered by choosing; nothing when it is no question, or none that makes a form."""
    listed = given.get("questions")
    if tool != ASK or not isinstance(listed, list) or not 0 < len(listed) <= QUESTIONS:
        return []
    found = [one for one in map(_question, map(mapping, listed)) if one is not None]
    apart = len({one.id for one in found}) == len(listed)
    return found if apart and len(msgspec.json.encode(found)) <= SIZE else []


def _question(given: Mapping[str, Any]) -> Question | None:
    text, listed = text_of(given.get("question")), given.get("options")
    choices = [_choice(mapping(one)) for one in listed] if isinstance(listed, list) else []
    kind = KINDS.get(text_of(given.get("kind")), "choice" if choices else "text")
    labels = {choice.label for choice in choices}
    if not text.strip() or len(choices) > CHOICES or len(labels) != len(choices) or "" in labels:
        return None
    several = kind == "choice" and given.get("multiSelect") is True
    return Question(
        id=text,
        text=text,
        header=text_of(given.get("header")),
        kind=kind,
        choices=choices if kind == "choice" else [],
        many=several,
        free=kind == "choice",
        required=kind == "choice" and not several,
        hint=text_of(given.get("description")) or text_of(given.get("placeholder")),
        low=_number(given.get("min")),
        high=_number(given.get("max")),
        step=_number(given.get("step")),
        unit=text_of(given.get("unit")),
        preset="" if (preset := _number(given.get("defaultValue"))) is None else f"{preset:g}",
    )


def _choice(given: Mapping[str, Any]) -> Choice:
    label = text_of(given.get("label"))
    said, preview = text_of(given.get("description")), text_of(given.get("preview"))
    return Choice(label, "" if said == label else said, preview)


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and abs(value) < 1e15 else None


def answered(given: bytes, asked: Sequence[Question], replies: Mapping[str, Reply]) -> bytes:
    """The arguments with the answers in them: by the text of each question what was chosen."""
    arguments = mapping(msgspec.json.decode(given))
    arguments["answers"] = {
        one.id: joined(one, replies[one.id]) for one in asked if replies.get(one.id, Reply()) != Reply()
    }
    return msgspec.json.encode(arguments)


def joined(question: Question, reply: Reply) -> str:
    """The answer as one string. Of many, those with a comma or a quotation mark in them are quoted as JSON."""
    said = [*reply.chosen, *([reply.words] if reply.words else [])]
    return ", ".join(map(_quoted, said)) if question.many else "".join(said[:1])


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode() if ", " in text or '"' in text else text


def mode_after(option: str | None, decision: str) -> list[dict[str, str]]:
    """The change of permissions that goes with a plan that may be carried out. `ask` when nothing is said."""
    accepts = option == ACCEPT_EDITS or (option is None and decision == "allow_always")
    return [{"type": "setMode", "mode": "acceptEdits" if accepts else "default", "destination": "session"}]
