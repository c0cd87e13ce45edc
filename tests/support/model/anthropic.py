"""The Anthropic Messages protocol: `POST /v1/messages`, streamed or whole, and `/v1/messages/count_tokens`."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.support.model.script import MARK, Ask, Block, Turn
from tests.support.model.tools import Call

PATH = "/v1/messages"
COUNT = "/v1/messages/count_tokens"
Object = dict[str, Any]


def read(body: Object, path: str) -> Ask:
    """What a request says."""
    del path
    ask = Ask(model=body.get("model", "fake-model"), stream=bool(body.get("stream")))
    ask.thinks = (body.get("thinking") or {}).get("type", "disabled") != "disabled"
    ask.messages.append(("system", _flat(body.get("system"))))
    for message in body.get("messages", []):
        _take(ask, message)
    for tool in body.get("tools") or []:
        ask.tools.offer(tool["name"], tool.get("input_schema"))
    return ask


def _take(ask: Ask, message: Object) -> None:
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = [part for part in parts if part.get("type") == "text"]
    text = _flat([part for part in texts if not _reminder(part)])
    if message.get("role") == "assistant":
        ask.messages.append(("assistant", text))
        return
    results = [part for part in parts if part.get("type") == "tool_result"]
    ask.messages.extend(("result", _flat(part.get("content"))) for part in results)
    if any(map(_reminder, texts)):
        ask.messages.append(("system", _flat([part for part in texts if _reminder(part)])))
    if text and (not results or MARK.search(text)):
        ask.messages.append(("user", text))


def _reminder(part: Object) -> bool:
    """What Claude Code tells the model in the user's name."""
    return str(part.get("text") or "").startswith("<system-reminder>")


def _flat(content: Any) -> str:
    match content:
        case str():
            return content
        case list():
            return "\n".join(_flat(part) for part in content)
        case dict():
            return _flat(content.get("text") or content.get("content"))
    return ""


def error(status: int, kind: str, message: str) -> Object:
    """The body of a failed request."""
    del status
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_scripted"}


def count(ask: Ask) -> Object:
    return {"input_tokens": ask.size}


def whole(ask: Ask, turn: Turn) -> Object:
    """The answer in one piece."""
    content = [{**_opened(block), **_filled(block)} for block in turn.blocks]
    return {**_message(ask, turn), "content": content, "stop_reason": _reason(turn)}


def stream(ask: Ask, turn: Turn) -> Iterator[bytes]:
    """The answer as server-sent events."""
    yield _event("message_start", message=_message(ask, turn))
    yield _event("ping")
    for index, block in enumerate(turn.blocks):
        yield _event("content_block_start", index=index, content_block=_opened(block))
        for delta in _deltas(block, turn.chunk):
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    usage = {"input_tokens": ask.size, "output_tokens": turn.size}
    yield _event("message_delta", delta={"stop_reason": _reason(turn), "stop_sequence": None}, usage=usage)
    yield _event("message_stop")


def _event(name: str, **more: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **more})}\n\n".encode()


def _message(ask: Ask, turn: Turn) -> Object:
    usage = {"input_tokens": ask.size, "output_tokens": turn.size}
    return {
        "id": f"msg_{uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**usage, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0},
    }


def _reason(turn: Turn) -> str:
    return "tool_use" if turn.calls else "end_turn"


def _opened(block: Block) -> Object:
    if isinstance(block, Call):
        return {"type": "tool_use", "id": f"toolu_{block.id}", "name": block.name, "input": {}}
    if "thinking" in block:
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "text", "text": ""}


def _filled(block: Block) -> Object:
    return {"input": block.args} if isinstance(block, Call) else dict(block)


def _deltas(block: Block, size: int) -> Iterator[Object]:
    if isinstance(block, Call):
        for piece in _pieces(json.dumps(block.args), size):
            yield {"type": "input_json_delta", "partial_json": piece}
        return
    for kind, text in block.items():
        for piece in _pieces(text, size):
            yield {"type": f"{kind}_delta", kind: piece}
    if "thinking" in block:
        yield {"type": "signature_delta", "signature": "c2NyaXB0ZWQ="}


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
