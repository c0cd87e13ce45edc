"""What was asked to be imported and is not done yet, and what comes by itself."""

from msgspec import Struct
from msgspec.structs import replace

from agentguid.decide import checks
from agentguid.protocol.commands import ChooseImportWatch, Command, FinishImport, RequestImport
from agentguid.protocol.errors import Invalid, Refused
from agentguid.protocol.events import Event, ImportFinished, ImportRequested, ImportWatchChosen

NAMED = 10_000
"""Sessions that one request may name."""
OPEN = 100
"""Requests that may wait."""
WATCHES = ("all", "ours", "off")


class Imports(Struct, frozen=True, omit_defaults=True):
    open: tuple[str, ...] = ()
    """Requests that are not finished, oldest first."""
    watch: str = ""
    """What comes by itself; empty: nobody has chosen, the settings say it."""


initial = Imports()


def decide(command: Command, state: Imports) -> list[Event]:
    match command:
        case RequestImport(request=request, sources=sources, sessions=sessions):
            return _request(request, sources, sessions, state)
        case FinishImport(request=request) if request in state.open:
            return [ImportFinished(request=request, sessions=command.sessions, failed=command.failed)]
        case FinishImport():
            return []
        case ChooseImportWatch(watch=watch):
            if watch not in WATCHES:
                raise Invalid("watch", f"must be one of {', '.join(WATCHES)}")
            return [] if watch == state.watch else [ImportWatchChosen(watch=watch)]
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
            return replace(state, open=(*state.open, request))
        case ImportFinished(request=request):
            return replace(state, open=tuple(one for one in state.open if one != request))
        case ImportWatchChosen(watch=watch):
            return replace(state, watch=watch)
    return state
