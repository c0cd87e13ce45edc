"""The JSON of the REST API: its names and types, and how rows become them."""

from typing import Any, Literal

from msgspec import Struct

from agentguid.entropy import now
from agentguid.http.parts import Parts
from agentguid.project import conversations, retries, turns
from agentguid.protocol.items import Body, Mode, Question, Usage
from agentguid.render.status import status

SNAKE = frozenset(
    ("created_at", "updated_at", "started_at", "completed_at", "queued_at", "expires_at", "last_used_at")
)
"""The reference writes these so, and everything else with humps."""


def public(name: str) -> str:
    """The name in JSON."""
    if name in SNAKE:
        return name
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class Shape(Struct, frozen=True, rename=public):
    """The root of all answers. Times are milliseconds since the epoch."""


class Given(Struct, rename=public):
    """The root of all request bodies. Fields that are not known are passed over."""


class Retry(Shape, frozen=True):
    """The last turn broke off at a limit and is tried again by itself."""

    session_id: str
    at: int
    attempt: int
    """From 1."""
    of: int
    """So many at most."""
    reason: Literal["account", "provider"]
    """Whose limit it is: `provider` is overloaded."""


class Conversation(Shape, frozen=True):
    id: str
    title: str
    agent_id: str
    agent_type: str
    """The same as agentId."""
    model: str | None
    mode: Mode
    options: dict[str, str]
    """Further settings of the agent that are not its own choice."""
    working_directory: str
    status: str
    """running, starting, stopping, silent, stuck, catching_up, waiting, lost, retrying, error, interrupted, unread or idle."""
    is_streaming: bool
    message_count: int
    created_at: int
    updated_at: int
    archived: bool
    pinned: bool
    unread: bool
    position: int
    """Of the latest event that changed it."""
    queue_length: int
    queue_held: bool
    """A failed turn holds back what waits: POST …/queue/release sends it."""
    waiting_approvals: int
    error: str | None
    """Of the last turn."""
    retry: Retry | None = None
    """POST …/retry does it now, DELETE …/retry leaves it."""


class Attachment(Shape, frozen=True):
    """A file that goes with a message: GET /blobs/BLOB has it."""

    name: str
    mime_type: str
    size: int
    blob: str
    width: int | None
    height: int | None


class Message(Shape, frozen=True):
    id: str
    conversation_id: str
    role: Literal["user", "assistant"]
    content: str
    """Above 32 KiB a beginning; `blob` then names the whole."""
    created_at: int
    status: Literal["queued", "sent", "complete", "incomplete"]
    session_id: str | None = None
    blob: str | None = None
    size: int | None = None
    attachments: list[Attachment] = []


class Session(Shape, frozen=True):
    """A turn."""

    id: str
    conversation_id: str
    status: Literal["pending", "active", "complete", "error", "interrupted"]
    started_at: int
    completed_at: int | None
    error: str | None
    usage: Usage | None
    cost: float | None
    message_id: str
    agent_id: str
    model: str | None
    duration: int | None


class Chunk(Shape, frozen=True):
    """An item of the transcript."""

    id: str
    session_id: str | None
    conversation_id: str
    sequence: int
    type: str
    data: dict[str, Any]
    created_at: int
    position: int
    """Of the latest event that changed it."""


class Queued(Shape, frozen=True):
    """A message that waits."""

    message_id: str
    content: str
    queued_at: int
    position: int
    """Its place in the queue, from 1."""
    agent_id: str
    model: str | None
    blob: str | None = None
    size: int | None = None
    steering: bool = False
    """The turn that runs is to take it in; it cannot be changed any more."""
    attachments: list[Attachment] = []


class Waiting(Shape, frozen=True):
    """An approval that nobody has decided yet."""

    id: str
    conversation_id: str
    session_id: str | None
    item_id: str | None
    tool: str
    input: Body
    options: list[dict[str, str]]
    reason: str | None
    questions: list[Question]
    """What is to be answered by choosing."""
    created_at: int
    position: int


def attachments(body: Body) -> list[Attachment]:
    return [
        Attachment(one.name, one.type, one.size, one.blob, one.width, one.height) for one in body.attached
    ]


def millis(micros: int) -> int:
    return micros // 1000


def conversation(parts: Parts, row: conversations.Conversation) -> Conversation:
    """A row as the API shows it, with what is known of its process at this moment."""
    known = parts.presence
    shown = status(row, known.of(row.id), now(), recovering=known.recovering, trouble=known.troubled(row.id))
    return Conversation(
        id=row.id,
        title=row.title,
        agent_id=row.agent,
        agent_type=row.agent,
        model=row.model,
        mode=row.mode,
        options=dict(row.options),
        working_directory=row.cwd,
        status=shown.key,
        is_streaming=row.turn is not None,
        message_count=row.messages,
        created_at=millis(row.created_at),
        updated_at=millis(row.updated_at),
        archived=row.archived,
        pinned=row.pinned,
        unread=row.unread,
        position=row.touched,
        queue_length=row.queued,
        queue_held=row.held and row.queued > 0,
        waiting_approvals=row.waiting,
        error=row.last_error if row.last_outcome == "error" else None,
        retry=retry(parts, row),
    )


def retry(parts: Parts, row: conversations.Conversation) -> Retry | None:
    """Read only when the row says that there is one."""
    found = retries.get(parts.reader, row.id) if row.retry_at else None
    return Retry(found.turn, millis(found.at), found.attempt, found.of, found.reason) if found else None


def session(parts: Parts, row: turns.Turn) -> Session:
    """A turn as the API shows it: `pending` until an agent works on it."""
    shown: Any = row.status
    if row.status == "active":
        alive = parts.presence.of(row.conversation)
        shown = "pending" if alive is None or alive.phase == "starting" else "active"
    return Session(
        id=row.id,
        conversation_id=row.conversation,
        status=shown,
        started_at=millis(row.started_at),
        completed_at=None if row.ended_at is None else millis(row.ended_at),
        error=row.error,
        usage=row.usage,
        cost=row.cost,
        message_id=row.message,
        agent_id=row.agent,
        model=row.model,
        duration=row.duration,
    )
