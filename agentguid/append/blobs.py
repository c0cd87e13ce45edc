"""Big things, beside the log: files named by the SHA-256 of what they hold.

`<root>/ab/abcdef…`; a file under its final name is complete and on the disk. `<root>/tmp/` holds what is being written.
"""

import os
import secrets
import time
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from agentguid.append import files
from agentguid.protocol.errors import LogBroken
from agentguid.protocol.events import Event
from agentguid.protocol.items import Body
from agentguid.protocol.names import BODIES

LIMIT = 32 << 10
"""Bytes of UTF-8 that may lie in an event."""
PREVIEW = 4 << 10
"""Characters that stay in the event."""


class Blobs:
    """The blobs of one data directory. May be used by many threads; every method waits for the disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def root(self) -> Path:
        return self._root

    def put(self, data: bytes) -> str:
        """Stores data and returns its digest; on the disk when it returns. Storing again renews its age."""
        digest = sha256(data).hexdigest()
        path = self.path(digest)
        try:
            os.utime(path)
        except FileNotFoundError:
            self._write(path, data)
        files.sync(path.parent)  # also when it was there: whoever put it may not have come this far
        return digest

    def keep(self, digest: str) -> bool:
        """Renews the age of a blob that is about to be named; False when there is none."""
        try:
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        return True

    def get(self, digest: str) -> bytes:
        """The data; `KeyError` when there is none, `LogBroken` when it is not what it was."""
        with self.open(digest) as file:
            data = file.read()
        if sha256(data).hexdigest() != digest:
            raise LogBroken(f"blob {digest} was changed or cut: restore {self.path(digest)} from a backup")
        return data

    def open(self, digest: str) -> BinaryIO:
        """The data as a file, unchecked; `KeyError` when there is none."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError:
            raise KeyError(digest) from None

    def path(self, digest: str) -> Path:
        """Where a blob lies, or would; `KeyError` for what is no digest (it may come from a URL)."""
        if not _is_digest(digest):
            raise KeyError(digest)
        return self._root / digest[:2] / digest

    def sweep(self) -> int:
        """Removes what an interrupted `put` left; returns how many. Only while nobody else puts: at start."""
        left = list((self._root / "tmp").glob("*"))
        for file in left:
            file.unlink(missing_ok=True)
        return len(left)

    def shelves(self) -> list[Path]:
        """The directories that blobs lie in, at most 256."""
        return [one for one in self._root.glob("[0-9a-f][0-9a-f]") if one.is_dir()]

    def resting(self, shelf: Path, seconds: float) -> list[str]:
        """Digests in one of the `shelves` that have not been put for so long. What else lies there is not ours."""
        limit = time.time() - seconds
        with os.scandir(shelf) as entries:
            return [one.name for one in entries if _is_digest(one.name) and one.stat().st_mtime < limit]

    def remove(self, digest: str, seconds: float) -> bool:
        """Removes a blob unless it was put within `seconds`. Only in the log's writer thread: no event can name it meanwhile.

        It is taken out of the way before its age is looked at, so that a `put` either renews what is looked at or
        finds nothing and writes it anew.
        """
        path = self.path(digest)
        aside = self._root / "tmp" / f"removed-{digest}"
        aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            path.rename(aside)
        except FileNotFoundError:
            return False
        if aside.stat().st_mtime >= time.time() - seconds:
            aside.rename(path)
            return False
        aside.unlink()
        return True

    def shrink(self, event: Event) -> Event:
        """The event, with the text of each `Body` above 32 KiB stored as a blob and a preview in its place."""
        changed = {}
        for name in BODIES.get(type(event), ()):
            body = getattr(event, name)
            if isinstance(body, Body) and body.blob is None and len(body.text) > LIMIT // 4:
                data = body.text.encode()
                if len(data) > LIMIT:
                    changed[name] = replace(
                        body, text=body.text[:PREVIEW], blob=self.put(data), size=len(data)
                    )
        return replace(event, **changed) if changed else event

    def whole(self, body: Body) -> bytes:
        """All of a body, wherever it lies."""
        return body.text.encode() if body.blob is None else self.get(body.blob)

    def _write(self, path: Path, data: bytes) -> None:
        directory = self._root / "tmp"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True, mode=0o700)
            files.sync(self._root)
        scratch = directory / secrets.token_hex(8)
        try:
            with open(scratch, "xb", opener=files.private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)


def _is_digest(name: str) -> bool:
    return len(name) == 64 and set(name) <= set("0123456789abcdef")
