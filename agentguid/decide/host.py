"""Hosts: at most one holds an agent of a conversation, and it goes on with the agent's newest session."""

from agentguid.decide import checks
from agentguid.decide.state import Conversation, Host, Turn
from agentguid.protocol.commands import RequestHost
from agentguid.protocol.errors import Refused
from agentguid.protocol.events import (
    ConversationImported,
    Event,
    HostEnded,
    HostRequested,
    SessionIdentified,
    SessionLost,
    TurnEnded,
)

ERROR = 300
"""Characters of the agent's last words that go into the sentence."""


def request(command: RequestHost, state: Conversation) -> list[Event]:
    checks.identifier("host", command.host)
    if state.host is not None:
        raise Refused(
            f"The host {state.host.id} holds this conversation already; it must end before another begins."
        )
    if state.turn is None:
        raise Refused("No turn is open, so there is nothing to start an agent for; send a message.")
    turn = state.turn
    return [
        HostRequested(
            host=command.host,
            agent=turn.agent,
            cwd=turn.cwd,
            model=turn.model,
            mode=turn.mode,
            resume=state.sessions.get(turn.agent),
        )
    ]


def broke_off(ended: HostEnded, state: Conversation) -> list[Event]:
    """The end of the open turn, when its host ended and the agent's own account does not say how the turn did.

    A host from an earlier turn never had this one's prompt: it ended for another reason (it was idle, or the
    conversation wants another agent or model now), and the turn waits for a new host. A host that was requested for
    this turn and ended would only end again.
    """
    turn, host = state.turn, state.host
    if turn is None or host is None:
        return []
    if turn.stopping:
        return [TurnEnded(turn=turn.id, outcome="interrupted")]
    if host.turn != turn.id:
        return []
    if ended.code is None:
        error = f"The host of {host.agent} is gone. Send the message again."
        return [TurnEnded(turn=turn.id, outcome="interrupted", error=error)]
    return [TurnEnded(turn=turn.id, outcome="error", error=sentence(host.agent, ended))]


def sentence(agent: str, ended: HostEnded) -> str:
    """How the agent ended, with its last line on stderr."""
    code = ended.code or 0
    how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
    words = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    return f"{agent} {how} before the turn was over" + (f": {words[-1][:ERROR]}" if words else ".")


def evolve(host: Host | None, turn: Turn | None, event: Event) -> Host | None:
    match event:
        case HostRequested(host=id, agent=agent):
            return Host(id, agent, turn.id if turn else None)
        case HostEnded(host=id) if host and host.id == id:
            return None
    return host


def evolve_sessions(sessions: dict[str, str], host: Host | None, event: Event) -> dict[str, str]:
    if isinstance(event, SessionIdentified) and host and host.id == event.host:
        return {**sessions, host.agent: event.session}
    if isinstance(event, ConversationImported):
        return {**sessions, event.source: event.session}
    if isinstance(event, SessionLost):
        return {agent: session for agent, session in sessions.items() if session != event.session}
    return sessions
