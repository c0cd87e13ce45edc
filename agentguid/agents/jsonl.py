"""Lines of JSON from programs that nobody can trust to write it well."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
CLIPPED = 200
"""Characters of an agent's word that are kept."""
MARK = 40
"""Characters of what stands for a longer name."""
FAILURE = 2000
"""Characters of an error that is written as a message."""
MENDED = 8 * 1024 * 1024
"""Bytes of a line that is worth mending."""


class NotUnderstoodError(Exception):
    """Says in a few words why a line means nothing to us."""


def mended(data: bytes, error: Exception) -> bytes:
    """Reads what msgspec will not have: bytes that are no UTF-8, and halves of a character, between which JavaScript cuts strings.

    Python's json takes such a half, msgspec neither.

    Raises `NotUnderstoodError` when that was not what was wrong, or the line is too long for that much work.
    """
    if len(data) > MENDED:
        raise NotUnderstoodError(syntax(error)) from error
    if isinstance(error, UnicodeDecodeError):
        data = data.decode("utf-8", "replace").encode()
    elif b"\\ud" not in data and b"\\uD" not in data:
        raise NotUnderstoodError(syntax(error)) from error
    if b"\\ud" not in data and b"\\uD" not in data:
        return data
    try:
        return json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError) as second:
        raise NotUnderstoodError(syntax(second)) from second


def syntax(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "JSON that is nested too deeply"
    return "not valid UTF-8" if isinstance(error, UnicodeDecodeError) else "not JSON"


def plain(data: bytes) -> dict[str, Any]:
    """The line as plain JSON. Raises `NotUnderstoodError` when it is not an object."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        value = _again(mended(data, error))
    if not isinstance(value, dict):
        raise NotUnderstoodError("JSON, but not an object")
    return value


def _again(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstoodError(syntax(error)) from error


def text_of(value: Any) -> str:
    """The value when it is text, else nothing."""
    return value if isinstance(value, str) else ""


def brief(value: Any) -> str:
    """As much of a text as an adapter may carry with it."""
    return text_of(value)[:CLIPPED]


def word(value: Any) -> str:
    """A name that has to be said back as it is: nothing when it is longer than may be carried."""
    return value if isinstance(value, str) and len(value) <= CLIPPED else ""


def mark_of(name: str) -> str:
    """What a name is known again by, however long it is."""
    return name if len(name) <= MARK else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:MARK]


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of a list; of anything else, none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def number(value: Any) -> float:
    """The value when it is a sane number, else 0."""
    return float(value) if type(value) in (int, float) and 0 <= value < 2**53 else 0.0


def count(value: Any) -> int:
    return int(number(value))


def carried(carry: bytes, state: type[T]) -> T:
    """What an adapter knew at its anchor. Raises msgspec.DecodeError for what this version did not write."""
    try:
        return msgspec.json.decode(carry, type=state)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def packed(found: Iterable[Any], most: int, bytes_: int) -> msgspec.Raw:
    """A list of those that are something, up to a number and a size; the rest is left out."""
    kept: list[bytes] = []
    size = 2
    for one in found:
        data = msgspec.json.encode(one) if one else b""
        if len(kept) == most or size + len(data) + 1 > bytes_:
            break
        if data:
            kept.append(data)
            size += len(data) + 1
    return msgspec.Raw(b"[" + b",".join(kept) + b"]")
