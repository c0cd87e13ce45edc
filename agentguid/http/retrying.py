"""What is asked for when the user tries the last turn of a conversation again."""

from agentguid.entropy import new_id
from agentguid.http.parts import Parts
from agentguid.project import retries, turns
from agentguid.protocol.commands import RetryTurn
from agentguid.protocol.errors import Refused


def retrying(parts: Parts, conversation: str) -> RetryTurn:
    """Raises `Refused` when there is nothing to be tried."""
    turn = turns.latest_here(parts.reader, conversation)
    body = retries.prompt(parts.reader, turn.id) if turn else None
    if turn is None or body is None:
        raise Refused("There is no message to send again.")
    return RetryTurn(conversation=conversation, turn=turn.id, message=new_id(), body=body)
