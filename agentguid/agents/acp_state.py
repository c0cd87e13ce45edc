"""What the ACP adapter knows between two lines when nothing is open. All of it is its `carry`, so it stays small."""

from typing import Literal

from msgspec import Raw, Struct, field

from agentguid.agents.slash import NONE
from agentguid.agents.unknown import Unknown
from agentguid.protocol.items import Mode

SENT, DONE, CHOICES, METHODS = 20, 64, 200, 8
"""So many requests of ours, finished calls, values of a setting and ways to sign in are remembered."""
SETTINGS, SESSION = 8192, 1000
"""Bytes of all settings, characters of a session's name."""
CURSOR, PAGES = 1000, 50
"""Characters of a place in the agent's list of sessions; pages of it that are read."""
Step = Literal["new", "greeted", "signing_in", "listing", "ready"]


class Sent(Struct, array_like=True):
    """A request of ours without an answer."""

    method: str
    turn: str = ""
    setting: str = ""
    value: str = ""


class Setting(Struct, array_like=True):
    """Something of the session that can be set."""

    current: str
    choices: list[str] = []
    option: str = ""
    """Id of the config option. Empty: it is set by a method of its own."""


class Command(Struct, array_like=True):
    """A command that we run for the agent, until it releases it."""

    limit: int | None = None
    """Bytes of its output that the agent wants to have at most."""
    ended: bool = False
    """And the agent knows."""


class State(Struct, omit_defaults=True, forbid_unknown_fields=True):
    step: Step = "new"
    number: int = 0
    """Of our last request."""
    sent: dict[int, Sent] = field(default_factory=dict)
    sessions: int = 0
    """How often a session was asked for."""
    loads: bool = False
    resumes: bool = False
    """What the agent can do with an earlier session."""
    lists: bool = False
    closes: bool = False
    deletes: bool = False
    """And with its sessions else."""
    trouble: str = ""
    """Why it did not take up the earlier session, while it is asked whether it has that: a sentence."""
    cursor: str = ""
    pages: int = 0
    """How far its list of sessions has been read."""
    methods: list[str] = field(default_factory=list)
    """Its ways to sign in: id, name, id, name, …"""
    signed_in: bool = False
    """It was asked to sign in by itself."""
    anew: bool = False
    """The earlier session is gone; another is to be begun."""
    session: str = ""
    broken: str = ""
    """Why this process will never take a prompt: a sentence."""
    refused: str = ""
    """The turn whose settings the agent would not have."""
    refusal: str = ""
    turn: str | None = None
    begun: int = 0
    """When the prompt was written, microseconds since the epoch."""
    stopping: bool = False
    mode: Mode = "ask"
    """Ours, of the present turn."""
    notes: int = 0
    """What only the fold was told: see `base.Write`."""
    due: dict[str, str] = field(default_factory=dict)
    """What the agent has to be told yet, because the user chose another mode while it works: settings and values."""
    granted: list[str] = field(default_factory=list)
    """Files that the user let the agent change in this turn: `jsonl.mark_of`."""
    allowed: list[str] = field(default_factory=list)
    """Commands that the user let the agent run in this turn: `acp_commands.mark`."""
    always: list[str] = field(default_factory=list)
    """And for as long as this process lives."""
    commands: dict[str, Command] = field(default_factory=dict)
    """Those that it had us run, by the ids of their hosts."""
    settings: dict[str, Setting] = field(default_factory=dict)
    """`mode`, `model`, and the ids of config options."""
    unsaid: list[str] = field(default_factory=list)
    """Those that the session did not name when it was taken up, and the agent has not taken on since: see `acp_ways`."""
    unfit: list[str] = field(default_factory=list)
    """Those that decide over who is asked, and are of a kind that we cannot set."""
    blind: bool = False
    """What the agent would not have set (`refused`) was such an unsaid one."""
    warned: bool = False
    """It was said that nothing is known by which it could be made to ask."""
    setting_for: str = ""
    """The turn that something was set for last."""
    tries: dict[str, int] = field(default_factory=dict)
    """How often each setting was asked for, for that turn, in the order of the last time."""
    resumed: bool = False
    """The session is older than this process: what it has now may have been chosen by the user."""
    chosen: list[str] = field(default_factory=list)
    """Options that this process set for the user and has not set back, the latest."""
    first_model: str = ""
    """What the agent chose by itself; empty: not known."""
    replaying: bool = False
    """It tells an earlier session again, which the log has."""
    done: list[str] = field(default_factory=list)
    """Calls that have ended, the last few (`jsonl.mark_of`): what is said of them later is no new call."""
    plan: int = 0
    """Check sum of the plan as it was last shown."""
    cost: float = 0.0
    costs: bool = False
    """The agent has said a cost."""
    before: float | None = 0.0
    """Cost when the turn began; None: unknown, because the session is older than this process."""
    used: int = 0
    window: int = 0
    spent: list[int] = field(default_factory=list)
    """Tokens in and out that messages of this turn named."""
    failure: str = ""
    """An error that was written as a message."""
    failure_item: str = ""
    failing: bool = False
    """The agent says that its turn has failed."""
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
    pictures: bool = False
    embeds: bool = False
    """What the agent takes with a prompt: pictures, and texts as resources."""
    options: Raw = NONE
    """What can be set beside mode and model, see `agents.options`."""
    slash: Raw = NONE
    """Its slash commands, see `agents.slash`."""
    unknown: Unknown = field(default_factory=Unknown)
