"""`/devices/requests`: browsers that show a code and wait to be let in. Only for the user: admin (guards.ADMIN)."""

from typing import Literal

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentguid.http.api.shapes import Given, Shape, millis
from agentguid.http.pairing import Pairing
from agentguid.http.parts import Parts
from agentguid.http.who import Who


class SignInRequest(Shape, frozen=True):
    code: str
    name: str
    """What the browser says of itself."""
    address: str
    requested_at: int
    expires_at: int
    state: Literal["waiting", "approved", "refused"]


class Verdict(Given):
    decision: Literal["approve", "refuse"]


@get("/devices/requests/{code:str}", sync_to_thread=False)
def sign_in_request(
    parts: NamedDependency[Parts], who: NamedDependency[Who], code: FromPath[str]
) -> SignInRequest:
    """Who waits with this code."""
    return _shape(parts.pairings.find(code, who.actor))


@post("/devices/requests/{code:str}", status_code=200)
async def answer_sign_in(
    parts: NamedDependency[Parts], who: NamedDependency[Who], code: FromPath[str], data: JSONBody[Verdict]
) -> SignInRequest:
    """Signs the browser in that shows this code, or refuses it."""
    pairing = parts.pairings.find(code, who.actor)
    if data.decision == "approve":
        await parts.pairings.approve(pairing, parts.dispatch, who.actor)
    else:
        parts.pairings.refuse(pairing)
    return _shape(pairing)


def _shape(one: Pairing) -> SignInRequest:
    return SignInRequest(one.code, one.name, one.address, millis(one.since), millis(one.until), one.state)
