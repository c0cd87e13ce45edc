"""`BASE/assets/`: the files of web/assets, in memory, compressed once; their URLs change with their content."""

import hashlib
import mimetypes
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from agentguid.http.headers import SMALL, compress
from agentguid.http.site import site_of

TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
FOREVER = "public, max-age=31536000, immutable"
PACKED = ("text/", "image/svg+xml", "application/json", "application/manifest+json")


class Asset(NamedTuple):
    plain: bytes
    packed: bytes | None
    """gzip, where that is smaller."""
    type: str
    tag: str
    """Digest of the content; `?v=` has its beginning."""


_known: dict[Path, tuple[tuple[int, int], Asset]] = {}


def find(root: Path, name: str) -> Asset | None:
    """The asset of this name under a directory; never anything outside it. Read again only when the file changed."""
    if "\0" in name:
        return None
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        return None
    stat = path.stat()
    mark = (stat.st_mtime_ns, stat.st_size)
    found = _known.get(path)
    if found is None or found[0] != mark:
        found = _known[path] = (mark, _read(path))
    return found[1]


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = compress(plain, 9) if len(plain) > SMALL and kind.startswith(PACKED) else None
    return Asset(plain, packed, kind, hashlib.sha256(plain).hexdigest())


@get("/assets/{name:path}", sync_to_thread=False, include_in_schema=False)
def asset(
    request: Request[Any, Any, Any], name: FromPath[str], v: FromQuery[str | None] = None
) -> Response[bytes]:
    """A file; for ever when its version is asked for."""
    found = find(site_of(request).web / "assets", name.lstrip("/"))
    if found is None:
        raise NotFoundException(f"there is no asset {name}")
    tag = f'"{found.tag[:24]}"'
    kept = FOREVER if v and found.tag.startswith(v) else "public, no-cache"
    headers = {"etag": tag, "cache-control": kept, "vary": "accept-encoding"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(found.packed, media_type=found.type, headers=headers)
    return Response(found.plain, media_type=found.type, headers=headers)
