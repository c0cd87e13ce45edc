"""The lines that we write to `codex app-server`. The id of a request of ours is that of the input which carries it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from agentguid import __version__
from agentguid.agents.base import File, Write

NO_METHOD, BAD = -32601, -32602
"""Codes of errors."""
UNWANTED = ["turn/diff/updated", "thread/readState/changed"]
"""Notifications that repeat what we know, at length. Versions that cannot leave them out send them."""

_encode = msgspec.json.Encoder().encode


def initialize() -> Write:
    client = {"name": "agentguid", "title": "agentguid", "version": __version__}
    can = {"experimentalApi": True, "requestAttestation": False, "optOutNotificationMethods": UNWANTED}
    return request("start", "initialize", clientInfo=client, capabilities=can)


def initialized() -> Write:
    return Write("start:initialized", _line({"method": "initialized"}))


def request(name: str, method: str, **params: Any) -> Write:
    return Write(name, _line({"id": name, "method": method, "params": params}))


def said(words: str, files: Sequence[File] = ()) -> list[dict[str, Any]]:
    """The input of a turn: what the user wrote, and the files that go with it."""
    first = [_text(words)] if words.strip() or not files else []
    return [*first, *(_picture(file) if file.picture else _text(file.quoted) for file in files)]


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words, "text_elements": []}


def _picture(file: File) -> dict[str, Any]:
    return {"type": "image", "url": f"data:{file.type};base64,{file.base64}"}


def result(identity: bytes, value: Any) -> bytes:
    """The answer to a request of Codex's; its id is sent back as it was written."""
    return _line({"id": Raw(identity), "result": value})


def error(identity: bytes, code: int, message: str) -> bytes:
    return _line({"id": Raw(identity), "error": {"code": code, "message": message}})


def _line(message: dict[str, Any]) -> bytes:
    return _encode(message) + b"\n"
