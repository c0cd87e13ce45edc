"""What an agent says and thinks: pieces without an end of their own.

A message ends when something else begins: a thought, a message of another id, a tool call, a plan, the end of the turn.
A picture in it stands by itself, as the output of a tool does.
"""

import re
from collections.abc import Callable

import msgspec
from msgspec import Struct, field

from agentguid.agents.acp_wire import Chunk, Content
from agentguid.agents.base import Fact, Live, Output
from agentguid.agents.jsonl import mapping, text_of
from agentguid.protocol.events import ItemAdded, ToolFinished, ToolStarted
from agentguid.protocol.items import Body, ItemKind

HELD = 16 * 1024 * 1024
"""Characters of an unfinished message that are kept."""
PICTURE = "Picture"
LONGEST = 500
"""Characters of the name of what is embedded."""
PAUSE = 5_000_000
"""Microseconds of silence that end what is said outside a turn."""


class Open(Struct):
    """A message or thought on its way."""

    item: str
    kind: ItemKind
    message: str | None
    turn: str | None
    parent: str | None
    parts: list[str] = field(default_factory=list)
    size: int = 0
    at: int = 0
    """When the last piece came, microseconds since the epoch."""


class Texts:
    def __init__(self, new_item: Callable[[], str]) -> None:
        self.new_item = new_item
        self.open: Open | None = None

    def add(
        self,
        kind: ItemKind,
        chunk: Chunk,
        turn: str | None,
        parent: str | None,
        out: list[Output],
        at: int = 0,
    ) -> None:
        """A piece. Outside a turn the agent's silence ends it: `due`."""
        if seen := picture(chunk.content):
            self.close(out)
            item = self.new_item()
            out.append(Fact(ToolStarted(item, turn, PICTURE, Body("{}", "application/json"), parent)))
            out.append(
                Fact(ToolFinished(item, Body(msgspec.json.encode([seen]).decode(), "application/json")))
            )
            return
        text = words(chunk.content)
        if not text:
            return
        now = self.open
        same = now is not None and (now.kind, now.parent, now.turn) == (kind, parent, turn)
        if now is None or not same or (chunk.message and now.message and chunk.message != now.message):
            self.close(out)
            now = self.open = Open(self.new_item(), kind, chunk.message, turn, parent)
        now.at = at
        now.size += len(text)
        if now.size <= HELD:
            now.parts.append(text)
        out.append(Live(now.item, kind, text, turn, parent))

    @property
    def due(self) -> int | None:
        """When what was said outside a turn is over, if nothing more comes: nothing else would ever end it."""
        return self.open.at + PAUSE if self.open and self.open.turn is None else None

    def close(self, out: list[Output], *, incomplete: bool = False) -> None:
        now, self.open = self.open, None
        if now is None:
            return
        text = "".join(now.parts)
        if now.size > HELD:
            text += f"… ({now.size - len(text)} characters more are on the tape)"
        body = Body(text, "text/markdown")
        out.append(
            Fact(
                ItemAdded(
                    item=now.item,
                    turn=now.turn,
                    kind=now.kind,
                    body=body,
                    parent=now.parent,
                    incomplete=incomplete,
                )
            )
        )


def picture(content: Content) -> dict[str, str] | None:
    """A picture, as the output of a tool has it."""
    inner = (
        mapping(content.resource)
        if content.type == "resource"
        else {"data": content.data, "mimeType": content.mime}
    )
    data, mime = text_of(inner.get("data") or inner.get("blob")), text_of(inner.get("mimeType"))
    pictured = content.type == "image" or mime.startswith("image/")
    return {"type": "image", "data": data, "mimeType": mime} if pictured and 0 < len(data) <= HELD else None


def words(content: Content) -> str:
    """A content block as text; what is none is named, and lies on the tape."""
    kind, mime = content.type, content.mime
    match kind:
        case "text":
            return content.text
        case "resource_link":
            return f"[{content.name or content.uri}]({content.uri})"
        case "":
            return ""
        case "resource":
            inner = mapping(content.resource)
            if text := text_of(inner.get("text")):
                return _embedded(text_of(inner.get("uri")), text)
            mime = text_of(inner.get("mimeType"))
    return f"*({kind}{', ' + mime if mime else ''}: it is on the tape)*"


def _embedded(uri: str, text: str) -> str:
    """A text in a fence that nothing in it closes, under its name."""
    name = " ".join(uri.replace("`", "'").split())[:LONGEST]
    fence = "`" * max(3, *(len(found) + 1 for found in re.findall("`+", text)), 0)
    return f"\n\n`{name or 'embedded'}`\n\n{fence}\n{text.rstrip()}\n{fence}\n\n"
