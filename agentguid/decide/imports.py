"""What was asked to be imported, and is not done yet."""

from msgspec import Struct

from agentguid.decide import checks
from agentguid.protocol.commands import Command, FinishImport, RequestImport
from agentguid.protocol.errors import Invalid, Refused
from agentguid.protocol.events import Event, ImportFinished, ImportRequested

NAMED = 10_000
"""Sessions that one request may name."""
OPEN = 100
"""Requests that may wait."""


class Imports(Struct, frozen=True, omit_defaults=True):
    open: tuple[str, ...] = ()
    """Requests that are not finished, oldest first."""


initial = Imports()


def decide(command: Command, state: Imports) -> list[Event]:
    match command:
        case RequestImport(request=request, sources=sources, sessions=sessions):
            return _request(request, sources, sessions, state)
        case FinishImport(request=request) if request in state.open:
            return [ImportFinished(request=request, sessions=command.sessions, failed=command.failed)]
        case FinishImport():
            return []
    raise TypeError(command)


def _request(request: str, sources: list[str], sessions: list[str], state: Imports) -> list[Event]:
    checks.identifier("request", request)
    if len(sessions) > NAMED:
        raise Invalid("ids", f"must not be more than {NAMED}")
    for source in sources:
        checks.identifier("sources", source)
    for session in sessions:
        checks.line("ids", session)
    if request in state.open:
        return []
    if len(state.open) >= OPEN:
        raise Refused(f"{OPEN} imports wait already; try again when some are done.")
    return [ImportRequested(request=request, sources=sources, sessions=sessions)]


def evolve(state: Imports, event: Event) -> Imports:
    match event:
        case ImportRequested(request=request):
            return Imports((*state.open, request))
        case ImportFinished(request=request):
            return Imports(tuple(one for one in state.open if one != request))
    return state
