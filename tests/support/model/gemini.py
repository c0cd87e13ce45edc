"""The Gemini protocol: `POST /v1beta/models/MODEL:streamGenerateContent`, `:generateContent`, `:countTokens`."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.support.model.script import MARK, Ask, Block, Turn
from tests.support.model.tools import Call

PATH = (":streamGenerateContent", ":generateContent")
COUNT = ":countTokens"
Object = dict[str, Any]


def read(body: Object, path: str) -> Ask:
    """What a request says; its path says for which model, and whether the answer is to be streamed."""
    model = re.search(r"/models/([^:/]+):", path)
    ask = Ask(model=model[1] if model else "fake-model", stream=path.endswith(PATH[0]))
    ask.messages.append(("system", _flat((body.get("systemInstruction") or {}).get("parts"))))
    for content in body.get("contents", []):
        _take(ask, content)
    for tool in body.get("tools") or []:
        for function in tool.get("functionDeclarations") or []:
            ask.tools.offer(
                function["name"], function.get("parametersJsonSchema") or function.get("parameters")
            )
    return ask


def _take(ask: Ask, content: Object) -> None:
    parts = content.get("parts") or []
    text = _flat([part for part in parts if "text" in part and not part.get("thought")])
    if content.get("role") == "model":
        ask.messages.append(("assistant", text))
        return
    replies = [part["functionResponse"] for part in parts if "functionResponse" in part]
    ask.messages.extend(("result", _flat(reply.get("response"))) for reply in replies)
    if text and (not replies or MARK.search(text)):
        ask.messages.append(("user", text))


def _flat(content: Any) -> str:
    match content:
        case str():
            return content
        case list():
            return "\n".join(_flat(part) for part in content)
        case dict():
            return _flat(content.get("text") or content.get("output") or content.get("error") or "")
    return ""


def error(status: int, kind: str, message: str) -> Object:
    """The body of a failed request."""
    return {"error": {"code": status, "message": message, "status": kind.upper()}}


def count(ask: Ask) -> Object:
    return {"totalTokens": ask.size}


def whole(ask: Ask, turn: Turn) -> Object:
    """The answer in one piece."""
    return _answer(ask, turn, [_part(block) for block in turn.blocks], "STOP")


def stream(ask: Ask, turn: Turn) -> Iterator[bytes]:
    """The answer as server-sent events."""
    for block in turn.blocks:
        if isinstance(block, Call):
            yield _event(_answer(ask, turn, [_part(block)]))
            continue
        for kind, text in block.items():
            for start in range(0, len(text), turn.chunk):
                part = _part({kind: text[start : start + turn.chunk]})
                yield _event(_answer(ask, turn, [part]))
    yield _event(_answer(ask, turn, [{"text": ""}], "STOP"))


def _part(block: Block) -> Object:
    if isinstance(block, Call):
        return {"functionCall": {"name": block.name, "args": block.args}, "thoughtSignature": "c2NyaXB0ZWQ="}
    if "thinking" in block:
        return {"text": block["thinking"], "thought": True}
    return {"text": block["text"]}


def _answer(ask: Ask, turn: Turn, parts: list[Object], finish: str | None = None) -> Object:
    candidate: Object = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    total = ask.size + turn.size
    usage = {"promptTokenCount": ask.size, "candidatesTokenCount": turn.size, "totalTokenCount": total}
    return {
        "candidates": [candidate],
        "modelVersion": ask.model,
        "responseId": "scripted",
        "usageMetadata": usage,
    }


def _event(answer: Object) -> bytes:
    return f"data: {json.dumps(answer)}\n\n".encode()
