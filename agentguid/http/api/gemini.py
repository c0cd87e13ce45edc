"""`/gemini-oauth`: signing in to Gemini CLI. Only for the user (guards.ADMIN)."""

from typing import Any, Literal

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from msgspec import UNSET, UnsetType

from agentguid.http.api.keys import Removed
from agentguid.http.api.shapes import Given, Shape, millis
from agentguid.http.parts import Parts
from agentguid.http.returning import redirect_for, told
from agentguid.http.who import Who
from agentguid.protocol.errors import Invalid
from agentguid.signin.oauth import SignInFailed


class Begin(Given):
    port: int | None = None
    """Where the caller itself waits for the browser, on 127.0.0.1 of the machine that the browser runs on."""


class Begun(Shape, frozen=True):
    auth_url: str
    mode: str
    """`custom`, `cli-local`, or `cli-remote`: the browser will not find the page that it is sent back to."""
    id: str
    """Names this sign-in in GET /gemini-oauth/status."""
    expires_at: int


class Status(Shape, frozen=True):
    status: Literal["idle", "pending", "success", "error"]
    error: str | None
    email: str | None


class Relay(Given):
    code: str
    state: str


class Address(Given):
    url: str


class Done(Shape, frozen=True):
    success: bool
    email: str | None = None
    error: str | UnsetType = UNSET


@post("/gemini-oauth/start", status_code=200)
async def begin(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    who: NamedDependency[Who],
    data: JSONBody[Begin | None] = None,
) -> Begun:
    """Begins to sign in; `authUrl` is for the user's browser."""
    port = data.port if data else None
    if port is not None and not 1024 <= port <= 65535:
        raise Invalid("port", "must be a number from 1024 to 65535")
    redirect, mode = redirect_for(request, parts, port)
    start = await parts.gemini.begin(redirect, mode, who.actor)
    return Begun(start.url, start.mode, start.id, millis(start.until))


@get("/gemini-oauth/status", sync_to_thread=False)
def status(parts: NamedDependency[Parts], id: FromQuery[str] = "") -> Status:  # noqa: A002
    """Of one sign-in (`id`), or how it stands altogether."""
    found = parts.gemini.status(id)
    return Status(found.status, found.error or None, found.email or None)


@post("/gemini-oauth/relay", status_code=200)
async def relay(parts: NamedDependency[Parts], data: JSONBody[Relay]) -> Done:
    """What came to whoever waited for the browser. The state is used up by it."""
    with told():
        account = await parts.gemini.come_back({"code": data.code, "state": data.state})
    return Done(True, account.email or None)


@post("/gemini-oauth/complete", status_code=200)
async def complete(parts: NamedDependency[Parts], data: JSONBody[Address]) -> Done:
    """The address that the browser was sent to and could not open. An error in it is told as one (200)."""
    with told():
        try:
            account = await parts.gemini.come_back_by(data.url)
        except SignInFailed as failed:
            if failed.why == "refused" and "error=" in data.url:
                return Done(False, error=str(failed))
            raise
    return Done(True, account.email or None)


@delete("/gemini-oauth", status_code=200)
async def forget(parts: NamedDependency[Parts], who: NamedDependency[Who]) -> Removed:
    """Signs out here. Agents that run keep their token until they end."""
    return Removed(await parts.gemini.forget(who.actor))


ROUTES = (begin, status, relay, complete, forget)
