"""`/agents/…`: whether agents are signed in; signing them in and bringing them up to date, on terminals. Only for the user."""

from typing import Any, Literal

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from agentguid.agents.programs import Plan, ways
from agentguid.agents.signin import State
from agentguid.hosts.opened import Terminal
from agentguid.http import programs
from agentguid.http.api.shapes import Given, Shape
from agentguid.http.api.terminals import admin
from agentguid.http.parts import Parts
from agentguid.http.who import Who


class Status(Shape, frozen=True):
    id: str
    name: str
    auth: State
    authenticated: bool | None
    """The same; null: it is not known."""
    detail: str
    """Why."""
    command: str
    """What to run in a shell to sign in."""


class AuthStatus(Shape, frozen=True):
    agents: list[Status]


class Todo(Shape, frozen=True):
    command: str
    """As one would type it; empty when it cannot be done from here."""
    how: str
    problem: str


class Token(Struct, frozen=True):
    name: str
    begins: str


class Programs(Shape, frozen=True):
    login: Todo
    ways: dict[str, Todo]
    """Other ways to sign in."""
    token: Token | None
    """What the way `token` prints, and the variable that the agent takes it from."""
    update: Todo
    install: Todo


class Size(Given):
    rows: int = 24
    columns: int = 80


class Login(Size):
    way: str = ""
    """One of `ways`; empty for the usual one."""


class Update(Size):
    install: bool = False
    """It is not here: install it."""


class Begun(Shape, frozen=True):
    ok: bool
    agent_id: str
    terminal: str
    """`BASE/terminal/ID` is its WebSocket."""
    pid: int | None
    argv: list[str]
    begun: bool
    """False: it was at it already."""


@get("/agents/auth-status")
async def auth_status(parts: NamedDependency[Parts]) -> AuthStatus:
    """Which agents are signed in, looked at anew where that is worth it."""
    offered = [one for one in parts.agents.all() if parts.settings.demo or one.id != "demo"]
    await parts.signins.fresh([one.id for one in offered])
    return AuthStatus([_status(parts, one.id, one.name) for one in offered])


@get("/agents/{agent_id:str}/programs")
async def agent_programs(parts: NamedDependency[Parts], agent_id: FromPath[str]) -> Programs:
    """What would be run to sign it in, to update it, to install it."""
    found = await programs.agent(parts, agent_id)
    own = ways(found)
    return Programs(
        login=_todo(await programs.plan(found, "login")),
        ways={way: _todo(await programs.plan(found, "login", way)) for way in own.others},
        token=Token(own.token.name, own.token.begins) if own.token else None,
        update=_todo(await programs.plan(found, "update")),
        install=_todo(await programs.plan(found, "install")),
    )


@post("/agents/{agent_id:str}/auth")
async def sign_in(
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    agent_id: FromPath[str],
    data: JSONBody[Login],
) -> Response[Begun]:
    """Runs the agent's own sign-in on a terminal, for the user to answer its questions."""
    return await _begin(parts, who, agent_id, "login", data, data.way)


@post("/agents/{agent_id:str}/update")
async def update(
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    agent_id: FromPath[str],
    data: JSONBody[Update],
) -> Response[Begun]:
    """Brings the agent up to date, or installs it, with its output on a terminal."""
    return await _begin(parts, who, agent_id, "install" if data.install else "update", data)


async def _begin(
    parts: Parts,
    who: Who,
    id: str,  # noqa: A002
    deed: Literal["login", "update", "install"],
    size: Size,
    way: str = "",
) -> Response[Any]:
    admin(who)
    found = await programs.agent(parts, id)
    terminal, begun = await programs.begin(parts, found, deed, (size.rows, size.columns), way, who.actor)
    return Response(_begun(terminal, begun), status_code=201 if begun else 200)


def _begun(terminal: Terminal, begun: bool) -> Begun:
    opened = terminal.opened
    return Begun(True, opened.about, opened.id, terminal.pid, opened.argv, begun)


def _todo(plan: Plan) -> Todo:
    return Todo(plan.line, plan.how, plan.problem)


def _status(parts: Parts, id: str, name: str) -> Status:  # noqa: A002
    known = parts.signins.of(id)
    told = {"yes": True, "no": False}.get(known.state)
    return Status(id, name, known.state, told, known.why, f"agentguictl agents login {id}")
