"""`/terminals`: the terminals that are open, and those that ended a short while ago."""

from litestar import delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentguid.hosts.opened import Terminal
from agentguid.http.api.shapes import Shape, millis
from agentguid.http.parts import Parts
from agentguid.http.problems import ProblemError
from agentguid.http.terminal import may
from agentguid.http.who import Who


class OneTerminal(Shape, frozen=True):
    id: str
    kind: str
    """shell, login or update."""
    about: str
    """The agent that it signs in or updates."""
    argv: list[str]
    working_directory: str
    pid: int | None
    created_at: int
    ended: bool
    code: int | None
    """Its exit code, or minus the signal."""
    note: str
    """Why it could not be started."""


class TerminalList(Shape, frozen=True):
    terminals: list[OneTerminal]


class Ended(Shape, frozen=True):
    ended: bool
    """False: it had ended already."""


def shown(terminal: Terminal) -> OneTerminal:
    opened, exit_ = terminal.opened, terminal.exit
    return OneTerminal(
        id=opened.id,
        kind=opened.kind,
        about=opened.about,
        argv=opened.argv,
        working_directory=opened.cwd,
        pid=terminal.pid,
        created_at=millis(opened.at),
        ended=exit_ is not None,
        code=exit_.code if exit_ else None,
        note=exit_.note if exit_ else "",
    )


def admin(who: Who) -> None:
    """For what signs agents in or changes programs."""
    if not who.may("admin"):
        raise ProblemError(403, f"this token may {who.scope}; this needs one that may admin")


@get("/terminals")
async def list_terminals(parts: NamedDependency[Parts]) -> TerminalList:
    """Newest first. `BASE/terminal/ID` is the WebSocket of one."""
    return TerminalList([shown(one) for one in await parts.terminals.all()])


@get("/terminals/{terminal_id:str}")
async def get_terminal(parts: NamedDependency[Parts], terminal_id: FromPath[str]) -> OneTerminal:
    """One of them."""
    return shown(await parts.terminals.get(terminal_id))


@delete("/terminals/{terminal_id:str}", status_code=200)
async def end_terminal(
    parts: NamedDependency[Parts], who: NamedDependency[Who], terminal_id: FromPath[str]
) -> Ended:
    """Ends its program and all that it started."""
    terminal = await parts.terminals.get(terminal_id)
    if not may(who, terminal):
        admin(who)
    alive = terminal.exit is None
    await terminal.close()
    return Ended(alive)
