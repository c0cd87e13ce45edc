"""The lines that we write to an agent that speaks ACP."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Raw

from agentguid import __version__
from agentguid.agents.base import File
from agentguid.protocol.items import Mode

VERSION = 1
"""Of the protocol."""
NO_METHOD, FAILED, CANCELLED = -32601, -32603, -32800
"""Codes of errors."""

_encode = msgspec.json.Encoder().encode


def initialize(number: int, *, files: bool, terminals: bool) -> bytes:
    """What we offer to do for the agent: most use their own files and terminals, and so it stays (ADR 0050)."""
    capabilities = {
        "fs": {"readTextFile": files, "writeTextFile": files},
        "terminal": terminals,
        "elicitation": {"form": {}},
    }
    client = {"name": "agentguid", "title": "agentguid", "version": __version__}
    return request(
        number, "initialize", protocolVersion=VERSION, clientCapabilities=capabilities, clientInfo=client
    )


def prompt(number: int, session: str, content: list[dict[str, Any]], mode: Mode) -> bytes:
    """Our mode stands in the line when it is not to ask, because the fold answers requests by it."""
    more = {} if mode == "ask" else {"_meta": {"agentguid": {"mode": mode}}}
    return request(number, "session/prompt", sessionId=session, prompt=content, **more)


def said(words: str, files: Sequence[File], *, embeds: bool) -> list[dict[str, Any]]:
    """What the user wrote, and the files that go with it.

    Beside a picture texts stand in words: Gemini CLI leaves all pictures out when there is a resource.
    """
    first = [_text(words)] if words.strip() or not files else []
    embeds = embeds and not any(file.picture for file in files)
    return [*first, *(_block(file, embeds=embeds) for file in files)]


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def _block(file: File, *, embeds: bool) -> dict[str, Any]:
    if file.picture:
        return {"type": "image", "mimeType": file.type, "data": file.base64}
    if not embeds:
        return _text(file.quoted)
    uri = f"agentguid:///attached/{quote(file.name)}"
    return {"type": "resource", "resource": {"uri": uri, "mimeType": file.type, "text": file.text}}


def request(number: int, method: str, **params: Any) -> bytes:
    return _line({"id": number, "method": method, "params": params})


def cancel(session: str) -> bytes:
    return _line({"method": "session/cancel", "params": {"sessionId": session}})


def cancel_request(number: int) -> bytes:
    """A request of ours is not wanted any more."""
    return _line({"method": "$/cancel_request", "params": {"requestId": number}})


def result(identity: bytes, value: Any) -> bytes:
    """The answer to a request of the agent's; its id is sent back as it was written."""
    return _line({"id": Raw(identity), "result": value})


def chosen(identity: bytes, option: str | None) -> bytes:
    """The answer to a permission request. None: cancelled."""
    outcome = {"outcome": "selected", "optionId": option} if option is not None else {"outcome": "cancelled"}
    return result(identity, {"outcome": outcome})


def error(identity: bytes, code: int, message: str) -> bytes:
    return _line({"id": Raw(identity), "error": {"code": code, "message": message}})


def _line(message: dict[str, Any]) -> bytes:
    return _encode({"jsonrpc": "2.0", **message}) + b"\n"
