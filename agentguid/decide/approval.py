"""Permission requests: each is decided once, or withdrawn."""

from collections.abc import Iterable
from typing import get_args

from agentguid.decide import answers, checks
from agentguid.decide.state import Pending
from agentguid.protocol.commands import DecideApproval
from agentguid.protocol.errors import Invalid, Refused
from agentguid.protocol.events import (
    ApprovalDecided,
    ApprovalRequested,
    ApprovalWithdrawn,
    Event,
)
from agentguid.protocol.items import Decision, Reply

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
    said = _said(command, pending)
    return [
        ApprovalDecided(
            approval=command.approval,
            decision=command.decision,
            message=command.message,
            option=command.option,
            input=command.input,
            answers=said,
        )
    ]


def _said(command: DecideApproval, pending: Pending) -> dict[str, Reply]:
    """The answers to what is asked. Who says no answers nothing."""
    if command.decision.startswith("reject"):
        return {}
    if pending.questions:
        if command.input is not None:
            raise Invalid("input", "cannot be changed where questions are asked; answer them")
        return answers.checked(pending.questions, command.answers)
    if command.answers:
        raise Invalid("answers", "are not wanted: this request asks no questions")
    return {}


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
            kinds = {option.id: option.kind for option in e.options}
            pending = Pending(e.approval, e.turn, kinds, answers.remembered(e.questions))
            return (*_without(approvals, e.approval), pending)
        case ApprovalDecided(approval=approval) | ApprovalWithdrawn(approval=approval):
            return _without(approvals, approval)
    return approvals


def _without(approvals: tuple[Pending, ...], approval: str) -> tuple[Pending, ...]:
    return tuple(pending for pending in approvals if pending.approval != approval)
