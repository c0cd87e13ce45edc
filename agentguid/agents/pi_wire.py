"""Lines of `pi --mode rpc`, as far as we read them.

Pi repeats the whole message with each piece of it; that is skipped, not decoded.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from agentguid.agents.jsonl import NotUnderstoodError, mended, syntax


class Update(Struct):
    """What is new in an answer of the model."""

    type: str
    index: int = field(default=0, name="contentIndex")
    """Of the block."""
    delta: str = ""
    content: str = ""
    """Of a text or thought that is whole."""
    partial: Raw = Raw()
    """The answer so far."""
    call: Raw = field(default=Raw(), name="toolCall")


class Line(Struct):
    """Any line: an answer to a command (`response`), an event, a request of an extension's."""

    type: str
    id: Any = None
    command: Any = None
    success: Any = None
    data: Raw = Raw()
    error: Any = None
    message: Raw = Raw()
    update: Update | None = field(default=None, name="assistantMessageEvent")
    call: Any = field(default=None, name="toolCallId")
    tool: Any = field(default=None, name="toolName")
    args: Raw = Raw()
    partial: Raw = field(default=Raw(), name="partialResult")
    result: Raw = Raw()
    failed: Any = field(default=None, name="isError")
    steering: Any = None
    attempt: Any = None
    attempts: Any = field(default=None, name="maxAttempts")
    why: Any = field(default=None, name="errorMessage")
    final: Any = field(default=None, name="finalError")
    again: Any = field(default=None, name="willRetry")
    aborted: Any = None
    method: Any = None
    title: Any = None
    options: Any = None
    placeholder: Any = None
    prefill: Any = None
    level: Any = field(default=None, name="notifyType")
    path: Any = field(default=None, name="extensionPath")
    event: Any = None


_lines = msgspec.json.Decoder(Line)
_values: "msgspec.json.Decoder[Any]" = msgspec.json.Decoder()


def read(data: bytes) -> Line:
    """Raises `NotUnderstoodError`."""
    try:
        return _decode(data)
    except msgspec.ValidationError as error:
        raise NotUnderstoodError(f"JSON, but no message of this protocol: {error}"[:200]) from error


def _decode(data: bytes) -> Line:
    try:
        return _lines.decode(data)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = mended(data, error)
    try:
        return _lines.decode(text)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstoodError(syntax(error)) from error


def value(raw: Raw) -> Any:
    """Raises `NotUnderstoodError`. Nothing at all is None."""
    data = bytes(raw) or b"null"
    try:
        return _values.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = mended(data, error)
    try:
        return _values.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstoodError(syntax(error)) from error
