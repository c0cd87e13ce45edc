"""`/conversations`: list, create, look, change, delete."""

import os
from pathlib import Path
from typing import Any

from litestar import Request, delete, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType

from agentguid.entropy import new_id
from agentguid.http.api import shapes
from agentguid.http.api.found import find_in
from agentguid.http.api.shapes import Given, Shape
from agentguid.http.modes import PLAIN, mode_refused
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.project import conversations, turns
from agentguid.protocol import commands
from agentguid.protocol.errors import Invalid, NotFound
from agentguid.protocol.ids import conversation_of
from agentguid.protocol.items import Mode
from agentguid.workspace.aside import aside

PAGE = 200
"""Most conversations in one answer."""


class NewConversation(Given):
    agent_id: str
    title: str | None = None
    working_directory: str | None = None
    model: str | None = None
    mode: Mode = "ask"
    idempotency_key: str | None = None


class Change(Given):
    """What is not named stays as it is."""

    title: str | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    unread: bool | UnsetType = UNSET
    """Only false: everything has been seen."""
    model: str | UnsetType | None = UNSET
    """null: the agent's own default."""
    mode: Mode | UnsetType = UNSET
    agent_id: str | UnsetType = UNSET
    options: dict[str, str] | UnsetType = UNSET
    """Settings of the agent, as `GET /agents/:id/models` names them; `""`: its own choice."""


class Conversations(Shape, frozen=True):
    conversations: list[shapes.Conversation]
    cursor: str | None
    """Of the next page; null at the end."""
    position: int
    """Of the log, as of this answer."""


class OneConversation(Shape, frozen=True):
    conversation: shapes.Conversation


class Looked(Shape, frozen=True):
    conversation: shapes.Conversation
    is_actively_streaming: bool
    latest_session: shapes.Session | None


class Deleted(Shape, frozen=True):
    deleted: bool


def key_of(request: Request[Any, Any, Any], given: str | None) -> str | None:
    """The idempotency key: from the body, else from the header."""
    key = given or request.headers.get("idempotency-key")
    if key and len(key) > 200:
        raise Invalid("idempotencyKey", "must not be longer than 200 characters")
    return key or None


@get("/conversations", sync_to_thread=False)
def list_conversations(
    parts: NamedDependency[Parts],
    limit: FromQuery[int] = 100,
    cursor: FromQuery[str | None] = None,
    archived: FromQuery[bool] = False,
) -> Conversations:
    """Lists conversations: pinned first, then the newest."""
    position = parts.feed.position
    rows, after = conversations.page(
        parts.reader, limit=max(1, min(limit, PAGE)), before=cursor or None, archived=archived
    )
    return Conversations([shapes.conversation(parts, row) for row in rows], after, position)


@post("/conversations")
async def create_conversation(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    data: JSONBody[NewConversation],
) -> OneConversation:
    """Creates a conversation with one agent in one working directory."""
    key = key_of(request, data.idempotency_key)
    if parts.agents.get(data.agent_id) is None:
        raise Invalid("agentId", f"there is no agent {data.agent_id[:100]}; GET /agents lists them")
    mode_refused(parts, data.agent_id, data.mode, PLAIN)
    given, default = data.working_directory, parts.settings.startup_cwd
    command = commands.CreateConversation(
        conversation=new_id(),
        title=data.title or "",
        agent=data.agent_id,
        cwd=await aside(lambda: directory(given, default)),
        model=data.model or None,
        mode=data.mode,
    )
    receipt = await parts.dispatch(command, actor=who.actor, key=key and f"create:{key}")
    return OneConversation(_shown(parts, conversation_of(receipt.stream) or ""))


@get("/conversations/{conversation_id:str}", sync_to_thread=False)
def get_conversation(
    parts: NamedDependency[Parts], conversation: NamedDependency[conversations.Conversation]
) -> Looked:
    """One conversation and its latest turn. The id may be a unique beginning of one."""
    latest = turns.latest(parts.reader, conversation.id)
    return Looked(
        shapes.conversation(parts, conversation),
        conversation.turn is not None,
        shapes.session(parts, latest) if latest else None,
    )


@route("/conversations/{conversation_id:str}", http_method=["POST", "PUT", "PATCH"], status_code=200)
async def change_conversation(
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation: NamedDependency[conversations.Conversation],
    data: JSONBody[Change],
) -> OneConversation:
    """Changes what is named."""
    for command in changes(parts, conversation, data):
        await parts.dispatch(command, actor=who.actor)
    return OneConversation(_shown(parts, conversation.id))


@delete("/conversations/{conversation_id:str}", status_code=200)
async def delete_conversation(
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    conversation_id: FromPath[str],
    now: FromQuery[bool] = False,
) -> Deleted:
    """Stops and hides a conversation; its bytes go after 7 days, or at once with `now=1`, which also works for one that
    was deleted before (by its whole id). The agent's own files stay."""
    row = find_in(parts, conversation_id, deleted=now)
    await parts.dispatch(commands.DeleteConversation(conversation=row.id, now=now), actor=who.actor)
    return Deleted(True)


def changes(parts: Parts, row: conversations.Conversation, data: Change) -> list[commands.Command]:
    """The commands that a change comes to."""
    found: list[commands.Command] = []
    configured = any(one is not UNSET for one in (data.agent_id, data.model, data.mode, data.options))
    if isinstance(data.agent_id, str) and parts.agents.get(data.agent_id) is None:
        raise Invalid("agentId", f"there is no agent {data.agent_id[:100]}; GET /agents lists them")
    if isinstance(data.mode, str) or (isinstance(data.agent_id, str) and data.agent_id != row.agent):
        mode = row.mode if data.mode is UNSET else data.mode
        mode_refused(parts, row.agent if data.agent_id is UNSET else data.agent_id, mode, PLAIN)
    if isinstance(data.title, str):
        found.append(commands.RenameConversation(conversation=row.id, title=data.title))
    if configured:
        found.append(
            commands.ConfigureConversation(
                conversation=row.id,
                agent=data.agent_id if isinstance(data.agent_id, str) else None,
                model=None if data.model is UNSET else data.model or "",
                mode=None if data.mode is UNSET else data.mode,
                options=None if data.options is UNSET else data.options,
            )
        )
    if isinstance(data.archived, bool):
        found.append(commands.ArchiveConversation(conversation=row.id, archived=data.archived))
    if isinstance(data.pinned, bool):
        found.append(commands.PinConversation(conversation=row.id, pinned=data.pinned))
    if data.unread is False and row.unread:
        found.append(commands.MarkRead(conversation=row.id, upto=row.item_position))
    return found


def directory(given: str | None, default: Path) -> str:
    """The working directory: one that exists. Looking may take for ever: see `aside`."""
    if not given:
        return str(default)
    path = Path(os.path.expanduser(given))
    if "\0" in given or not path.is_absolute() or not path.is_dir():
        raise Invalid(
            "workingDirectory", f"{given[:200]!r} must be an absolute path of a directory that exists"
        )
    return str(path)


def _shown(parts: Parts, conversation: str) -> shapes.Conversation:
    row = conversations.get(parts.reader, conversation)
    if row is None or row.deleted:
        raise NotFound(f"there is no conversation {conversation}")
    return shapes.conversation(parts, row)
