"""OpenAI's Chat Completions: `POST /v1/chat/completions`, as most agents ask."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.support.model.script import Ask, Kind, Turn
from tests.support.model.tools import Call

PATH = "/chat/completions"
COUNT = "/chat/completions/count"
"""Nobody asks for that here."""
Object = dict[str, Any]
ROLES: dict[str, Kind] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "result",
}


def read(body: Object, path: str) -> Ask:
    """What a request says."""
    del path
    ask = Ask(model=body.get("model", "fake-model"), stream=bool(body.get("stream")))
    for message in body.get("messages") or []:
        ask.messages.append((ROLES.get(message.get("role"), "user"), _flat(message.get("content"))))
    for tool in body.get("tools") or []:
        function = tool.get("function") or tool
        ask.tools.offer(function["name"], function.get("parameters"))
        # Some say only there where they work.
        ask.messages.insert(0, ("system", str(function.get("description") or "")))
    return ask


def _flat(content: Any) -> str:
    match content:
        case str():
            return content
        case list():
            return "\n".join(_flat(part) for part in content)
        case dict():
            return _flat(content.get("text") or "")
    return ""


def error(status: int, kind: str, message: str) -> Object:
    """The body of a failed request."""
    del status
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def count(ask: Ask) -> Object:
    return {"tokens": ask.size}


def whole(ask: Ask, turn: Turn) -> Object:
    """The answer in one piece."""
    message: Object = {"role": "assistant", "content": None}
    for block in turn.blocks:
        if isinstance(block, Call):
            message.setdefault("tool_calls", []).append(_call(block, json.dumps(block.args)))
        elif "text" in block:
            message["content"] = (message["content"] or "") + block["text"]
    choice = {"index": 0, "message": message, "finish_reason": _reason(turn)}
    return {**_base(ask, "chat.completion"), "choices": [choice], "usage": _usage(ask, turn)}


def stream(ask: Ask, turn: Turn) -> Iterator[bytes]:
    """The answer as server-sent events."""
    base = _base(ask, "chat.completion.chunk")
    yield _event({**base, "choices": [_choice({"role": "assistant", "content": ""})]})
    calls = 0
    for block in turn.blocks:
        if isinstance(block, Call):
            begun = {"index": calls, **_call(block, "")}
            yield _event({**base, "choices": [_choice({"tool_calls": [begun]})]})
            for piece in _pieces(json.dumps(block.args), turn.chunk):
                more = {"index": calls, "function": {"arguments": piece}}
                yield _event({**base, "choices": [_choice({"tool_calls": [more]})]})
            calls += 1
            continue
        name, text = (
            ("reasoning_content", block["thinking"]) if "thinking" in block else ("content", block["text"])
        )
        for piece in _pieces(text, turn.chunk):
            yield _event({**base, "choices": [_choice({name: piece})]})
    yield _event({**base, "choices": [_choice({}, _reason(turn))]})
    yield _event({**base, "choices": [], "usage": _usage(ask, turn)})
    yield b"data: [DONE]\n\n"


def _base(ask: Ask, kind: str) -> Object:
    return {
        "id": f"chatcmpl-{uuid4().hex[:24]}",
        "object": kind,
        "created": int(time.time()),
        "model": ask.model,
    }


def _choice(delta: Object, reason: str | None = None) -> Object:
    return {"index": 0, "delta": delta, "finish_reason": reason}


def _call(block: Call, arguments: str) -> Object:
    function = {"name": block.name, "arguments": arguments}
    return {"id": f"call_{block.id}", "type": "function", "function": function}


def _reason(turn: Turn) -> str:
    return "tool_calls" if turn.calls else "stop"


def _usage(ask: Ask, turn: Turn) -> Object:
    return {
        "prompt_tokens": ask.size,
        "completion_tokens": turn.size,
        "total_tokens": ask.size + turn.size,
    }


def _pieces(text: str, size: int) -> Iterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


def _event(value: Object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()
