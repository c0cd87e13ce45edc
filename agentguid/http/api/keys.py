"""`/keys`: keys of model providers. They are given to agents, and never told again. Only for the user (guards.ADMIN)."""

import logging

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import field

from agentguid.agents import keys
from agentguid.append.keyring import Key
from agentguid.entropy import now
from agentguid.http.api.shapes import Given, Shape, millis
from agentguid.http.parts import Parts
from agentguid.http.who import Who
from agentguid.protocol.errors import Invalid

log = logging.getLogger(__name__)


class OneKey(Shape, frozen=True):
    name: str
    masked: str
    """Its last four characters at most."""
    agents: list[str]
    """Who gets it, from the next start on."""
    updated_at: int


class Keys(Shape, frozen=True):
    keys: list[OneKey]
    known: list[str]
    """Variables that agents of the catalogue read."""


class Value(Given):
    value: str
    agents: list[str] = field(default_factory=list)
    """Who gets it; none: every agent that reads this variable by itself."""


class Removed(Shape, frozen=True):
    removed: bool


@get("/keys", sync_to_thread=False)
def list_keys(parts: NamedDependency[Parts]) -> Keys:
    """The keys that are set, masked."""
    return Keys([_shown(key) for key in parts.keys], list(keys.NAMES))


@put("/keys/{name:str}")
async def set_key(
    parts: NamedDependency[Parts], who: NamedDependency[Who], name: FromPath[str], data: JSONBody[Value]
) -> OneKey:
    """Sets a key. Agents that are started from now on have it in their environment."""
    unknown = next((agent for agent in data.agents if parts.agents.get(agent) is None), None)
    if unknown is not None:
        raise Invalid("agents", f"there is no agent {unknown[:40]}")
    key = Key(name, data.value, tuple(dict.fromkeys(data.agents)), now())
    await parts.keys.set(key)
    log.info("the key %s was set", name, extra={"actor": who.actor})
    return next(_shown(one) for one in parts.keys if one.name == name)


@delete("/keys/{name:str}", status_code=200)
async def remove_key(
    parts: NamedDependency[Parts], who: NamedDependency[Who], name: FromPath[str]
) -> Removed:
    """Forgets a key. Agents that run keep it until they end."""
    removed = await parts.keys.remove(name)
    if removed:
        log.info("the key %s was removed", name, extra={"actor": who.actor})
    return Removed(removed)


def _shown(key: Key) -> OneKey:
    return OneKey(key.name, key.masked, key.readers, millis(key.at))
