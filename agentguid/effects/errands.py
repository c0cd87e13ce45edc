"""Files read and written for agents that ask us to: within the working directory, by real path, and nowhere else.

Writing the same again changes nothing, so that an errand may be run twice when a daemon died before its answer.
"""

import os
import stat
from pathlib import Path

from agentguid.agents.base import FileErrand, InsideErrand, Served
from agentguid.entropy import new_id

LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is read for an agent."""


class RefusedError(Exception):
    """Why not: a sentence for the agent."""


def run(errand: FileErrand | InsideErrand, cwd: str) -> Served:
    """Does it, or says why not. Touches the disk: not for the event loop."""
    if isinstance(errand, InsideErrand):
        return _look(errand, cwd)
    try:
        path = _inside(errand.path, cwd)
        if errand.text is None:
            return Served(text=_read(path, errand.line, errand.limit))
        _write(path, errand.text)
        return Served()
    except RefusedError as refused:
        return Served(error=str(refused))
    except UnicodeError:
        return Served(error=f"{errand.path} is not UTF-8 text.")
    except (OSError, ValueError) as error:
        return Served(error=f"{errand.path}: {getattr(error, 'strerror', None) or error}.")


def _look(errand: InsideErrand, cwd: str) -> Served:
    try:
        for path in errand.paths:
            _inside(path, cwd)
    except RefusedError as refused:
        return Served(error=str(refused))
    except (OSError, ValueError) as error:
        return Served(error=str(error))
    return Served()


def _inside(path: str, cwd: str) -> Path:
    """The real path, all links followed."""
    root = Path(os.path.realpath(cwd))
    real = Path(os.path.realpath(root / path))
    if root not in real.parents:
        raise RefusedError(f"{path} lies outside the working directory; agentguid touches nothing there.")
    return real


def _read(path: Path, line: int | None, limit: int | None) -> str:
    with open(path, "rb", opener=_plainly) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise RefusedError(f"{path} is no file.")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise RefusedError(f"{path} is larger than {LARGEST // 1024 // 1024} MiB.")
    text = data.decode()
    if line is None and limit is None:
        return text
    start = (line or 1) - 1
    end = None if limit is None else start + limit
    return "".join(text.splitlines(keepends=True)[start:end])


def _plainly(path: str, flags: int) -> int:
    """Follows no link that has come since, and does not wait for who might write to a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)


def _write(path: Path, text: str) -> None:
    """Whole or not at all; the file keeps its permissions."""
    data = text.encode()
    mode = None
    if path.exists():
        if not path.is_file():
            raise RefusedError(f"{path} is no file.")
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return
        mode = stat.S_IMODE(path.stat().st_mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name[:100]}.{new_id()}")
    with open(new, "xb", opener=_plainly) as file:
        try:
            file.write(data)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.replace(new, path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
