"""What a conversation is called, by whom it is run, and where it stands in the list."""

from collections.abc import Mapping
from typing import get_args

from msgspec.structs import replace

from agentguid.decide import checks
from agentguid.decide.state import Seen, Settings, Turn
from agentguid.protocol import events
from agentguid.protocol.commands import (
    ConfigureConversation,
    CreateConversation,
    MarkRead,
    RenameConversation,
)
from agentguid.protocol.errors import Invalid, Refused
from agentguid.protocol.events import Event
from agentguid.protocol.items import Mode

MODES: tuple[str, ...] = get_args(Mode)


def create(command: CreateConversation, settings: Settings | None) -> list[Event]:
    if settings is not None:
        raise Refused(f"The conversation {command.conversation} exists already; take another id.")
    checks.identifier("conversation", command.conversation)
    title = one_line(command.title)
    checks.line("title", title, empty=True)
    checks.identifier("agent", command.agent)
    checks.directory("cwd", command.cwd)
    checks.line("model", command.model or "", empty=True)
    checks.one_of("mode", command.mode, MODES)
    return [
        events.ConversationCreated(
            title=title,
            agent=command.agent,
            cwd=command.cwd,
            model=command.model or None,
            mode=command.mode,
        )
    ]


def one_line(title: str) -> str:
    """A title as it is kept: line breaks and runs of spaces are one space."""
    return " ".join(title.split())


def rename(command: RenameConversation, settings: Settings) -> list[Event]:
    title = one_line(command.title)
    checks.line("title", title)
    return [] if title == settings.title else [events.ConversationRenamed(title=title)]


def configure(command: ConfigureConversation, settings: Settings) -> list[Event]:
    """Records what differs. Another agent has other models and options: without new ones it has its own defaults."""
    if command.agent is not None:
        checks.identifier("agent", command.agent)
    checks.line("model", command.model or "", empty=True)
    if command.mode is not None:
        checks.one_of("mode", command.mode, MODES)
    checks.options("options", command.options or {})
    agent = command.agent if command.agent != settings.agent else None
    model = "" if agent is not None and command.model is None else command.model
    if (model or None) == settings.model:
        model = None
    mode = command.mode if command.mode != settings.mode else None
    options = _options(command.options or {}, {} if agent else settings.options)
    if options == settings.options:
        options = None
    if agent is None and model is None and mode is None and options is None:
        return []
    return [events.ConversationConfigured(agent=agent, model=model, mode=mode, options=options)]


def _options(given: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str] | None:
    merged = {name: value for name, value in {**before, **given}.items() if value}
    checks.options("options", merged)
    return merged


def reported(mode: Mode, settings: Settings | None, turn: Turn | None) -> list[Event]:
    """The mode that the agent says it works in now, because of what it did or was allowed.

    No agent gets by this into the mode that asks nothing, nor out of it before it got there.
    """
    if settings is None or settings.deleted or mode == settings.mode:
        return []
    if "bypass" in (mode, settings.mode) and not (turn and turn.mode == "bypass"):
        return []
    return [events.ConversationConfigured(mode=mode)]


def archive(archived: bool, settings: Settings) -> list[Event]:
    if archived == settings.archived:
        return []
    return [events.ConversationArchived() if archived else events.ConversationUnarchived()]


def pin(pinned: bool, settings: Settings) -> list[Event]:
    if pinned == settings.pinned:
        return []
    return [events.ConversationPinned() if pinned else events.ConversationUnpinned()]


def mark_read(command: MarkRead, seen: Seen) -> list[Event]:
    """Only forward, and no more often than something new has come."""
    if command.upto < 0:
        raise Invalid("upto", "must not be negative")
    if command.upto <= seen.upto or not seen.fresh:
        return []
    return [events.ConversationRead(upto=command.upto)]


def evolve(settings: Settings | None, event: Event) -> Settings | None:
    match event:
        case events.ConversationCreated() as e if settings is None:
            return Settings(e.title, e.agent, e.cwd, e.model or None, e.mode)
        case _ if settings is None:
            return None
        case events.ConversationRenamed(title=title):
            return replace(settings, title=title)
        case events.ConversationConfigured() as e:
            model = settings.model if e.model is None else e.model or None
            return replace(
                settings,
                agent=e.agent or settings.agent,
                model=model,
                mode=e.mode or settings.mode,
                options=settings.options if e.options is None else e.options,
            )
        case events.ConversationArchived():
            return replace(settings, archived=True)
        case events.ConversationUnarchived():
            return replace(settings, archived=False)
        case events.ConversationPinned():
            return replace(settings, pinned=True)
        case events.ConversationUnpinned():
            return replace(settings, pinned=False)
        case events.ConversationDeleted():
            return replace(settings, deleted=True)
    return settings


_SHOWN = (
    events.TurnStarted,
    events.TurnEnded,
    events.ItemAdded,
    events.ToolStarted,
    events.ApprovalRequested,
)


def evolve_seen(seen: Seen, event: Event) -> Seen:
    """A page may be behind: what comes while it says what it has read is still to be read.

    One read for each event worth reading is therefore let through, and no page can go round in circles.
    """
    if isinstance(event, _SHOWN):
        return Seen(seen.upto, seen.fresh + 1)
    if isinstance(event, events.ConversationRead):
        return Seen(max(seen.upto, event.upto), max(seen.fresh - 1, 0))
    return seen
