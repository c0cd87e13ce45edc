"""Histories and commands, short to write: given these events, a command gives those."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from agentguid.decide.conversation import Conversation, decide, evolve, initial
from agentguid.protocol import commands as c
from agentguid.protocol import events as e
from agentguid.protocol.errors import AgentguidError
from agentguid.protocol.events import Event
from agentguid.protocol.items import Body, Option

ID = "c1"
CREATED = e.ConversationCreated(title="Work", agent="claude", cwd="/tmp/w", model="big", mode="plan")
ALLOW = Option("y", "allow_once", "Yes")
DENY = Option("n", "reject_once", "No")


def started(message: str, text: str = "") -> e.TurnStarted:
    """The turn of a message, under the configuration of `CREATED`."""
    return e.TurnStarted(
        turn=f"t{message}",
        message=message,
        body=Body(text or message),
        agent="claude",
        cwd="/tmp/w",
        model="big",
        mode="plan",
    )


def queued(message: str, text: str = "") -> e.MessageQueued:
    return e.MessageQueued(message=message, body=Body(text or message))


def ended(message: str, outcome: Any = "complete", error: str | None = None) -> e.TurnEnded:
    return e.TurnEnded(turn=f"t{message}", outcome=outcome, error=error)


def hosted(host: str = "h1", resume: str | None = None) -> e.HostRequested:
    return e.HostRequested(host=host, agent="claude", cwd="/tmp/w", model="big", mode="plan", resume=resume)


def asked(approval: str, turn: str | None = "tm1") -> e.ApprovalRequested:
    return e.ApprovalRequested(
        approval=approval, turn=turn, item=None, tool="Bash", input=Body("{}"), options=[ALLOW, DENY]
    )


def withdrawn(approval: str, reason: str) -> e.ApprovalWithdrawn:
    return e.ApprovalWithdrawn(approval=approval, reason=reason)


def said(item: str, turn: str | None = "tm1") -> e.ItemAdded:
    return e.ItemAdded(item=item, turn=turn, kind="message", body=Body(item))


def send(message: str, text: str = "") -> c.SendMessage:
    return c.SendMessage(conversation=ID, message=message, body=Body(text or message))


def report(*facts: Event, host: str = "h1") -> c.Report:
    return c.Report(conversation=ID, host=host, facts=list(facts))


def after(*history: Event) -> Conversation:
    return reduce(evolve, history, initial)


def given(history: Iterable[Event], command: c.ToConversation) -> "list[Event] | str":
    """What follows, or the name of the refusal."""
    try:
        return decide(command, after(*history))
    except AgentguidError as error:
        return type(error).__name__
