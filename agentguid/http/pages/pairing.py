"""The page on which a device that is signed in lets another browser in: who waits with this code, yes or no."""

import ipaddress
from contextlib import suppress

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from agentguid.http.form_answers import fields_of, said
from agentguid.http.pages.common import HtmlRequest, face, frame, page
from agentguid.http.pairing import Pairing, spelt
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.protocol.errors import AgentguidError


@get("/devices/approve", include_in_schema=False)
async def approval(
    parts: NamedDependency[Parts], who: NamedDependency[Who], code: FromQuery[str] = ""
) -> Response[str]:
    """Who waits; the field for a code when none is given. Looking lets nobody in."""
    if not code.strip():
        return _page(parts)
    try:
        return _page(parts, parts.pairings.find(code, who.actor))
    except AgentguidError as error:
        return _trouble(parts, error, code)


@post("/devices/approve", include_in_schema=False)
async def answer(
    request: HtmlRequest, parts: NamedDependency[Parts], who: NamedDependency[Who]
) -> Response[str] | Redirect:
    """Yes or no. The list shows the new device, this page that one was refused."""
    fields = await fields_of(request)
    code = fields.get("code", "")
    try:
        pairing = parts.pairings.find(code, who.actor)
        if fields.get("answer") != "yes":
            parts.pairings.refuse(pairing)
            return _page(parts, pairing)
        await parts.pairings.approve(pairing, parts.dispatch, who.actor)
    except AgentguidError as error:
        return _trouble(parts, error, code)
    return Redirect(face(parts).site.url("/devices") + f"#d-{pairing.device}", status_code=303)


def _trouble(parts: Parts, error: AgentguidError, code: str) -> Response[str]:
    status, sentence = said(error)
    return _page(parts, error=sentence, typed=spelt(code), status=status)


def _page(
    parts: Parts, pairing: Pairing | None = None, *, error: str = "", typed: str = "", status: int = 200
) -> Response[str]:
    with parts.reader as db:
        context = frame(parts, db, "devices")
    whence = _whence(pairing.address) if pairing else ""
    return page(
        parts,
        "devices/approve.html",
        status,
        **context,
        pairing=pairing,
        whence=whence,
        error=error,
        typed=typed,
    )


def _whence(address: str) -> str:
    with suppress(ValueError):
        if ipaddress.ip_address(address).is_loopback:
            return "this machine, or a proxy on it"
    return address or "this machine"
