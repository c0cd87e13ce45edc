"""Files that are ours alone and on the disk before they are spoken of."""

import os
from contextlib import suppress
from pathlib import Path


def private(path: str, flags: int) -> int:
    """An opener for `open`: a new file is for this user only."""
    return os.open(path, flags, 0o600)


def sync(directory: Path) -> None:
    """Brings the names in a directory to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Makes `data` the content of a file: whole or not at all."""
    beside = path.with_suffix(".new")
    with suppress(FileNotFoundError):
        beside.unlink()
    with open(beside, "xb", opener=private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync(path.parent)
