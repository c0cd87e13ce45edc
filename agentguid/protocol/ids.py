"""Identifiers. Opaque lower-case strings, safe in URLs, file names and element ids.

New ones are drawn outside (`agentguid.entropy`); those that must come out the same after a crash are derived here.
"""

from typing import NewType

ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
TurnId = NewType("TurnId", str)
ItemId = NewType("ItemId", str)
ApprovalId = NewType("ApprovalId", str)
HostId = NewType("HostId", str)
"""Names a host process and its tape."""

Position = NewType("Position", int)
"""An event's place in the whole log: global, gapless, from 1."""
Version = NewType("Version", int)
"""An event's place in its stream, from 1."""
Micros = NewType("Micros", int)
"""Microseconds since the Unix epoch, UTC."""
Offset = NewType("Offset", int)
"""A byte offset in a tape, counted over all its segments."""

CONVERSATION = "conversation-"
IMPORT = "import"
"""The stream of what was asked to be imported."""


def stream_of(conversation: str) -> str:
    """The stream that holds a conversation's events."""
    return CONVERSATION + conversation


def conversation_of(stream: str) -> ConversationId | None:
    """The conversation whose stream this is, or None for a stream of another kind."""
    return ConversationId(stream[len(CONVERSATION) :]) if stream.startswith(CONVERSATION) else None


def turn_of(message: str) -> TurnId:
    """The turn that a message starts: every message starts one, at once or after waiting in the queue."""
    return TurnId(f"t{message}")


def item_id(host: str, offset: int, part: int = 0) -> ItemId:
    """The item that begins at `offset` of a tape: the same each time the tape is folded.

    `offset` is the place of the line's first byte; `part` counts the items that begin in one line.
    """
    return ItemId(f"{host}-{offset:x}" if part == 0 else f"{host}-{offset:x}-{part:x}")


def output_of(item: str) -> ItemId:
    """The live item of what a command prints while it runs for a call. It is never in the log: the call's output is."""
    return ItemId(f"{item}-o")


def is_output(item: str) -> bool:
    return item.endswith("-o")
