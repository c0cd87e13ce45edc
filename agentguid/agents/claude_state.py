"""What the Claude adapter knows between two lines. All of it is the adapter's `carry`, so it stays small."""

from msgspec import Raw, Struct, field

from agentguid.agents.slash import NONE
from agentguid.agents.unknown import Unknown

STDERR = 4096
"""Characters of stderr, or of an error, that are kept."""
TRIES = 2
"""How often it is told the mode of a prompt: what it says of its mode may once be older than its yes."""
ID, NAME = 1000, 200
"""Characters that are kept of an id that is said to it again, and of any other name of its."""


class Call(Struct, array_like=True):
    """A tool call that has begun and has no result yet."""

    item: str
    parent: str = ""
    """The call (Claude's id) of the sub-agent that made it."""
    agent: bool = False
    """It runs a sub-agent, whose lines may come long after its result."""


class State(Struct, omit_defaults=True, forbid_unknown_fields=True):
    initialised: bool = False
    started: bool = False
    """The handshake is on the tape."""
    turn: str | None = None
    stopping: bool = False
    mode: str = "ask"
    """Ours: what it works in, as far as was said; empty when it is none of ours, or could not be set."""
    foreign: str = ""
    """The mode of its own that it says it works in."""
    reset: bool = False
    """In this turn it was told once to leave that."""
    adjusted: int = 0
    """How often it was told to work otherwise."""
    tried: list[str] = field(default_factory=list)
    """Ids of the requests for a mode that the next prompt waits for. The last few."""
    refused: str = ""
    """Id of the request for a mode that it refused last."""
    refusal: str = ""
    """Why a prompt that needs that mode is not written: a sentence."""
    wanted_model: str | None = None
    session: str | None = None
    model: str | None = None
    calls: dict[str, Call] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    """Calls of sub-agents that have their result already → item. The last few."""
    messages: dict[str, str] = field(default_factory=dict)
    """The message that each thread (call of a sub-agent, or "") is streaming."""
    requests: dict[str, str] = field(default_factory=dict)
    """Control requests of ours without an answer → what they ask."""
    steers: dict[str, bool] = field(default_factory=dict)
    """Messages that were written into the turn and not taken yet → Claude Code says that it has them."""
    cost: float = 0.0
    """`total_cost_usd` of the last result."""
    unbilled: float = 0.0
    """Cost of work that belonged to no turn."""
    used: int = 0
    """Tokens in the model's context after its last message."""
    failure: str = ""
    """An API error that was written as a message; the result repeats it."""
    local: str = ""
    """uuid of the last synthetic message: Claude Code repeats one when it compacts."""
    background: int = 0
    """Tasks that go on after the turn."""
    running: list[str] = field(default_factory=list)
    """Their ids, of the first few."""
    tasks: dict[str, str] = field(default_factory=dict)
    """Tasks that began, in the background or not → the call that began each. The last few."""
    names: dict[str, str] = field(default_factory=dict)
    """The same tasks → what they are about."""
    lost: bool = False
    """The session that was to be resumed does not exist."""
    stderr: str = ""
    older: int = 0
    """Characters of that from before the end of the last turn."""
    stderr_size: int = 0
    """Characters of stderr since the turn began."""
    said: str = ""
    """The last line on stdout that was no JSON."""
    limit: str = ""
    """The last that was said of a limit, there or on stderr, in this turn."""
    unstarted: str = ""
    """Why the host could not start the agent."""
    models: list[str] = field(default_factory=list)
    """Those that it says it can be told to use."""
    commands: Raw = NONE
    """Its slash commands, see `agents.slash`."""
    unknown: Unknown = field(default_factory=Unknown)


def keep(mapping: dict[str, str], key: str, value: str, limit: int) -> None:
    """Sets a key, and forgets the oldest when there are too many."""
    mapping.pop(key, None)
    mapping[key] = value
    if len(mapping) > limit:
        del mapping[next(iter(mapping))]
