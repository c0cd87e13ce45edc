"""What Codex wants to be told: its own questions, and what the servers of its tools (MCP) ask by forms and addresses."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentguid.agents import elicitation
from agentguid.agents.codex_asks import Choice, Wish
from agentguid.agents.codex_items import Open
from agentguid.agents.jsonl import mapping, objects, text_of
from agentguid.protocol import items
from agentguid.protocol.items import Question, Reply

ASK = "AskUserQuestion"
KEPT = "It asks for a secret. What you answer is kept in the log."
UNANSWERED: dict[str, Any] = {"answers": {}}
DECLINED = {"action": "decline", "content": None, "_meta": None}
CANCELLED = {**DECLINED, "action": "cancel"}
Params = dict[str, Any]


# -- its own questions ------------------------------------------------------------------------------------------------
def inquiry(params: Params, call: Open | None) -> Wish | None:
    """None: they cannot be shown whole."""
    asked = questions(params)
    if not asked:
        return None
    return Wish(
        tool=ASK,
        arguments=elicitation.arguments(asked),
        choices=_sent(UNANSWERED),
        refused=UNANSWERED,
        item=call.item if call else None,
        questions=asked,
        said=lambda replies: answered(asked, replies),
    )


def questions(params: Params) -> list[Question]:
    """Nothing when there are none, or when not all of them can be shown."""
    given = objects(params.get("questions"))
    if not 0 < len(given) <= elicitation.QUESTIONS:
        return []
    found = [one for one in map(_question, given) if one is not None]
    apart = len({one.id for one in found}) == len(given)
    return found if apart and len(msgspec.json.encode(found)) <= elicitation.SIZE else []


def _question(given: Mapping[str, Any]) -> Question | None:
    name, text = text_of(given.get("id")), text_of(given.get("question"))
    choices = [
        items.Choice(text_of(one.get("label")), text_of(one.get("description")))
        for one in objects(given.get("options"))
    ]
    labels = {one.label for one in choices}
    if not name or not text.strip() or "" in labels or len(labels) != len(choices):
        return None
    return Question(
        id=name,
        text=text,
        header=text_of(given.get("header")),
        kind="choice" if choices else "text",
        choices=[
            items.Choice(one.label, one.description if one.description != one.label else "")
            for one in choices
        ],
        free=bool(choices) and given.get("isOther") is True,
        required=bool(choices),
        hint=KEPT if given.get("isSecret") is True else "",
    )


def answered(asked: Sequence[Question], replies: Mapping[str, Reply]) -> dict[str, Any]:
    """To each question what was said; nothing to one that was left open."""
    said = {one.id: replies.get(one.id, Reply()) for one in asked}
    return {
        "answers": {
            name: {"answers": [*reply.chosen, *filter(None, [reply.words])]} for name, reply in said.items()
        }
    }


# -- the servers of its tools -----------------------------------------------------------------------------------------
def elicitation_of(params: Params) -> Wish | None:
    """A form, an address to be opened, or a plain yes or no. None: what can only be declined."""
    mode = params.get("mode", "form")
    if mode == "url":
        return _confirmed(params, {"url": text_of(params.get("url"))})
    if mode != "form":
        return None
    if not mapping(mapping(params.get("requestedSchema")).get("properties")):
        return _confirmed(params, {})
    asked = elicitation.questions(params)
    return _form(params, asked) if asked else None


def _form(params: Params, asked: list[Question]) -> Wish:
    return Wish(
        tool=_tool(params),
        arguments=elicitation.arguments(asked),
        choices=_sent(DECLINED),
        refused=CANCELLED,
        reason=text_of(params.get("message")),
        questions=asked,
        said=lambda replies: {**elicitation.accepted(params, asked, replies), "_meta": None},
    )


def _confirmed(params: Params, where: Params) -> Wish:
    """An address is shown whatever the mode: to say yes without having opened it means nothing."""
    message = text_of(params.get("message"))
    accepted: Params = {"action": "accept", "content": None if where else {}, "_meta": None}
    choices = [
        Choice("accept", "allow_once", "Yes", accepted),
        Choice("decline", "reject_once", "No", DECLINED),
    ]
    persist = mapping(params.get("_meta")).get("persist")
    if persist == "session" or (isinstance(persist, list) and "session" in persist):
        always = {**accepted, "_meta": {"persist": "session"}}
        choices.append(Choice("session", "allow_always", "Yes, for this session", always))
    return Wish(
        tool=_tool(params),
        arguments={"server": text_of(params.get("serverName")), "message": message, **where},
        choices=choices,
        refused=CANCELLED,
        reason=message,
        seen=bool(where),
    )


def _tool(params: Params) -> str:
    return f"mcp__{text_of(params.get('serverName'))}"[:200]


def _sent(declined: Any) -> list[Choice]:
    """The answers to questions; what is sent is made of the replies."""
    return [
        Choice("answer", "allow_once", "Send", None),
        Choice("reject", "reject_once", "Don't answer", declined),
    ]
