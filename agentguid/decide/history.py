"""What an agent did elsewhere, in a terminal of the user's: taken in afterwards, as its own history tells it."""

from agentguid.decide import settings
from agentguid.decide.state import Conversation
from agentguid.protocol.commands import CreateConversation, ImportHistory
from agentguid.protocol.errors import Invalid, Refused
from agentguid.protocol.events import (
    ConversationImported,
    ConversationRenamed,
    Event,
    ItemAdded,
    ToolFinished,
    ToolStarted,
    TurnEnded,
    TurnStarted,
)

TOLD = (ItemAdded, ToolStarted, ToolFinished, TurnEnded)
"""What a history may tell, beside prompts."""


def begin(command: ImportHistory) -> list[Event]:
    """A conversation for a session that has none."""
    created = settings.create(
        CreateConversation(
            conversation=command.conversation,
            title=command.title[:200],
            agent=command.source,
            cwd=command.cwd,
        ),
        None,
    )
    return [*created, *_told(command), _imported(command)]


def go_on(command: ImportHistory, state: Conversation) -> list[Event]:
    """What came since. A running agent has the conversation for itself: nothing may come between its items."""
    if state.turn is not None:
        raise Refused("A turn is open here; what was done elsewhere is taken in after it.")
    facts = _told(command)
    known = state.sessions.get(command.source) == command.session
    return [*facts, _imported(command)] if facts or not known else []


def _told(command: ImportHistory) -> list[Event]:
    for fact in command.facts:
        prompt = isinstance(fact, TurnStarted) and fact.imported
        if not (prompt or isinstance(fact, (*TOLD, ConversationRenamed))):
            raise Invalid("facts", f"must not hold {type(fact).__name__}")
    return list(command.facts)


def _imported(command: ImportHistory) -> Event:
    return ConversationImported(source=command.source, session=command.session)
