"""Pictures within a tool's output, which is JSON: what kind, how large, and their bytes.

The kind comes from the bytes, never from what the agent says it is.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from msgspec import Struct

HEAD = 4096
"""Characters of base64 that are looked at for the size of a picture; a multiple of four."""
MOST = 20
"""Pictures of one output."""
# The shapes in use: Claude {"type":"base64","media_type":…,"data":…}, MCP and ACP {"type":"image","mimeType":…,"data":…}.
_DATA = re.compile(r'"data"\s*:\s*"((?:[A-Za-z0-9+/]|\\/)[A-Za-z0-9+/=\\]*)')
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class Found(Struct, frozen=True):
    """One picture of a text."""

    type: str
    begin: int
    end: int
    """Where its base64 stands."""
    width: int | None = None
    height: int | None = None


def pictures(text: str) -> list[Found]:
    """The pictures in a text that is JSON or its beginning, in order."""
    if '"data"' not in text or "image" not in text:
        return []
    return [found for found, _ in zip(_pictures(text), range(MOST), strict=False)]


def _pictures(text: str) -> Iterator[Found]:
    for match in _DATA.finditer(text):
        head = _decode(match.group(1)[:HEAD])
        kind = kind_of(head)
        if kind:
            yield Found(kind, match.start(1), match.end(1), *(size_of(head, kind) or (None, None)))


def content(text: str, number: int) -> tuple[str, bytes] | None:
    """Media type and bytes of one of the pictures; None when there is none with this number."""
    found = pictures(text)
    if not 0 <= number < len(found):
        return None
    one = found[number]
    data = _decode(text[one.begin : one.end])
    return (one.type, data) if data else None


def _decode(encoded: str) -> bytes:
    whole = encoded.replace("\\/", "/").replace("\\", "").rstrip("=")
    try:
        return base64.b64decode(whole[: len(whole) // 4 * 4] + _rest(whole))
    except (binascii.Error, ValueError):
        return b""


def _rest(whole: str) -> str:
    rest = whole[len(whole) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""


def kind_of(head: bytes) -> str:
    """The media type of a picture that a browser may show; nothing for anything else (SVG acts, so it is none)."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")


def size_of(head: bytes, kind: str) -> tuple[int, int] | None:
    """Width and height in pixels, when they stand in the beginning."""
    number = int.from_bytes
    match kind:
        case "image/png" if len(head) >= 24:
            return number(head[16:20], "big"), number(head[20:24], "big")
        case "image/gif" if len(head) >= 10:
            return number(head[6:8], "little"), number(head[8:10], "little")
        case "image/webp" if len(head) >= 30:
            return _webp(head)
        case "image/jpeg":
            return _jpeg(head)
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    number = int.from_bytes
    match head[12:16]:
        case b"VP8X":
            return number(head[24:27], "little") + 1, number(head[27:30], "little") + 1
        case b"VP8 ":
            return number(head[26:28], "little") & 0x3FFF, number(head[28:30], "little") & 0x3FFF
        case b"VP8L":
            bits = number(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 < len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = (int.from_bytes(head[place + at : place + at + 2], "big") for at in (5, 7))
            return width, height
        place += 2 + int.from_bytes(head[place + 2 : place + 4], "big")
    return None
