"""Items as the reference's blocks: what chunks hold and what `streaming_progress` carries."""

from typing import Any

import msgspec

from agentguid.http.api import shapes
from agentguid.http.api.shapes import Chunk, Message, millis
from agentguid.project.transcript import Item
from agentguid.protocol import events
from agentguid.protocol.events import Recorded
from agentguid.protocol.items import Body

Block = dict[str, Any]


def chunk(item: Item) -> Chunk:
    """An item of the transcript."""
    block = block_of(item)
    return Chunk(
        id=item.id,
        session_id=item.turn,
        conversation_id=item.conversation,
        sequence=item.sequence,
        type=block["type"],
        data=block,
        created_at=millis(item.at),
        position=item.touched,
    )


def block_of(item: Item) -> Block:
    """The item with everything that became of it."""
    block = opening(item.opened)
    if item.kind == "tool":
        block["status"] = "running" if item.finished is None else "done"
        if item.finished and isinstance(item.finished.event, events.ToolFinished):
            block["result"] = tool_result(item.finished.event)
            block["status"] = "failed" if item.finished.event.failed else "done"
    if item.approval and isinstance(item.approval.event, events.ApprovalRequested):
        block["approval"] = _approval(item.approval.event, item.decision)
    return block


def opening(recorded: Recorded) -> Block:
    """The block of the event that opens an item."""
    match recorded.event:
        case events.TurnStarted() | events.MessageSteered() as e:
            files = {"attachments": shapes.attachments(e.body)} if e.body.attached else {}
            return {"type": "user", **text("text", e.body), **files}
        case events.ItemAdded() as e:
            return added(e)
        case events.ToolStarted() as e:
            return _with_parent(tool_use(e), e.parent)
        case events.ApprovalRequested() as e:
            return {"type": "approval", "id": e.approval, "name": e.tool, "reason": e.reason}
        case events.TurnEnded() as e:
            return result(e)
    return {"type": "unknown", "redacted": True}


def added(event: events.ItemAdded) -> Block:
    """The block of an item that is complete in itself."""
    match event.kind:
        case "message":
            block = {"type": "text", **text("text", event.body)}
        case "thought":
            block = {"type": "thinking", **text("thinking", event.body)}
        case "plan":
            block = {"type": "plan", "entries": _parsed(event.body), **_rest(event.body)}
        case "notice":
            block = {"type": "system", "subtype": "notice", "level": event.level, **text("text", event.body)}
        case _:
            block = {"type": "unknown", **text("raw", event.body)}
    if event.incomplete:
        block["incomplete"] = True
    return _with_parent(block, event.parent)


def tool_use(event: events.ToolStarted) -> Block:
    return {
        "type": "tool_use",
        "id": event.item,
        "name": event.name,
        "input": _parsed(event.input),
        **_rest(event.input),
    }


def tool_result(event: events.ToolFinished) -> Block:
    block = {
        "type": "tool_result",
        "tool_use_id": event.item,
        **text("content", event.output),
        "is_error": event.failed,
    }
    return {**block, "incomplete": True} if event.incomplete else block


def result(event: events.TurnEnded) -> Block:
    """The end of a turn."""
    return {
        "type": "result",
        "subtype": {"complete": "success", "error": "error"}.get(event.outcome, event.outcome),
        "duration_ms": event.duration,
        "total_cost_usd": event.cost,
        "is_error": event.outcome == "error",
        "result": event.error or "",
        "usage": event.usage,
    }


def message(item: Item) -> Message:
    """A user's or an agent's message."""
    event = item.opened.event
    body = (
        event.body
        if isinstance(event, events.TurnStarted | events.MessageSteered | events.ItemAdded)
        else Body("")
    )
    incomplete = isinstance(event, events.ItemAdded) and event.incomplete
    return Message(
        id=item.id,
        conversation_id=item.conversation,
        role="user" if item.kind == "user" else "assistant",
        content=body.text,
        created_at=millis(item.at),
        status="sent" if item.kind == "user" else "incomplete" if incomplete else "complete",
        session_id=item.turn,
        blob=body.blob,
        size=body.size,
        attachments=shapes.attachments(body),
    )


def text(name: str, body: Body) -> Block:
    """A text, and where the whole of it is when it is cut here."""
    return {name: body.text, **_rest(body)}


def _rest(body: Body) -> Block:
    rest: Block = (
        {} if body.type.startswith("text/") or body.type == "application/json" else {"media_type": body.type}
    )
    return {**rest, "blob": body.blob, "size": body.size} if body.blob else rest


def _parsed(body: Body) -> Any:
    """JSON that came as text; as text where it is cut or is none."""
    if body.blob is None:
        try:
            return msgspec.json.decode(body.text)
        except (msgspec.DecodeError, RecursionError):
            pass
    return body.text


def _with_parent(block: Block, parent: str | None) -> Block:
    return {**block, "parent_tool_use_id": parent} if parent else block


def _approval(event: events.ApprovalRequested, decided: Recorded | None) -> Block:
    block: Block = {
        "id": event.approval,
        "tool": event.tool,
        "reason": event.reason,
        "options": event.options,
    }
    block["input"] = _parsed(event.input)
    if event.questions:
        block["questions"] = event.questions
    match decided.event if decided else None:
        case events.ApprovalDecided() as e:
            block |= {"decision": e.decision, "message": e.message}
            block |= {"answers": e.answers} if e.answers else {}
        case events.ApprovalWithdrawn() as e:
            block |= {"decision": None, "withdrawn": e.reason}
    return block
