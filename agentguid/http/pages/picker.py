"""The folder picker: what stands under the folder's field, for the page and for each key that is typed."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromQuery
from litestar.response import Redirect
from msgspec import Struct

from agentguid.http.pages.common import HtmlRequest, by_htmx, face
from agentguid.http.parts import Parts
from agentguid.http.problems import describe
from agentguid.protocol.errors import AgentguidError, Invalid
from agentguid.workspace import folders
from agentguid.workspace.aside import PATIENCE, aside
from agentguid.workspace.branch import branch
from agentguid.workspace.folders import Listing, Place

TEMPLATE = "home/_folders.html"
RECENT = 6
"""Folders that are offered without a search."""


class Seen(Struct):
    """A path as it was typed, and what is there."""

    given: str
    hidden: bool = False
    place: Place | None = None
    """It is a folder that can be worked in."""
    listing: Listing | None = None
    crumbs: list[tuple[str, str]] = []
    """The way to the folder that is listed."""
    use: str = ""
    """The folder that is listed, as the field has it when it is taken."""
    create: str | None = None
    """It can be made."""
    trouble: str = ""
    """Why there is no list."""
    made: bool = False
    """It was made just now."""


class Recent(Struct, frozen=True):
    path: str
    branch: str | None
    words: str
    """Why it is offered, when it is not because it was worked in."""


@get("/folders", include_in_schema=False)
async def look(
    request: HtmlRequest,
    parts: NamedDependency[Parts],
    folder: FromQuery[str] = "",
    hidden: FromQuery[bool] = False,
) -> Response[str] | Redirect:
    """What fits the path that is being typed."""
    if not by_htmx(request):
        return Redirect(face(parts).site.url("/new", folder=folder), status_code=303)
    return _answer(parts, await seen(folder, hidden=hidden))


@post("/folders", include_in_schema=False)
async def create(request: HtmlRequest, parts: NamedDependency[Parts]) -> Response[str] | Redirect:
    """Makes the folder that was typed; the page's field then has its path."""
    wanted = str((await request.form()).get("create", ""))
    found, status = await made(wanted)
    if not by_htmx(request):
        return Redirect(face(parts).site.url("/new", folder=wanted), status_code=303)
    return _answer(parts, found, status)


async def made(wanted: str) -> tuple[Seen, int]:
    """Makes a folder and looks at it; or says why not, with the status of that."""
    try:
        path = await aside(lambda: folders.create(wanted))
    except AgentguidError as error:
        found = await seen(wanted)
        found.trouble = sentence(error)
        return found, describe(error)[0]
    found = await seen(path)
    found.made = True
    return found, 200


async def seen(given: str, *, hidden: bool = False, patience: float = PATIENCE) -> Seen:
    """What is at a path, or why that cannot be said."""
    try:
        return await aside(lambda: _see(given, hidden), patience)
    except AgentguidError as error:  # it does not answer
        return Seen(given, hidden, trouble=sentence(error))


async def recent(paths: list[str], start: str) -> list[Recent]:
    """Where work was done lately and where it may begin; those that are still there."""
    try:
        return await aside(lambda: _recent(paths, start), patience=1)
    except AgentguidError:  # the list is a convenience: the page does not wait for it
        return []


def sentence(error: AgentguidError) -> str:
    """What went wrong, without the field's name: it stands at the field."""
    return str(error).removeprefix("folder: ")


def _see(given: str, hidden: bool) -> Seen:
    found = Seen(given, hidden)
    try:
        found.listing = folders.look(given, hidden=hidden)
        found.crumbs = folders.crumbs(found.listing.path)
        found.use = folders.typed(found.listing.path)
        found.place = None if found.listing.typed else folders.chosen(given)
    except Invalid as error:
        found.trouble = sentence(error)
    if found.place is None:
        found.create = folders.may_create(given)
    return found


def _recent(paths: list[str], start: str) -> list[Recent]:
    words = {start: "the default folder", folders.home(): "your home directory"}
    found = []
    for path in dict.fromkeys([*paths[:RECENT], *words]):
        try:
            place = folders.chosen(path)
        except Invalid:
            continue
        found.append(
            Recent(
                folders.typed(place.path), branch(path) or place.branch, "" if path in paths else words[path]
            )
        )
    return found


def _answer(parts: Parts, found: Seen, status: int = 200) -> Response[str]:
    macro = face(parts).site.macro
    listing, facts = (str(macro(TEMPLATE, name)(found)) for name in ("options", "facts"))
    beside = f'<hx-partial hx-target="#folder-facts" hx-swap="innerHTML">{facts}</hx-partial>'
    return Response(listing + beside, status_code=status, media_type=MediaType.HTML)
