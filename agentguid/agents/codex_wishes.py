"""Codex's requests for a yes, each with the answers that it takes. What it asks by a form: `codex_forms`."""

from typing import Any

from agentguid.agents import codex_shape as shape
from agentguid.agents.codex_asks import Choice, Wish
from agentguid.agents.codex_items import Open
from agentguid.agents.jsonl import mapping, text_of

AMENDMENTS = 5
"""Rules that are offered for "from now on"."""
EVERY = ("accept", "acceptForSession", "decline", "cancel")
NOTHING: dict[str, Any] = {"permissions": {}, "scope": "turn"}
Params = dict[str, Any]


def command(params: Params, call: Open | None) -> Wish:
    """To run a command, or to reach a host of the network."""
    line = shape.command(text_of(params.get("command"))) or str(
        call.arguments.get("command", "") if call else ""
    )
    host = text_of(mapping(params.get("networkApprovalContext")).get("host"))
    offered = params.get("availableDecisions")
    choices = [
        choice for one in (offered if isinstance(offered, list) else EVERY) if (choice := _choice(one))
    ]
    if not any(choice.id == "decline" for choice in choices):
        choices.append(_named("decline"))
    reason = text_of(params.get("reason")) or (f"It wants to reach {host}." if host else "")
    return Wish(
        tool="Shell",
        arguments={"command": line, "cwd": text_of(params.get("cwd"))},
        choices=choices,
        refused={"decision": "cancel"},
        reason=reason,
        item=call.item if call else None,
    )


def files(params: Params, call: Open | None) -> Wish:
    """To change files. Which, was told with the call."""
    root = text_of(params.get("grantRoot"))
    name, arguments = (call.name, call.arguments) if call else ("Edit", {})
    return Wish(
        tool=name,
        arguments=arguments or {"path": root},
        choices=[_named(one) for one in EVERY],
        refused={"decision": "cancel"},
        reason=text_of(params.get("reason")) or (f"It wants to write everywhere in {root}." if root else ""),
        item=call.item if call else None,
        files=shape.paths(call.changes) if call and not root else None,
    )


def permissions(params: Params, call: Open | None) -> Wish:
    """To do more than its sandbox lets it, for a while."""
    wanted = {name: value for name, value in mapping(params.get("permissions")).items() if value is not None}
    return Wish(
        tool="More permissions",
        arguments=wanted,
        choices=[
            Choice("turn", "allow_once", "Yes, for this turn", {"permissions": wanted, "scope": "turn"}),
            Choice(
                "session",
                "allow_always",
                "Yes, for this session",
                {"permissions": wanted, "scope": "session"},
            ),
            Choice("no", "reject_once", "No", NOTHING),
        ],
        refused=NOTHING,
        reason=text_of(params.get("reason")),
        item=call.item if call else None,
    )


def _choice(decision: Any) -> Choice | None:
    if isinstance(decision, str):
        return _named(decision) if decision in EVERY else None
    kind = next(iter(mapping(decision)), "")
    inner = mapping(mapping(decision).get(kind))
    if kind == "acceptWithExecpolicyAmendment":
        words = inner.get("execpolicy_amendment")
        line = " ".join(map(str, words)) if isinstance(words, list) else ""
        name = f"Yes, and from now on for all commands that begin with `{line}`"
        return Choice(kind, "allow_always", name[:300], {"decision": decision})
    if kind == "applyNetworkPolicyAmendment":
        rule = mapping(inner.get("network_policy_amendment"))
        host, allow = text_of(rule.get("host")), rule.get("action") == "allow"
        name = f"{'Yes' if allow else 'No'}, and from now on for {host}"
        id_ = f"{kind}-{'allow' if allow else 'deny'}"
        return Choice(id_, "allow_always" if allow else "reject_always", name[:300], {"decision": decision})
    return None


NAMES = {
    "accept": Choice("accept", "allow_once", "Yes", {"decision": "accept"}),
    "acceptForSession": Choice(
        "acceptForSession", "allow_always", "Yes, for this session", {"decision": "acceptForSession"}
    ),
    "decline": Choice("decline", "reject_once", "No", {"decision": "decline"}),
    "cancel": Choice("cancel", "reject_once", "No, and stop", {"decision": "cancel"}),
}


def _named(decision: str) -> Choice:
    return NAMES[decision]
