"""`/conversations/:id/retry`: the last turn, which failed, is tried again; or what was to be tried by itself is not."""

from litestar import delete, post
from litestar.di import NamedDependency

from agentguid.http.api.shapes import Shape
from agentguid.http.parts import Parts
from agentguid.http.retrying import retrying
from agentguid.http.who import Who
from agentguid.project.conversations import Conversation
from agentguid.protocol import commands
from agentguid.protocol.ids import turn_of


class Retried(Shape, frozen=True):
    session_id: str
    """The new turn."""
    message_id: str


class Cancelled(Shape, frozen=True):
    cancelled: bool
    """False: nothing was to be tried again."""


@post("/conversations/{conversation_id:str}/retry", status_code=200)
async def retry(
    parts: NamedDependency[Parts], who: NamedDependency[Who], conversation: NamedDependency[Conversation]
) -> Retried:
    """Tries the last turn again now: with its prompt, or with a word to go on when the agent had begun to work.

    409 when it did not fail, or another one runs.
    """
    command = retrying(parts, conversation.id)
    await parts.dispatch(command, actor=who.actor)
    return Retried(turn_of(command.message), command.message)


@delete("/conversations/{conversation_id:str}/retry", status_code=200)
async def cancel_retry(
    parts: NamedDependency[Parts], who: NamedDependency[Who], conversation: NamedDependency[Conversation]
) -> Cancelled:
    """Nothing is tried again by itself. What waits is held back."""
    await parts.dispatch(commands.CancelRetry(conversation=conversation.id), actor=who.actor)
    return Cancelled(conversation.retry_at is not None)
