"""What the Codex adapter knows between two lines when nothing is open. All of it is its `carry`, so it stays small."""

from typing import Literal

from msgspec import Raw, Struct, field

from agentguid.agents.options import NONE
from agentguid.agents.unknown import Unknown
from agentguid.protocol.items import Mode

SENT, DONE, MODELS, AGENTS, RUNNING, STEERS = 100, 64, 200, 64, 32, 64
"""So many requests of ours, finished items, models, sub-agents, commands in the background and steered messages are remembered."""
ID, NAME, EFFORT = 1000, 200, 50
"""Characters of an id that is said to it again, of any other name of its, and of how long it thinks."""
Step = Literal["new", "greeted", "known", "ready"]


class State(Struct, omit_defaults=True, forbid_unknown_fields=True):
    step: Step = "new"
    """`greeted`: `initialize` is answered; `known`: it is known whether it is signed in; `ready`: it has a thread."""
    sent: dict[str, str] = field(default_factory=dict)
    """Requests of ours without an answer → their method."""
    sessions: int = 0
    """How often a thread was asked for."""
    anew: bool = False
    """The earlier thread is gone; another is to be begun."""
    thread: str = ""
    broken: str = ""
    """Why this process will never take a prompt: a sentence."""
    turn: str | None = None
    """Ours."""
    theirs: str = ""
    """The same turn, as Codex calls it."""
    begun: int = 0
    """When the prompt was written, microseconds since the epoch."""
    prompted: bool = False
    """Codex has shown the prompt in its thread: what it shows after it was steered in."""
    stopping: bool = False
    mode: Mode = "ask"
    """Ours, of the present turn: by it requests are answered."""
    unasking: bool = False
    """Codex was told at the beginning of the turn that it need not ask."""
    adjusted: int = 0
    """How often the mode was changed in the middle of a turn."""
    planning: bool = False
    """Its thread is in the mode that only plans."""
    model: str = ""
    first_model: str = ""
    """What it chose by itself; empty: not known, because the thread is older than this process."""
    wanted_model: str = ""
    """That the present turn was to have."""
    effort: str | None = None
    """How long it thought when this process took its thread up; None: as its model has it."""
    efforts: dict[str, str] = field(default_factory=dict)
    """Models → how long each thinks when nobody chooses."""
    effort_set: bool = False
    """A turn of this thread was told another: each later one has to be told as well."""
    options: Raw = NONE
    """What it offers beside models, see `agents.options`."""
    models: list[str] = field(default_factory=list)
    steers: list[str] = field(default_factory=list)
    """Messages that were written into the turn and that it has not taken yet."""
    agents: dict[str, str] = field(default_factory=dict)
    """Threads of sub-agents → the item of the call that began each. The last few."""
    working: list[str] = field(default_factory=list)
    """Those that are at work."""
    running: list[str] = field(default_factory=list)
    """Commands that go on although their turn has ended."""
    done: list[str] = field(default_factory=list)
    """Items that have ended, the last few: what is said of them later is no new item."""
    plan: int = 0
    """Check sum of the plan as it was last shown."""
    used: int = 0
    window: int = 0
    spent: list[int] = field(default_factory=list)
    """Tokens of this turn: in, from the cache, into the cache, out."""
    lifted: float = 0.0
    """When the account's limit is lifted that is used up, seconds since the epoch."""
    said: str = ""
    """The last line on stdout that was no JSON."""
    limit: str = ""
    """The last that was said of a limit, there or on stderr, in this turn."""
    stderr: str = ""
    older: int = 0
    """Characters of that from before the end of the last turn."""
    stderr_size: int = 0
    """Characters of stderr since the turn began."""
    unstarted: str = ""
    """Why the host could not start the agent."""
    unknown: Unknown = field(default_factory=Unknown)
