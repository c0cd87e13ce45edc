"""`/agents`: which agents are here."""

from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentguid.agents.abilities import abilities, told
from agentguid.agents.discovery import Found
from agentguid.agents.offers import Offer
from agentguid.agents.signin import State
from agentguid.http.api.shapes import Given, Shape
from agentguid.http.parts import Parts
from agentguid.http.problems import ProblemError
from agentguid.project.conversations import Conversation
from agentguid.protocol.errors import AgentFailed, NotFound


class Agent(Shape, frozen=True):
    id: str
    name: str
    icon: str
    path: str | None
    version: str | None
    protocol: str
    installed: bool
    auth: State
    """Whether it is signed in, as far as is known."""
    auth_detail: str
    """Why."""
    capabilities: dict[str, bool]
    """What it can do here, as far as it said; of one that was never heard what its protocol can."""
    can: str
    """The same in a line for people, with its modes."""
    problem: str | None
    """Why it cannot be used or may not work, and what to do."""
    install: str
    login: str
    docs: str
    note: str
    """What to know before choosing it."""
    tried: str
    """With which version and when agentguid's own tests ran it, or that they never did."""


class AgentList(Shape, frozen=True):
    agents: list[Agent]


class Search(Given):
    query: str = ""


class Hit(Shape, frozen=True):
    id: str
    name: str
    description: str
    icon: str
    status: str


class Descriptor(Shape, frozen=True):
    agent_id: str
    agent_name: str
    protocol: str
    capabilities: dict[str, bool]
    input_schema: dict[str, Any]
    state_format: str


class Model(Shape, frozen=True):
    id: str
    label: str


class Option(Shape, frozen=True):
    """What can be chosen beside model and mode."""

    id: str
    label: str
    choices: list[Model]
    default: str
    """What it has when nobody chooses; empty: it does not say."""


class Models(Shape, frozen=True):
    models: list[Model]
    modes: list[str]
    """Permission modes that it can work in."""
    options: list[Option]
    said: int | None
    """When the agent named them, milliseconds since the epoch; None: never."""


class Command(Shape, frozen=True):
    name: str
    """Without the slash."""
    description: str
    hint: str
    """What may follow it."""


class Commands(Shape, frozen=True):
    commands: list[Command]


def shown(parts: Parts, found: Found) -> Agent:
    known = parts.signins.of(found.id)
    return Agent(
        id=found.id,
        name=found.name,
        icon=found.icon,
        path=found.path,
        version=found.version,
        protocol=found.protocol,
        installed=found.installed,
        auth=known.state,
        auth_detail=known.why,
        capabilities=abilities(parts.agents, found),
        can=told(parts.agents, found),
        problem=found.problem,
        install=found.install,
        login=found.login,
        docs=found.docs,
        note=found.entry.note,
        tried=found.entry.sentence if found.entry.binaries else "",
    )


@get("/agents", sync_to_thread=False)
def list_agents(parts: NamedDependency[Parts]) -> AgentList:
    """Every agent that is known here, installed or not."""
    return AgentList([shown(parts, one) for one in _offered(parts)])


@post("/agents/search", status_code=200, sync_to_thread=False)
def search_agents(parts: NamedDependency[Parts], data: JSONBody[Search]) -> list[Hit]:
    """Agents whose name or id has the text."""
    wanted = data.query.lower()
    return [
        Hit(one.id, one.name, "", one.icon, "available" if one.installed else "not installed")
        for one in _offered(parts)
        if wanted in one.id.lower() or wanted in one.name.lower()
    ]


@post("/agents/rescan", status_code=200)
async def rescan(parts: NamedDependency[Parts]) -> AgentList:
    """Looks for agents again."""
    await parts.agents.rescan()
    return AgentList([shown(parts, one) for one in _offered(parts)])


@get("/agents/{agent_id:str}", sync_to_thread=False)
def get_agent(parts: NamedDependency[Parts], agent_id: FromPath[str]) -> Agent:
    """One agent."""
    return shown(parts, _found(parts, agent_id))


@get("/agents/{agent_id:str}/descriptor", sync_to_thread=False)
def descriptor(parts: NamedDependency[Parts], agent_id: FromPath[str]) -> Descriptor:
    """What an agent takes and can do."""
    found = _found(parts, agent_id)
    schema = {"type": "object", "properties": {"content": {"type": "string"}}, "required": ["content"]}
    can = abilities(parts.agents, found)
    return Descriptor(found.id, found.name, found.protocol, can, schema, "opaque")


@get("/agents/{agent_id:str}/models", sync_to_thread=False)
def models(parts: NamedDependency[Parts], agent_id: FromPath[str]) -> Models:
    """The models that an agent may be told to use: its own default, then those that it named last."""
    return _models(parts, _found(parts, agent_id).id)


@post("/agents/{agent_id:str}/models", status_code=200)
async def ask_models(parts: NamedDependency[Parts], agent_id: FromPath[str]) -> Models:
    """The same as it is now: the agent is started to say it, and ended. Takes seconds."""
    try:
        await parts.ask_offer(agent_id)
    except AgentFailed as failed:
        raise ProblemError(502, str(failed)) from failed
    return _models(parts, _found(parts, agent_id).id)


def _models(parts: Parts, agent: str) -> Models:
    offer = parts.agents.offer(agent) or Offer()
    named = [Model("", "Default"), *(Model(name, name) for name in offer.models)]
    options = [
        Option(one.id, one.name, [Model(value, words) for value, words in one.choices], one.own)
        for one in offer.options
    ]
    return Models(named, list(offer.modes), options, offer.at // 1000 or None)


@get("/conversations/{conversation_id:str}/commands", sync_to_thread=False)
def commands(parts: NamedDependency[Parts], conversation: NamedDependency[Conversation]) -> Commands:
    """The slash commands that the conversation's agent named when it last worked there: what a message may begin with."""
    known = parts.agents.commands(conversation.agent, conversation.cwd)
    return Commands([Command(one.name, one.about, one.hint) for one in known])


def _offered(parts: Parts) -> list[Found]:
    return [one for one in parts.agents.all() if parts.settings.demo or one.id != "demo"]


def _found(parts: Parts, agent: str) -> Found:
    found = parts.agents.get(agent)
    if found is None:
        raise NotFound(f"there is no agent {agent}")
    return found
