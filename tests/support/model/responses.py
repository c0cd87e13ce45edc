"""OpenAI's Responses protocol: `POST /v1/responses`, as Codex asks."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.support.model.script import MARK, Ask, Block, Turn
from tests.support.model.tools import Call

PATH = "/responses"
COUNT = "/responses/input_tokens"
Object = dict[str, Any]
SAID = ("reasoning", "function_call", "custom_tool_call", "local_shell_call", "tool_search_call")


def read(body: Object, path: str) -> Ask:
    """What a request says."""
    del path
    ask = Ask(model=body.get("model", "fake-model"), stream=bool(body.get("stream")))
    ask.messages.append(("system", _flat(body.get("instructions"))))
    items = body.get("input") or []
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        _take(ask, item)
    for tool in body.get("tools") or []:
        ask.tools.offer(tool.get("name") or tool["type"], tool.get("parameters"), tool["type"])
    return ask


def _take(ask: Ask, item: Object) -> None:
    kind = item.get("type", "message")
    text = _flat(item.get("content"))
    if kind.endswith("_output"):
        ask.messages.append(("result", _flat(item.get("output"))))
    elif kind in SAID:
        ask.messages.append(("assistant", ""))
    elif item.get("role") == "assistant":
        ask.messages.append(("assistant", text))
    elif item.get("role") == "user" and (MARK.search(text) or not text.startswith("<")):
        ask.messages.append(("user", text))
    else:
        ask.messages.append(("system", text))


def _flat(content: Any) -> str:
    match content:
        case str():
            return content
        case list():
            return "\n".join(_flat(part) for part in content)
        case dict():
            return _flat(content.get("text") or content.get("output") or "")
    return ""


def error(status: int, kind: str, message: str) -> Object:
    """The body of a failed request."""
    del status
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def count(ask: Ask) -> Object:
    return {"input_tokens": ask.size}


def whole(ask: Ask, turn: Turn) -> Object:
    """The answer in one piece."""
    return _answer(ask, turn, [_item(block) for block in turn.blocks])


def _answer(ask: Ask, turn: Turn, output: list[Object]) -> Object:
    usage = {"input_tokens": ask.size, "output_tokens": turn.size, "total_tokens": ask.size + turn.size}
    return {
        "id": f"resp_{uuid4().hex[:24]}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": ask.model,
        "output": output,
        "error": None,
        "usage": {
            **usage,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


def _item(block: Block) -> Object:
    if isinstance(block, Call) and block.kind == "custom":
        named = {"id": f"ctc_{block.id}", "call_id": f"call_{block.id}", "name": block.name}
        return {"type": "custom_tool_call", **named, "input": block.args["input"], "status": "completed"}
    if isinstance(block, Call):
        named = {"id": f"fc_{block.id}", "call_id": f"call_{block.id}", "name": block.name}
        return {"type": "function_call", **named, "arguments": json.dumps(block.args), "status": "completed"}
    if "thinking" in block:
        summary = [{"type": "summary_text", "text": block["thinking"]}]
        return {
            "type": "reasoning",
            "id": f"rs_{uuid4().hex[:20]}",
            "summary": summary,
            "encrypted_content": "eA==",
        }
    content = [{"type": "output_text", "text": block["text"], "annotations": []}]
    named = {"id": f"msg_{uuid4().hex[:20]}", "role": "assistant", "status": "completed"}
    return {"type": "message", **named, "content": content}


def stream(ask: Ask, turn: Turn) -> Iterator[bytes]:
    """The answer as server-sent events."""
    answer, done = _answer(ask, turn, []), list[Object]()
    yield _event("response.created", response={**answer, "status": "in_progress", "usage": None})
    for index, block in enumerate(turn.blocks):
        item = _item(block)
        yield _event("response.output_item.added", output_index=index, item=_begun(item))
        for kind, text in _deltas(item):
            for start in range(0, len(text), turn.chunk):
                where = {"item_id": item["id"], "output_index": index, "content_index": 0, "summary_index": 0}
                yield _event(kind, **where, delta=text[start : start + turn.chunk])
        yield _event("response.output_item.done", output_index=index, item=item)
        done.append(item)
    yield _event("response.completed", response={**answer, "output": done})


def _begun(item: Object) -> Object:
    empty: Object = {"summary": [], "content": [], "arguments": "", "input": ""}
    return {key: empty.get(key, value) for key, value in item.items()}


def _deltas(item: Object) -> Iterator[tuple[str, str]]:
    match item["type"]:
        case "reasoning":
            yield "response.reasoning_summary_text.delta", item["summary"][0]["text"]
        case "message":
            yield "response.output_text.delta", item["content"][0]["text"]
        case "custom_tool_call":
            yield "response.custom_tool_call_input.delta", item["input"]
        case _:
            yield "response.function_call_arguments.delta", item["arguments"]


def _event(name: str, **more: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **more})}\n\n".encode()
