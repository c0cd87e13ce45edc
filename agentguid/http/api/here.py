"""`/home`, `/folders`: the machine."""

import asyncio
import os
from pathlib import Path

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agentguid.http.api.shapes import Given, Shape
from agentguid.http.parts import Parts
from agentguid.protocol.errors import Invalid, NotFound, Refused

FOLDERS = 2000
"""Folders that are listed of one."""


class Home(Shape, frozen=True):
    home: str
    cwd: str


class Where(Given):
    path: str


class Folder(Shape, frozen=True):
    name: str


class Folders(Shape, frozen=True):
    path: str
    folders: list[Folder]


class Created(Shape, frozen=True):
    path: str


@get("/home", sync_to_thread=False)
def home(parts: NamedDependency[Parts]) -> Home:
    """Where the user is at home, and where conversations work by default."""
    return Home(str(Path.home()), str(parts.settings.startup_cwd))


@post("/folders", status_code=200)
async def list_folders(data: JSONBody[Where]) -> Folders:
    """The folders in a folder, without hidden ones."""
    path = _absolute(data.path)
    try:
        names = await asyncio.to_thread(_folders, path)
    except FileNotFoundError:
        raise NotFound(f"there is no folder {path}") from None
    except OSError as error:
        raise Invalid("path", f"{path} cannot be read: {error.strerror}") from None
    return Folders(str(path), [Folder(name) for name in names])


@post("/folders/create")
async def create_folder(data: JSONBody[Where]) -> Created:
    """Makes a folder, and those above it."""
    path = _absolute(data.path)
    try:
        await asyncio.to_thread(path.mkdir, parents=True)
    except FileExistsError:
        raise Refused(f"{path} is there already") from None
    except OSError as error:
        raise Invalid("path", f"{path} cannot be made: {error.strerror}") from None
    return Created(str(path))


def _absolute(given: str) -> Path:
    path = Path(os.path.expanduser(given or "~")) if "\0" not in given else None
    if path is None or not path.is_absolute():
        raise Invalid("path", f"{given[:200]!r} must be an absolute path")
    return Path(os.path.normpath(path))


def _folders(path: Path) -> list[str]:
    with os.scandir(path) as entries:
        names = [one.name for one in entries if not one.name.startswith(".") and one.is_dir()]
    return sorted(names, key=str.casefold)[:FOLDERS]
