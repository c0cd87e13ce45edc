"""The ends that turns come to without their agent: what is written then, for whichever reason."""

from agentguid.effects.parts import EffectParts
from agentguid.effects.terminals import end_commands
from agentguid.project import conversations
from agentguid.protocol.commands import Report
from agentguid.protocol.events import Event, HostEnded, TurnEnded


async def lose(parts: EffectParts, conversation: str, host: str, error: str) -> None:
    """Gives a host up, and with it the turn that it worked on."""
    await end_commands(parts.places, host)
    row = conversations.get(parts.reader, conversation)
    stopped = row is not None and row.stopping
    await fail(parts, conversation, row.turn if row else None, None if stopped else error, host)


async def fail(
    parts: EffectParts, conversation: str, turn: str | None, error: str | None, host: str = ""
) -> None:
    """Ends a turn that cannot be run; with no error it was stopped before it ran."""
    facts: list[Event] = []
    if turn:
        facts.append(TurnEnded(turn=turn, outcome="error" if error else "interrupted", error=error))
    if host:
        facts.append(HostEnded(host=host))
    if facts:
        await parts.dispatch(Report(conversation=conversation, host=host, facts=facts), actor="daemon")
