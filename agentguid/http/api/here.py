"""`/home`, `/folders`: the machine."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agentguid.http.api.shapes import Given, Shape
from agentguid.http.parts import Parts
from agentguid.workspace import folders
from agentguid.workspace.aside import aside

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
