"""`/settings`, `/shutdown`: the daemon itself. Only for the user: admin (guards.ADMIN)."""

import asyncio
import logging
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agentguid.http.api.shapes import Given, Shape
from agentguid.http.parts import Parts
from agentguid.http.who import Who

log = logging.getLogger(__name__)


class Setting(Shape, frozen=True):
    name: str
    value: Any
    origin: str
    """default, file, env or flag."""
    where: str
    """The file, variable or flag; empty for a default."""
    doc: str
    allowed: str
    default: Any
    restart: bool
    """A change takes a restart of the daemon."""


class Settings(Shape, frozen=True):
    settings: list[Setting]


class Shutdown(Given):
    agents: bool = False
    """End the agents as well. Without it they go on, and the next daemon takes them up."""


class Ended(Shape, frozen=True):
    ended: int
    """Agents that were ended."""


@get("/settings", sync_to_thread=False)
def list_settings(parts: NamedDependency[Parts]) -> Settings:
    """Every setting as it is in force, with where its value comes from."""
    return Settings([Setting(*one) for one in parts.settings.shown()])


@post("/shutdown", status_code=202)
async def shutdown(
    parts: NamedDependency[Parts], who: NamedDependency[Who], data: JSONBody[Shutdown]
) -> Ended:
    """Stops the daemon as SIGTERM does, right after this answer; with `agents` it ends those first."""
    log.info("told to stop%s", ", and the agents with it" if data.agents else "", extra={"actor": who.actor})
    ended = await parts.end_agents() if data.agents else 0
    asyncio.get_running_loop().call_later(0.1, parts.feed.close)
    return Ended(ended)
