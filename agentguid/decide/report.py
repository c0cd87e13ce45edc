"""What an agent did. Facts are kept, except those that the state contradicts; then it is the turn of who waits."""

from agentguid.decide import approval, host, retry, settings, steer, turn
from agentguid.decide.fold import evolve
from agentguid.decide.state import Conversation
from agentguid.protocol.commands import Report
from agentguid.protocol.events import (
    ApprovalRequested,
    ApprovalWithdrawn,
    ConversationConfigured,
    Event,
    HostEnded,
    ItemAdded,
    MessageSteered,
    QueueHeld,
    SessionIdentified,
    SessionLost,
    ToolFinished,
    ToolStarted,
    TurnEnded,
)


def decide(command: Report, state: Conversation) -> list[Event]:
    """Also for a conversation that was deleted: what happened, happened. Nothing new begins there."""
    ends = {fact.turn for fact in command.facts if isinstance(fact, TurnEnded)}
    ends |= {fact.host for fact in command.facts if isinstance(fact, SessionLost)}
    events: list[Event] = []
    for fact in command.facts:
        for event in _admitted(fact, state, ends):
            events.append(event)
            state = evolve(state, event)
    if state.settings and state.settings.deleted:
        return events + approval.withdraw(state.approvals, "the conversation was deleted")
    return events + _after(events, state, command)


def _after(events: list[Event], state: Conversation, command: Report) -> list[Event]:
    """What waits is sent next, or held back when a turn has just failed: until it has been tried again, or for the user."""
    failed = [event.turn for event in events if isinstance(event, TurnEnded) and turn.failed(event)]
    if failed and state.turn is None and (again := retry.schedule(state, command)):
        return again
    if failed and state.queue and state.turn is None:
        return [] if state.held else [QueueHeld(turn=failed[-1])]
    return turn.following(state)


def _admitted(fact: Event, state: Conversation, ends: set[str]) -> list[Event]:
    """The fact and what follows from it; nothing when it cannot be.

    `ends` are the turns that the facts themselves end, and the hosts that lost their agent's session before they got
    the prompt: their turn waits for a host that begins anew.
    """
    match fact:
        case ItemAdded() | ToolStarted() | ToolFinished() | SessionIdentified() | SessionLost():
            return [fact]
        case ApprovalRequested():
            return approval.admit(fact, state.approvals)
        case ConversationConfigured(mode=mode) if mode:
            return settings.reported(mode, state.settings, state.turn)
        case ApprovalWithdrawn() if approval.find(state.approvals, fact.approval):
            return [fact]
        case TurnEnded() if state.turn and state.turn.id == fact.turn:
            asked = [pending for pending in state.approvals if pending.turn == fact.turn]
            return [fact, *approval.withdraw(asked, "the turn ended")]
        case MessageSteered():
            return steer.admit(fact, state)
        case HostEnded() if state.host and state.host.id == fact.host:
            told = fact.host in ends or (state.turn and state.turn.id in ends)
            broken = [] if told else host.broke_off(fact, state)
            return [fact, *broken, *approval.withdraw(state.approvals, "the agent ended")]
    return []
