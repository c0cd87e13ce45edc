"""What the installed Gemini CLI signs in as: an "installed app", whose id and secret stand readable in its program.

They are Google's and the package's, so that they are read where it lies and kept in no file of this project.
"""

import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("@google/gemini-cli", "@google/gemini-cli-core")
LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is looked into."""
ALL = 256 * 1024 * 1024
"""Bytes of all of them together."""
FILES = 4000
"""Files that are looked at, most of which are no programs."""
APART = 1500
"""Bytes between the id and the secret: an older version has a comment between them."""
MARK = b".apps.googleusercontent.com"
ID = re.compile(rb"[\"']([0-9]{6,20}-[a-z0-9]{10,60}\.apps\.googleusercontent\.com)[\"']\Z")
SECRET = re.compile(rb"[\"'](GOCSPX-[A-Za-z0-9_-]{10,64})[\"']")


def client(program: str) -> tuple[str, str] | None:
    """Id and secret, or None: they are not where they are looked for. Reads files: not for the event loop."""
    left = ALL
    for file in _files(Path(os.path.realpath(program))):
        try:
            size = file.stat().st_size
            if not 0 < size <= min(LARGEST, left):
                continue
            left -= size
            with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
                if found := _pair(data):
                    return found
        except (OSError, ValueError):
            continue
    return None


def _pair(data: mmap.mmap) -> tuple[str, str] | None:
    """An id with a secret soon after it. A plain search finds the place: a pattern over megabytes would hold up others."""
    at = data.find(MARK)
    while at >= 0:
        after = at + len(MARK)
        following = data.find(MARK, after)
        end = min(after + APART, following if following >= 0 else len(data))
        id_, secret = ID.search(data[max(0, at - 100) : after + 1]), SECRET.search(data[after:end])
        if id_ and secret:
            return id_[1].decode(), secret[1].decode()
        at = following
    return None


def _files(program: Path) -> Iterator[Path]:
    """The program, then the rest of its package, and of the packages that come with it."""
    yield program
    seen = 0
    for folder in _folders(program):
        for at, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if name != "node_modules"]
            for name in sorted(names):
                seen += 1
                if seen > FILES:
                    return
                if name.endswith((".js", ".mjs", ".cjs")):
                    yield Path(at, name)


def _folders(program: Path) -> Iterator[Path]:
    """Those of the packages that the program is of, and those beside it."""
    found: dict[Path, None] = {}
    for parent in program.parents:
        for name in PACKAGES:
            if parent.match(f"node_modules/{name}"):
                found[parent] = None
            for modules in (parent / "node_modules", parent / "lib" / "node_modules"):
                if (modules / name).is_dir():
                    found[modules / name] = None
        if len(found) >= len(PACKAGES):
            break
    yield from found
