"""The conversation that a path names."""

from typing import Any

from litestar import Request
from litestar.params import FromPath

from agentguid.append import read
from agentguid.http.parts import Parts
from agentguid.project import conversations
from agentguid.protocol.errors import NotFound, Refused, TooBusy
from agentguid.protocol.ids import stream_of

PREFIX = 4
"""Characters that the beginning of an id must have."""


def find(request: Request[Any, Any, Any], conversation_id: FromPath[str]) -> conversations.Conversation:
    """By its id, or by a beginning that only it has. 409 names the candidates when several have it."""
    return find_in(request.app.state.parts, conversation_id)


def find_in(parts: Parts, conversation_id: str, *, deleted: bool = False) -> conversations.Conversation:
    """The same; with `deleted` also one that was deleted, by its whole id."""
    reader, stream = parts.reader, stream_of(conversation_id)
    if not read.projected(reader, stream, parts.log.signature):
        parts.log.want(stream)
        raise TooBusy("this conversation is being read anew after an upgrade; try again in a moment")
    row = conversations.get(reader, conversation_id)
    if row is None and len(conversation_id) >= PREFIX:
        found = conversations.find(reader, conversation_id)
        if len(found) > 1:
            raise Refused(f"{conversation_id} is the beginning of several conversations: {', '.join(found)}")
        row = conversations.get(reader, found[0]) if found else None
    if row is None or (row.deleted and not deleted):
        raise NotFound(f"there is no conversation {conversation_id}")
    return row
