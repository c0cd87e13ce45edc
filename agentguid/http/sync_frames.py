"""What the log's events are on the `/sync` socket: the reference's messages.

Everybody is told that something changed; what was said is told to subscribers only.
"""

from collections.abc import Iterator
from typing import Any

from agentguid.http.api import blocks, shapes
from agentguid.http.parts import Parts
from agentguid.project import conversations, transcript
from agentguid.protocol import events
from agentguid.protocol.events import Recorded
from agentguid.protocol.ids import conversation_of
from agentguid.protocol.items import Body
from agentguid.stream.sync import Gap, Output, Piece, Reply, Seen

Message = dict[str, Any]
_ROW_CHANGES = (
    events.ConversationRenamed,
    events.ConversationConfigured,
    events.ConversationArchived,
    events.ConversationUnarchived,
    events.ConversationPinned,
    events.ConversationUnpinned,
    events.ConversationRead,
)


class Frames:
    """Turns outputs into messages."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def messages(self, outputs: list[Output]) -> Iterator[Message]:
        for output in outputs:
            match output:
                case Reply(message=message):
                    yield message
                case Gap(after=after):
                    yield {"type": "gap", "after": after}
                case Piece():
                    yield _delta(output)
                case Seen():
                    yield from self._seen(output)

    def _seen(self, seen: Seen) -> Iterator[Message]:
        recorded, conversation = seen.recorded, conversation_of(seen.recorded.stream)
        if conversation is None:
            return
        frame = {
            "conversationId": conversation,
            "timestamp": shapes.millis(recorded.at),
            "position": recorded.position,
        }
        if not seen.past:
            yield from ({**message, **frame} for message in self._public(conversation, recorded))
        if seen.subscribed:
            yield from ({**message, **frame} for message in self._private(conversation, recorded))

    def _public(self, conversation: str, recorded: Recorded) -> Iterator[Message]:
        """For every socket: nothing that was said."""
        match recorded.event:
            case events.ConversationCreated():
                yield from self._conversation("conversation_created", conversation)
            case events.ConversationDeleted():
                yield {"type": "conversation_deleted"}
            case events.MessageQueued(message=message) | events.MessageRemoved(message=message):
                yield self._queue(conversation, message)
            case events.MessageSteerRequested(message=message) | events.MessageSteered(message=message):
                yield self._queue(conversation, message)
            case events.QueueReordered() | events.QueueHeld() | events.QueueReleased():
                yield self._queue(conversation, None)
            case events.RetryScheduled() as e:
                wait, at = (e.at - recorded.at) // 1000, shapes.millis(e.at)
                hit = {"sessionId": e.turn, "retryAfterMs": wait, "retryAt": at, "retryCount": e.attempt}
                yield {"type": "rate_limit_hit", **hit}
                yield from self._conversation("conversation_updated", conversation)
            case events.RetryCancelled():
                yield {"type": "rate_limit_clear"}
                yield from self._conversation("conversation_updated", conversation)
            case events.TurnStarted(message=message, retries=retried):
                if retried:
                    yield {"type": "rate_limit_clear"}
                yield self._queue(conversation, message)
                yield from self._conversation("conversation_updated", conversation)
            case events.TurnEnded() | events.TurnStopRequested():
                yield from self._conversation("conversation_updated", conversation)
            case events.ApprovalRequested() as e:
                yield {
                    "type": "approval_requested",
                    "approvalId": e.approval,
                    "sessionId": e.turn,
                    "tool": e.tool,
                }
            case events.ApprovalDecided() as e:
                yield {"type": "approval_decided", "approvalId": e.approval, "decision": e.decision}
            case events.ApprovalWithdrawn() as e:
                yield {
                    "type": "approval_decided",
                    "approvalId": e.approval,
                    "decision": None,
                    "withdrawn": True,
                }
            case event if isinstance(event, _ROW_CHANGES):
                yield from self._conversation("conversation_updated", conversation)

    def _private(self, conversation: str, recorded: Recorded) -> Iterator[Message]:
        """For subscribers: what was said and done."""
        match recorded.event:
            case events.MessageQueued() as e:
                yield _message(conversation, recorded, e.message, e.body, None)
            case events.MessageEdited() as e:
                row = conversations.get(self._parts.reader, conversation)
                said = blocks.text("content", e.body)
                yield {"type": "queue_updated", "messageId": e.message, **said, "agentId": row and row.agent}
            case events.TurnStarted() as e:
                yield _message(conversation, recorded, e.message, e.body, e.turn)
                yield {
                    "type": "streaming_start",
                    "sessionId": e.turn,
                    "messageId": e.message,
                    "agentId": e.agent,
                }
            case events.MessageSteered() as e:
                yield _message(conversation, recorded, e.message, e.body, e.turn)
            case events.ItemAdded() as e:
                yield self._progress(e.turn, e.item, blocks.added(e))
            case events.ToolStarted() as e:
                yield self._progress(e.turn, e.item, blocks.opening(recorded))
            case events.ToolFinished() as e:
                yield self._progress(None, e.item, blocks.tool_result(e))
            case events.TurnEnded() as e:
                yield self._progress(e.turn, f"{e.turn}-end", blocks.result(e))
                yield _ended(e)

    def _progress(self, turn: str | None, item: str, block: blocks.Block) -> Message:
        row = transcript.get(self._parts.reader, item)
        session = turn or (row.turn if row else None)
        sequence = row.sequence if row else None
        return {
            "type": "streaming_progress",
            "sessionId": session,
            "itemId": item,
            "block": block,
            "seq": sequence,
        }

    def _queue(self, conversation: str, message: str | None) -> Message:
        row = conversations.get(self._parts.reader, conversation)
        length, held = (row.queued, row.held) if row else (0, False)
        return {"type": "queue_status", "queueLength": length, "held": held, "messageId": message}

    def _conversation(self, kind: str, conversation: str) -> Iterator[Message]:
        row = conversations.get(self._parts.reader, conversation)
        if row and not row.deleted:
            yield {"type": kind, "conversation": shapes.conversation(self._parts, row)}


def _message(conversation: str, recorded: Recorded, message: str, body: Body, turn: str | None) -> Message:
    shape = shapes.Message(
        id=message,
        conversation_id=conversation,
        role="user",
        content=body.text,
        created_at=shapes.millis(recorded.at),
        status="sent" if turn else "queued",
        session_id=turn,
        blob=body.blob,
        size=body.size,
        attachments=shapes.attachments(body),
    )
    return {"type": "message_created", "message": shape}


def _ended(event: events.TurnEnded) -> Message:
    if event.outcome == "error":
        return {
            "type": "streaming_error",
            "sessionId": event.turn,
            "error": event.error or "",
            "recoverable": False,
        }
    complete = {"type": "streaming_complete", "sessionId": event.turn}
    return {**complete, "interrupted": True} if event.outcome == "interrupted" else complete


def _delta(piece: Piece) -> Message:
    item = piece.item
    return {
        "type": "streaming_delta",
        "sessionId": item.turn,
        "conversationId": piece.conversation,
        "itemId": item.item,
        "kind": item.kind,
        "title": item.title,
        "offset": piece.offset,
        "text": piece.text,
    }
