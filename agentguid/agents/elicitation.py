"""What is asked by a form (`elicitation/create`, mode `form`): questions out of its schema, and the content back.

ACP agents ask so, and the servers of tools (MCP), whose forms Codex passes on. The schema is the restricted one that both
protocols have: an object whose properties are texts, numbers, yes or no, or choices.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentguid.agents.jsonl import mapping, objects, text_of
from agentguid.protocol.items import Choice, Option, Question, Reply

METHOD = "elicitation/create"
TOOL = "question"
QUESTIONS, CHOICES = 20, 50
SIZE = 32 * 1024
"""Bytes of the questions, as JSON, with which there is still a form."""
SEND = [Option("accept", "allow_once", "Send"), Option("decline", "reject_once", "Don't answer")]
YES, NO = "Yes", "No"
DECLINED, CANCELLED = {"action": "decline"}, {"action": "cancel"}


def questions(params: Mapping[str, Any]) -> list[Question]:
    """What the form asks; nothing when it is none that can be shown whole."""
    schema = mapping(params.get("requestedSchema"))
    properties, required = mapping(schema.get("properties")), schema.get("required")
    if params.get("mode", "form") != "form" or not 0 < len(properties) <= QUESTIONS:
        return []
    wanted = set(map(str, required)) if isinstance(required, list) else set()
    found = [_question(name, mapping(one), name in wanted) for name, one in properties.items()]
    whole = [one for one in found if one is not None]
    return whole if len(whole) == len(found) and len(msgspec.json.encode(whole)) <= SIZE else []


def _question(name: str, given: dict[str, Any], required: bool) -> Question | None:
    title, said = text_of(given.get("title")), text_of(given.get("description"))
    asked = Question(
        id=name, text=title or said or name, hint=said if title and said != title else "", required=required
    )
    kind, offered = text_of(given.get("type")), values(given)
    if not name or len(offered) > CHOICES:
        return None
    if kind == "boolean" or offered:
        labels = list(offered) if offered else [YES, NO]
        told = {text_of(one.get("title")): text_of(one.get("description")) for one in _titled(given)}
        choices = [Choice(label, told.get(label, "")) for label in labels]
        return msgspec.structs.replace(asked, choices=choices, many=kind == "array")
    if kind in ("number", "integer"):
        low, high, preset = (_number(given.get(key)) for key in ("minimum", "maximum", "default"))
        step = 1.0 if kind == "integer" else None
        text = "" if preset is None else f"{preset:.12g}"
        return msgspec.structs.replace(asked, kind="number", low=low, high=high, step=step, preset=text)
    if kind == "string" and not _titled(given) and "enum" not in given:
        return msgspec.structs.replace(asked, kind="text", preset=text_of(given.get("default")))
    return None


def values(given: dict[str, Any]) -> dict[str, str]:
    """What may be chosen: label → value. Nothing when it is no choice, or when labels do not tell values apart."""
    holder = mapping(given.get("items")) if given.get("type") == "array" else given
    plain = holder.get("enum")
    named = [(text_of(one.get("title")), text_of(one.get("const"))) for one in _titled(given)]
    pairs = [(one, one) for one in plain if isinstance(one, str)] if isinstance(plain, list) else named
    found = {label or value: value for label, value in pairs}
    return found if len(found) == len(pairs) and "" not in found else {}


def _titled(given: dict[str, Any]) -> list[dict[str, Any]]:
    holder = mapping(given.get("items")) if given.get("type") == "array" else given
    return objects(holder.get("anyOf") or holder.get("oneOf"))


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and abs(value) < 1e15 else None


def arguments(asked: Sequence[Question]) -> dict[str, Any]:
    """The same in the shape that views of questions know."""
    return {
        "questions": [
            {
                "question": one.text,
                "header": one.header,
                "multiSelect": one.many,
                "options": [
                    {"label": choice.label, "description": choice.description} for choice in one.choices
                ],
            }
            for one in asked
        ]
    }


def accepted(
    params: Mapping[str, Any], asked: Sequence[Question], replies: Mapping[str, Reply]
) -> dict[str, Any]:
    """The answer, with each value in the type that the schema wants."""
    properties = mapping(mapping(params.get("requestedSchema")).get("properties"))
    content = {
        one.id: _value(mapping(properties.get(one.id)), one, replies[one.id])
        for one in asked
        if replies.get(one.id, Reply()) != Reply()
    }
    return {"action": "accept", "content": content}


def _value(given: dict[str, Any], asked: Question, reply: Reply) -> Any:
    kind, offered = given.get("type"), values(given)
    if kind == "array":
        return [offered[label] for label in reply.chosen if label in offered]
    if kind == "boolean":
        return reply.chosen == [YES]
    if kind in ("number", "integer"):
        number = float(reply.words)
        return int(number) if kind == "integer" or number.is_integer() else number
    return offered.get(reply.chosen[0], "") if asked.choices and reply.chosen else reply.words
