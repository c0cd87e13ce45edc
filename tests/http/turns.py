"""Conversations with something in them, and the fields that every answer has."""

from agentguid.protocol.events import ItemAdded
from agentguid.protocol.items import Body
from tests.http.conftest import Served

CONVERSATION = {
    "id", "title", "agentId", "agentType", "model", "mode", "workingDirectory", "status", "isStreaming",
    "messageCount", "created_at", "updated_at", "archived", "pinned", "unread", "position",
}  # fmt: skip
SESSION = {"id", "conversationId", "status", "started_at", "completed_at", "error", "usage", "cost"}
CHUNK = {"id", "sessionId", "conversationId", "sequence", "type", "data", "created_at", "position"}
MESSAGE = {"id", "conversationId", "role", "content", "created_at", "status"}


def running(served: Served, text: str = "do it", **more: str) -> tuple[str, str]:
    """A conversation with an open turn."""
    conversation = served.conversation(**more)
    sent = served.api("POST", f"/conversations/{conversation}/messages", {"content": text})
    return conversation, sent["session"]["id"]


def said(turn: str, number: int, **more: object) -> ItemAdded:
    return ItemAdded(item=f"{turn}-i{number}", turn=turn, kind="message", body=Body(f"text {number}"), **more)  # type: ignore[arg-type]
