"""Streams: lines, and server-sent events out of them."""

from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from typing import NamedTuple

from agentguid.cli.errors import Unreachable


class Message(NamedTuple):
    """One server-sent event."""

    event: str
    data: str
    id: str | None


def messages(response: HTTPResponse) -> Iterator[Message]:
    """Reads server-sent events until the other side ends. Comments are passed over."""
    event, id_ = "message", None
    data: list[str] = []
    for line in lines(response):
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if not text:
            if data:
                yield Message(event, "\n".join(data), id_)
            event, data, id_ = "message", [], None
        elif name == "event":
            event = value
        elif name == "data":
            data.append(value)
        elif name == "id":
            id_ = value


def lines(response: HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            line = response.readline()
        except (OSError, HTTPException) as error:
            raise Unreachable(f"the connection was cut: {error or type(error).__name__}") from error
        if not line:
            return
        yield line
