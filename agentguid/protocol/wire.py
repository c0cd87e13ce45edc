"""Events to bytes and back.

An event lies in the log as its type, the schema number of that type and JSON data. `upcast` lifts old data to
the present schema, dict to dict; a type that this program does not know stays as it is and is `Unreadable` here.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from agentguid.protocol.events import Event, Recorded, Unreadable
from agentguid.protocol.names import NAMES, TYPES

SCHEMA: dict[str, int] = dict.fromkeys(TYPES, 1)
"""The present schema number of each type."""
UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(type, schema) → what lifts its data to schema + 1."""

_encoder = msgspec.json.Encoder()
_decoders: dict[str, msgspec.json.Decoder[Event]] = {
    name: msgspec.json.Decoder(cls) for name, cls in TYPES.items()
}


def encode(event: Event) -> tuple[str, int, bytes]:
    """Type, schema number and JSON data."""
    name = NAMES[type(event)]
    return name, SCHEMA[name], _encoder.encode(event)


def decode(name: str, schema: int, data: str | bytes | None) -> Event:
    """The event; `Unreadable` when the data is gone or damaged, or this program is too old for it."""
    if data is None:
        return Unreadable(redacted=True)
    present = SCHEMA.get(name)
    if present is None or schema > present:
        return Unreadable(redacted=False)
    try:
        if schema == present:
            return _decoders[name].decode(data)
        return _upcast(name, schema, msgspec.json.decode(data))
    except msgspec.DecodeError:
        return Unreadable(redacted=False)


def _upcast(name: str, schema: int, data: dict[str, Any]) -> Event:
    while schema < SCHEMA[name]:
        data = UPCASTERS[name, schema](data)
        schema += 1
    return msgspec.convert(data, TYPES[name])


def envelope(recorded: Recorded) -> bytes:
    """The public JSON form of a recorded event."""
    event = recorded.event
    return _encoder.encode(
        {
            "position": recorded.position,
            "stream": recorded.stream,
            "version": recorded.version,
            "type": recorded.type,
            "at": recorded.at,
            "actor": recorded.actor,
            "cause": recorded.cause,
            "origin": recorded.origin,
            "data": None if isinstance(event, Unreadable) else event,
        }
    )
