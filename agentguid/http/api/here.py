"""`/home`, `/folders`, `/status`, `/version`: the machine and the daemon."""

import os
import sys
import time

import apsw
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agentguid import __version__
from agentguid.http.api.shapes import Given, Shape
from agentguid.http.parts import Parts
from agentguid.project import conversations
from agentguid.workspace import folders
from agentguid.workspace.aside import aside

STARTED = time.time()
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


class Version(Shape, frozen=True):
    version: str
    python: str
    sqlite: str


class Status(Shape, frozen=True):
    version: str
    log_id: str
    position: int
    started_at: int
    uptime: int
    """Seconds."""
    live_agents: int
    waiting_approvals: int
    catching_up: bool
    data: str
    url: str
    pid: int


@get("/home", sync_to_thread=False)
def home(parts: NamedDependency[Parts]) -> Home:
    """Where the user is at home, and where conversations work by default."""
    return Home(folders.home(), str(parts.settings.startup_cwd))


@post("/folders", status_code=200)
async def list_folders(data: JSONBody[Where]) -> Folders:
    """The folders in one, without hidden ones."""
    path, found = await aside(lambda: folders.names(data.path, FOLDERS))
    return Folders(path, [Folder(name) for name in found])


@post("/folders/create")
async def create_folder(data: JSONBody[Where]) -> Created:
    """Makes a folder, and those above it."""
    return Created(await aside(lambda: folders.create(data.path, "path")))


@get("/version", sync_to_thread=False)
def version() -> Version:
    """Versions of the daemon and what it runs on."""
    return Version(__version__, sys.version.split()[0], apsw.sqlite_lib_version())


@get("/status", sync_to_thread=False)
def status(parts: NamedDependency[Parts]) -> Status:
    """How the daemon is."""
    return Status(
        version=__version__,
        log_id=parts.log.id,
        position=parts.feed.position,
        started_at=int(STARTED * 1000),
        uptime=int(time.time() - STARTED),
        live_agents=len(parts.presence),
        waiting_approvals=conversations.waiting_total(parts.reader),
        catching_up=parts.presence.recovering,
        data=str(parts.settings.data_dir),
        url=parts.settings.url,
        pid=os.getpid(),
    )
