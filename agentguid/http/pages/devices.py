"""The page of devices: who is signed in and since when, signing one out, and signing in another one."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath
from litestar.response import Redirect
from msgspec import Struct

from agentguid.entropy import now
from agentguid.http import login, qr, reach
from agentguid.http.form_answers import fields_of
from agentguid.http.pages.common import HtmlRequest, face, frame, page
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.project import credentials
from agentguid.project.credentials import Credential
from agentguid.protocol import commands


class Row(Struct, frozen=True):
    """A device or a program, as the page shows it."""

    id: str
    name: str
    scope: str
    since: int
    """Microseconds since the epoch, as are the other times."""
    seen: int | None
    here: bool
    current: bool
    expires: int | None


class Invitation(Struct, frozen=True):
    """A one-time link for another device."""

    url: str
    code: str
    others: list[str]
    """Further addresses that it could have."""
    plain: bool
    """The way to it is not encrypted."""


@get("/devices", include_in_schema=False)
async def devices(
    request: HtmlRequest, parts: NamedDependency[Parts], who: NamedDependency[Who]
) -> Response[str]:
    """The list, and the way to sign in another device."""
    return _page(request, parts, who, None)


@post("/devices/invitation", include_in_schema=False, status_code=200, media_type=MediaType.HTML)
async def invite(
    request: HtmlRequest, parts: NamedDependency[Parts], who: NamedDependency[Who]
) -> Response[str]:
    """A new one-time link, as a QR code. The page is the answer, so that the link stands in no URL of this browser."""
    wanted = (await fields_of(request)).get("address", "")
    addresses = reach.urls(parts.settings, request.headers.get("origin", ""))
    if not addresses:
        return _page(request, parts, who, None)
    address = wanted if wanted in addresses else addresses[0]
    url = login.link_at(address, parts.tickets.issue())
    others = [one for one in addresses if one != address]
    return _page(request, parts, who, Invitation(url, qr.svg(url), others, url.startswith("http:")))


@post("/devices/{device_id:str}/revocation", include_in_schema=False)
async def revoke(
    parts: NamedDependency[Parts], who: NamedDependency[Who], device_id: FromPath[str]
) -> Redirect:
    """Signs a browser out; its open pages end."""
    await parts.dispatch(commands.RevokeDevice(device=device_id), actor=who.actor)
    return Redirect(face(parts).site.url("/login" if device_id == who.id else "/devices"), status_code=303)


@post("/devices/programs/{token_id:str}/revocation", include_in_schema=False)
async def revoke_program(
    parts: NamedDependency[Parts], who: NamedDependency[Who], token_id: FromPath[str]
) -> Redirect:
    """Ends a program's token."""
    await parts.dispatch(commands.RevokeToken(token=token_id), actor=who.actor)
    return Redirect(face(parts).site.url("/devices"), status_code=303)


def _page(request: HtmlRequest, parts: Parts, who: Who, invitation: Invitation | None) -> Response[str]:
    with parts.reader as db:
        context: dict[str, Any] = frame(parts, db, "devices")
        rows = [_row(parts, who, one) for one in credentials.list(db, "device") if one.valid(context["now"])]
        tokens = [_row(parts, who, one) for one in credentials.list(db, "token") if one.valid(context["now"])]
    rows.sort(key=lambda row: (not row.current, -(row.seen or 0)))
    host = request.headers.get("host", "")
    known = invitation is not None or bool(reach.urls(parts.settings, f"http://{host}"))
    return page(
        parts,
        "devices/page.html",
        **context,
        devices=rows,
        programs=tokens,
        invitation=invitation,
        why_not=None if known else reach.why_not(parts.settings),
    )


def _row(parts: Parts, who: Who, one: Credential) -> Row:
    seen = now() if one.id == who.id else parts.seen.at(one.id)
    here = one.id == who.id or parts.seen.here(one.id)
    return Row(one.id, one.name, one.scope, one.created_at, seen, here, one.id == who.id, one.expires)
