"""`/tokens`, `/devices`, `/tickets`: who may. Only for the user: admin (guards.ADMIN)."""

import secrets

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentguid.entropy import new_id, now
from agentguid.http import login, reach
from agentguid.http.api.conversations import Deleted
from agentguid.http.api.shapes import Given, Shape, millis
from agentguid.http.parts import Parts
from agentguid.http.tickets import LIFETIME
from agentguid.http.who import Who, digest
from agentguid.project import credentials
from agentguid.protocol import commands
from agentguid.protocol.errors import Invalid, NotFound
from agentguid.protocol.items import Scope

MOST_SECONDS = 10 * 366 * 24 * 3600


class NewToken(Given):
    name: str
    scope: Scope = "write"
    expires_in: int | None = None
    """Seconds from now; null: it does not expire."""


class Token(Shape, frozen=True):
    id: str
    name: str
    scope: Scope
    created_at: int
    expires_at: int | None
    last_used_at: int | None


class FreshToken(Shape, frozen=True):
    id: str
    name: str
    scope: Scope
    expires_at: int | None
    token: str
    """Shown this once."""


class Tokens(Shape, frozen=True):
    tokens: list[Token]


class Device(Shape, frozen=True):
    id: str
    name: str
    created_at: int
    last_used_at: int | None
    here: bool
    """It has a page open."""
    current: bool
    """The one that asks."""


class Devices(Shape, frozen=True):
    devices: list[Device]


class Ticket(Shape, frozen=True):
    url: str
    """To be opened in a browser of this machine; works once."""
    urls: list[str]
    """The same for other devices, the likeliest first; empty: none can reach the daemon."""
    hint: str
    """What to do about that."""
    ticket: str
    expires_in: int
    """Seconds."""


@post("/tickets", sync_to_thread=False)
def issue_ticket(parts: NamedDependency[Parts]) -> Ticket:
    """A one-time link that signs a browser in."""
    ticket, settings = parts.tickets.issue(), parts.settings
    urls = [login.link_at(url, ticket) for url in reach.urls(settings)]
    hint = "" if urls else str(reach.why_not(settings))
    return Ticket(login.link(settings, ticket), urls, hint, ticket, int(LIFETIME))


@get("/tokens", sync_to_thread=False)
def list_tokens(parts: NamedDependency[Parts]) -> Tokens:
    """The tokens that hold, newest first."""
    seen, at = parts.seen, now()
    rows = [row for row in credentials.list(parts.reader, "token") if row.valid(at)]
    return Tokens(
        [
            Token(
                row.id,
                row.name,
                row.scope,
                millis(row.created_at),
                _millis(row.expires),
                _millis(seen.at(row.id)),
            )
            for row in rows
        ]
    )


@post("/tokens")
async def create_token(
    parts: NamedDependency[Parts], who: NamedDependency[Who], data: JSONBody[NewToken]
) -> FreshToken:
    """Makes a token for a program."""
    if data.expires_in is not None and not 0 < data.expires_in <= MOST_SECONDS:
        raise Invalid("expiresIn", f"must be a number of seconds from 1 to {MOST_SECONDS}")
    token, secret = new_id(), "agd_" + secrets.token_urlsafe(32)
    expires = None if data.expires_in is None else now() + data.expires_in * 1_000_000
    command = commands.CreateToken(
        token=token, name=data.name, hash=digest(secret), scope=data.scope, expires=expires
    )
    await parts.dispatch(command, actor=who.actor)
    return FreshToken(token, data.name, data.scope, _millis(expires), secret)


@delete("/tokens/{token_id:str}", status_code=200)
async def revoke_token(
    parts: NamedDependency[Parts], who: NamedDependency[Who], token_id: FromPath[str]
) -> Deleted:
    """Ends a token, and what it has open. It may be named by its name, if only one token has it."""
    token = _named(parts, "token", token_id)
    await parts.dispatch(commands.RevokeToken(token=token), actor=who.actor)
    return Deleted(True)


@get("/devices", sync_to_thread=False)
def list_devices(parts: NamedDependency[Parts], who: NamedDependency[Who]) -> Devices:
    """The browsers that are signed in, newest first."""
    seen, at = parts.seen, now()
    rows = [row for row in credentials.list(parts.reader, "device") if row.valid(at)]
    return Devices(
        [
            Device(
                *(row.id, row.name, millis(row.created_at), _millis(seen.at(row.id))),
                *(seen.here(row.id), row.id == who.id),
            )
            for row in rows
        ]
    )


@delete("/devices/{device_id:str}", status_code=200)
async def revoke_device(
    parts: NamedDependency[Parts], who: NamedDependency[Who], device_id: FromPath[str]
) -> Deleted:
    """Signs a browser out; its open streams end."""
    device = _named(parts, "device", device_id)
    await parts.dispatch(commands.RevokeDevice(device=device), actor=who.actor)
    return Deleted(True)


def _named(parts: Parts, kind: credentials.Kind, wanted: str) -> str:
    """The credential with this id, or this beginning or name if only one has it."""
    if credentials.get(parts.reader, kind, wanted):
        return wanted
    rows = [row for row in credentials.list(parts.reader, kind) if not row.revoked]
    found = [row.id for row in rows if row.name == wanted or (len(wanted) >= 4 and row.id.startswith(wanted))]
    if len(found) != 1:
        raise NotFound(
            f"there is no {kind} {wanted}"
            if not found
            else f"several are called {wanted}; name one by its id"
        )
    return found[0]


def _millis(micros: int | None) -> int | None:
    return None if micros is None else millis(micros)
