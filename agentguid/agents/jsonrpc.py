"""JSON-RPC by lines, as agents write it: some leave out that it is `2.0`, some answer with a number as text."""

from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from agentguid.agents.jsonl import NotUnderstoodError, mended, syntax


class Envelope(Struct):
    """A message: a request (method and id), a notification (method) or an answer (id)."""

    method: str = ""
    id: Raw = Raw()
    """As it was written: 0 and texts are valid, and it has to be sent back like that."""
    params: Raw = Raw()
    result: Raw = Raw()
    error: Raw = Raw()


class Error(Struct):
    code: Any = 0
    message: Any = ""
    data: Any = None


T = TypeVar("T")
_envelopes = msgspec.json.Decoder(Envelope)
_values: "msgspec.json.Decoder[Any]" = msgspec.json.Decoder()


def read(data: bytes) -> Envelope:
    """A line from the agent, or one of ours. Raises `NotUnderstoodError`."""
    try:
        message = _decode(_envelopes, data)
    except msgspec.ValidationError as error:
        raise NotUnderstoodError("JSON, but no message of this protocol") from error
    if not message.method and not message.id:
        raise NotUnderstoodError("JSON, but neither a request nor an answer")
    return message


def params(decoder: "msgspec.json.Decoder[T]", raw: Raw, method: str) -> T:
    """The parameters of a message. Raises `NotUnderstoodError`."""
    try:
        return _decode(decoder, bytes(raw))
    except msgspec.ValidationError as error:
        raise NotUnderstoodError(f"{method}: {error}"[:200]) from error


def value(raw: Raw) -> Any:
    """Raises `NotUnderstoodError`. Nothing at all is None."""
    return _decode(_values, bytes(raw)) if raw else None


def error_of(message: Envelope) -> Error | None:
    """The error of an answer; None when it is none. Raises `NotUnderstoodError`."""
    if not message.error or bytes(message.error) == b"null":
        return None
    try:
        return msgspec.convert(value(message.error), Error)
    except msgspec.ValidationError:
        return Error(message=bytes(message.error).decode("utf-8", "replace"))


def number_of(identity: Raw) -> int | None:
    """The number of a request of ours, as an answer names it. Some agents send it back as text."""
    text = bytes(identity).strip(b' "')
    return int(text) if text.isdigit() and len(text) < 16 else None


def _decode(decoder: "msgspec.json.Decoder[T]", data: bytes) -> T:
    """Raises msgspec.ValidationError for JSON of another shape, `NotUnderstoodError` for what is no JSON."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = mended(data, error)
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstoodError(syntax(error)) from error
