"""The lines that we write to `pi --mode rpc`. The id of a command is that of the input which carries it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentguid.agents.base import File, Write
from agentguid.protocol.items import Mode

GATE = "agentguid"
"""Name of our extension's command, and title of its questions."""

_encode = msgspec.json.Encoder().encode


def command(name: str, kind: str, **fields: Any) -> Write:
    return Write(name, _line({"id": name, "type": kind, **fields}))


def state(name: str, probe: str) -> Write:
    """Asks how it stands. `probe` is what the answer is known by."""
    return Write(name, _line({"id": probe, "type": "get_state"}))


def prompt(name: str, words: str, files: Sequence[File] = ()) -> Write:
    return command(name, "prompt", **_said(words, files))


def steer(name: str, words: str, files: Sequence[File] = ()) -> Write:
    return command(name, "steer", **_said(words, files))


def mode(name: str, which: Mode) -> Write:
    return command(name, "prompt", message=f"/{GATE} {which}")


def value(identity: str, text: str) -> bytes:
    """What was chosen or entered in a dialog."""
    return _response(identity, value=text)


def confirmed(identity: str, *, yes: bool) -> bytes:
    return _response(identity, confirmed=yes)


def cancelled(identity: str) -> bytes:
    return _response(identity, cancelled=True)


def verdict(said: Mapping[str, Any]) -> str:
    """What our extension hears about a call of a tool."""
    return _encode(said).decode()


def _plain(words: str) -> str:
    """The command of our extension is not for users: a space makes a message of it."""
    return f" {words}" if words.split(maxsplit=1)[:1] == [f"/{GATE}"] and words[0] == "/" else words


def _said(words: str, files: Sequence[File]) -> dict[str, Any]:
    """A message has one text: texts that go with it are quoted behind what the user wrote."""
    texts = [_plain(words), *(file.quoted for file in files if not file.picture)]
    images = [{"type": "image", "mimeType": one.type, "data": one.base64} for one in files if one.picture]
    return {"message": "\n\n".join(filter(None, texts)), **({"images": images} if images else {})}


def _response(identity: str, **fields: Any) -> bytes:
    return _line({"type": "extension_ui_response", "id": identity, **fields})


def _line(message: dict[str, Any]) -> bytes:
    return _encode(message) + b"\n"
