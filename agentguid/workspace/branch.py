"""Which branch is checked out in a folder, read from git's own files: for a glance, many times, without running git."""

import os
import stat

HEAD = 4096
"""Bytes of a file that are read; git's own are shorter."""
REF = "ref: refs/heads/"


def branch(folder: str) -> str | None:
    """Its name, or the first digits of the commit when none is checked out; None when no repository begins here."""
    marker = os.path.join(folder, ".git")
    head = _read(os.path.join(marker, "HEAD"))
    if head is None:
        pointer = _read(marker)  # of a worktree or a submodule: it says where the rest is
        if pointer is None or not pointer.startswith("gitdir: "):
            return None
        head = _read(os.path.join(folder, pointer.removeprefix("gitdir: "), "HEAD"))
    if head is None:
        return None
    return head.removeprefix(REF)[:200] if head.startswith(REF) else head.removeprefix("ref: ")[:8]


def _read(path: str) -> str | None:
    """A small regular file's first line. A pipe or a device of this name is not waited for."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return None
        return os.read(file, HEAD).decode("utf-8", "replace").split("\n", 1)[0].strip() or None
    except OSError:
        return None
    finally:
        os.close(file)
