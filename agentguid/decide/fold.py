"""`evolve`: each part of the state follows the events that concern it."""

from msgspec.structs import replace

from agentguid.decide import approval, host, queue, retry, settings, steer, turn
from agentguid.decide.state import Conversation
from agentguid.protocol.events import Event, ItemAdded, ToolFinished, ToolStarted

ITEMS = (ItemAdded, ToolStarted, ToolFinished)


def evolve(state: Conversation, event: Event) -> Conversation:
    """The state after one more event. Total: what is unknown, unreadable or out of order changes nothing else."""
    if isinstance(event, ITEMS):  # nearly all of a log, and of concern to nobody else
        return replace(state, seen=settings.evolve_seen(state.seen, event))
    return Conversation(
        settings=settings.evolve(state.settings, event),
        seen=settings.evolve_seen(state.seen, event),
        turn=turn.evolve(state.turn, event),
        queue=queue.evolve(state.queue, event),
        steering=steer.evolve(state.steering, event),
        held=queue.evolve_held(state.held, event),
        failed=retry.evolve_failed(state.failed, state.turn, event),
        retry=retry.evolve(state.retry, event),
        known=turn.evolve_known(state.known, event),
        approvals=approval.evolve(state.approvals, event),
        host=host.evolve(state.host, state.turn, event),
        sessions=host.evolve_sessions(state.sessions, state.host, event),
    )
