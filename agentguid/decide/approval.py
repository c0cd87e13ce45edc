"""Permission requests: each is decided once, or withdrawn."""

from collections.abc import Iterable
from typing import get_args

from agentguid.decide import checks
from agentguid.decide.state import Pending
from agentguid.protocol.commands import DecideApproval
from agentguid.protocol.errors import Invalid, Refused
from agentguid.protocol.events import (
    ApprovalDecided,
    ApprovalRequested,
    ApprovalWithdrawn,
    Event,
)
from agentguid.protocol.items import Decision

LIMIT = 500
"""Requests that may be undecided at a time."""
DECISIONS: tuple[str, ...] = get_args(Decision)


def decide(command: DecideApproval, approvals: tuple[Pending, ...]) -> list[Event]:
    pending = find(approvals, command.approval)
    if pending is None:
        raise Refused("This request is not open any more: it has been decided, or the agent withdrew it.")
    checks.one_of("decision", command.decision, DECISIONS)
    if command.option is not None and pending.options.get(command.option) != command.decision:
        raise Invalid("option", f"is not one of the agent's answers of the kind {command.decision}")
    return [
        ApprovalDecided(
            approval=command.approval,
            decision=command.decision,
            message=command.message,
            option=command.option,
            input=command.input,
        )
    ]


def admit(event: ApprovalRequested, approvals: tuple[Pending, ...]) -> list[Event]:
    """A request is recorded once; one too many is withdrawn at once, so that the memory of the rules has an end."""
    if find(approvals, event.approval):
        return []
    if len(approvals) < LIMIT:
        return [event]
    reason = f"{LIMIT} requests were undecided already"
    return [event, ApprovalWithdrawn(approval=event.approval, reason=reason)]


def withdraw(approvals: Iterable[Pending], reason: str) -> list[Event]:
    return [ApprovalWithdrawn(approval=pending.approval, reason=reason) for pending in approvals]


def find(approvals: tuple[Pending, ...], approval: str) -> Pending | None:
    return next((pending for pending in approvals if pending.approval == approval), None)


def evolve(approvals: tuple[Pending, ...], event: Event) -> tuple[Pending, ...]:
    match event:
        case ApprovalRequested() as e:
            pending = Pending(e.approval, e.turn, {option.id: option.kind for option in e.options})
            return (*_without(approvals, e.approval), pending)
        case ApprovalDecided(approval=approval) | ApprovalWithdrawn(approval=approval):
            return _without(approvals, approval)
    return approvals


def _without(approvals: tuple[Pending, ...], approval: str) -> tuple[Pending, ...]:
    return tuple(pending for pending in approvals if pending.approval != approval)
