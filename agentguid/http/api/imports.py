"""`/import`: the histories that agents keep on this machine, taken in here. Nothing of theirs is ever changed."""

from collections.abc import Iterable
from typing import Literal

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from msgspec import field

from agentguid.entropy import new_id
from agentguid.http.api.shapes import Given, Shape
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.project import imports
from agentguid.protocol.commands import ChooseImportWatch, RequestImport
from agentguid.protocol.errors import Invalid
from agentguid.stream import importing
from agentguid.stream.importing import Found

LISTED = 100
"""Sessions in one answer, where nobody says how many."""
MOST = 10_000


class Wanted(Given):
    sources: list[str] = field(default_factory=list)
    """Catalogue ids of agents; none: all."""
    ids: list[str] = field(default_factory=list)
    """`SOURCE:SESSION` or SESSION; none: all of the sources."""


class Session(Shape, frozen=True):
    source: str
    id: str
    path: str
    folder: str
    title: str
    size: int
    created_at: int
    updated_at: int
    state: importing.Standing
    """new, more (something was done since), here, or deleted (here, by the user: it stays away)."""
    conversation_id: str | None


class Folder(Shape, frozen=True):
    folder: str
    sessions: int
    new: int
    """Sessions with something that is not here."""
    bytes: int


class Source(Shape, frozen=True):
    id: str
    name: str
    sessions: int
    new: int
    bytes: int
    folders: list[Folder]


class Progress(Shape, frozen=True):
    running: bool
    request: str
    total: int
    done: int
    taken: int
    """Sessions that had something new."""
    items: int
    failed: int
    waiting: int
    title: str
    problems: list[str]


class Overview(Shape, frozen=True):
    sources: list[Source]
    sessions: list[Session]
    """The newest, as many as `limit`."""
    total: int
    progress: Progress
    watch: str
    """What comes by itself: all, ours (what was done elsewhere in sessions that have been run here), or off."""


class Watch(Given):
    watch: Literal["all", "ours", "off"]


class Watched(Shape, frozen=True):
    watch: str


class Asked(Shape, frozen=True):
    request: str
    progress: Progress


@get("/import")
async def overview(parts: NamedDependency[Parts], limit: FromQuery[int] = LISTED) -> Overview:
    """What could be imported, by agent and folder, and how far a running import is."""
    found = await parts.importing.look()
    sessions = [session(one) for one in found[: max(0, min(limit, MOST))]]
    return Overview(sources(parts, found), sessions, len(found), progress(parts), watched(parts))


@get("/import/progress", sync_to_thread=False)
def import_progress(parts: NamedDependency[Parts]) -> Progress:
    """How far the running import is, or how far the last one came."""
    return progress(parts)


@post("/import", status_code=202)
async def begin(parts: NamedDependency[Parts], who: NamedDependency[Who], data: JSONBody[Wanted]) -> Asked:
    """Takes in what is not here yet, in the background; also after a restart of the daemon."""
    return Asked(await ask(parts, who.actor, data.sources, data.ids), progress(parts))


async def ask(parts: Parts, actor: str, names: list[str], ids: list[str]) -> str:
    """Asks for an import; its id."""
    known = {one.id for one in parts.agents.all()}
    if strange := [name for name in names if name not in known]:
        raise Invalid("sources", f"must be ids of agents, not {strange[0][:100]!r}")
    request = new_id()
    await parts.dispatch(RequestImport(request=request, sources=names, sessions=ids), actor=actor)
    # Until the importer has come to it, so that nobody takes the last one's figures for this one's.
    parts.importing.begin(request)
    parts.importing.wake()
    return request


@put("/import/watch")
async def watch(parts: NamedDependency[Parts], who: NamedDependency[Who], data: JSONBody[Watch]) -> Watched:
    """Chooses what comes by itself, at once and until it is chosen anew; the setting `import_watch` counts no more."""
    await choose(parts, who.actor, data.watch)
    return Watched(watched(parts))


async def choose(parts: Parts, actor: str, which: str) -> None:
    await parts.dispatch(ChooseImportWatch(watch=which), actor=actor)
    parts.importing.wake()


def watched(parts: Parts) -> str:
    """What comes by itself: `all`, `ours` or `off`."""
    return imports.watch(parts.reader) or parts.settings.import_watch


class Discovered(Shape, frozen=True):
    id: str
    jsonl_path: str
    title: str
    project_path: str
    created: int
    modified: int
    source: str


class Discovery(Shape, frozen=True):
    discovered: list[Discovered]


class Imported(Shape, frozen=True):
    id: str
    status: str
    title: str
    conversation_id: str | None


class ImportList(Shape, frozen=True):
    imported: list[Imported]


@get("/discover/claude-code")
async def discover_claude(parts: NamedDependency[Parts]) -> Discovery:
    """Claude Code's sessions, in the reference's shape."""
    found = _of("claude-code", await parts.importing.look())
    return Discovery(
        [
            Discovered(
                one.id, one.path, one.title, one.folder, one.began // 1000, one.changed // 1000, one.source
            )
            for one in found
        ]
    )


@get("/import/claude-code")
async def imported_claude(parts: NamedDependency[Parts]) -> ImportList:
    """How each of Claude Code's sessions stands. The reference imported them at this GET; here POST does."""
    found = _of("claude-code", await parts.importing.look())
    return ImportList([Imported(one.id, one.standing, one.title, one.conversation) for one in found])


@post("/import/claude-code", status_code=202)
async def import_claude(parts: NamedDependency[Parts], who: NamedDependency[Who]) -> Asked:
    """Takes in all of Claude Code's sessions."""
    return Asked(await ask(parts, who.actor, ["claude-code"], []), progress(parts))


ROUTES = (overview, import_progress, begin, watch, discover_claude, imported_claude, import_claude)


def session(one: Found) -> Session:
    return Session(
        *(one.source, one.id, one.path, one.folder, one.title, one.size),
        *(one.began // 1000, one.changed // 1000, one.standing, one.conversation),
    )


def progress(parts: Parts) -> Progress:
    now = parts.importing.progress
    return Progress(
        *(now.running, now.request, now.total, now.done, now.taken, now.items),
        *(now.failed, now.waiting, now.title, now.problems),
    )


def sources(parts: Parts, found: Iterable[Found]) -> list[Source]:
    """By agent and folder; the folder that was worked in last comes first, as the sessions do."""
    grouped: dict[str, dict[str, list[Found]]] = {}
    for one in found:
        grouped.setdefault(one.source, {}).setdefault(one.folder, []).append(one)
    return [_source(parts, name, folders) for name, folders in sorted(grouped.items())]


def _source(parts: Parts, name: str, folders: dict[str, list[Found]]) -> Source:
    agent = parts.agents.get(name)
    rows = [
        Folder(folder, len(ones), sum(one.wanted for one in ones), sum(one.size for one in ones))
        for folder, ones in folders.items()
    ]
    return Source(
        name,
        agent.name if agent else name,
        sum(row.sessions for row in rows),
        sum(row.new for row in rows),
        sum(row.bytes for row in rows),
        rows,
    )


def _of(source: str, found: Iterable[Found]) -> list[Found]:
    return [one for one in found if one.source == source]
