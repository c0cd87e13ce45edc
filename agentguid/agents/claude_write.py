"""The lines that we write to Claude Code."""

from collections.abc import Sequence
from typing import Any

import msgspec

from agentguid.agents.base import File
from agentguid.protocol.items import Mode

PERMISSION_MODES: dict[Mode, str] = {
    "ask": "default",
    "accept_edits": "acceptEdits",
    "plan": "plan",
    "bypass": "bypassPermissions",
}

_encode = msgspec.json.Encoder().encode


def user(text: str, uuid: str | None = None, files: Sequence[File] = ()) -> bytes:
    """A prompt. With a uuid Claude Code tells what becomes of it.

    Its words come last: Claude Code looks for a slash command in the last block.
    """
    content = [_block(file) for file in files]
    if text.strip() or not content:
        content.append({"type": "text", "text": text})
    message = {"role": "user", "content": content}
    named = {"uuid": uuid} if uuid else {}
    return _line({"type": "user", "message": message, "parent_tool_use_id": None, "session_id": "", **named})


def _block(file: File) -> dict[str, Any]:
    if not file.picture:
        return {"type": "text", "text": file.quoted}
    source = {"type": "base64", "media_type": file.type, "data": file.base64}
    return {"type": "image", "source": source}


def request(request_id: str, subtype: str, **fields: Any) -> bytes:
    """A control request of ours."""
    return _line(
        {"type": "control_request", "request_id": request_id, "request": {"subtype": subtype, **fields}}
    )


def answer(request_id: str, response: dict[str, Any]) -> bytes:
    """The answer to a control request of Claude Code's."""
    body = {"subtype": "success", "request_id": request_id, "response": response}
    return _line({"type": "control_response", "response": body})


def refusal(request_id: str, error: str) -> bytes:
    """Tells Claude Code that we do not know its request."""
    return _line(
        {
            "type": "control_response",
            "response": {"subtype": "error", "request_id": request_id, "error": error},
        }
    )


def _line(value: dict[str, Any]) -> bytes:
    return _encode(value) + b"\n"
