"""What the Pi adapter knows between two lines when nothing is open. All of it is its `carry`, so it stays small."""

from msgspec import Struct, field

from agentguid.agents.unknown import Unknown

MODELS, STEERS = 200, 64
"""So many models and steered messages are remembered."""


class State(Struct, omit_defaults=True, forbid_unknown_fields=True):
    started: bool = False
    """The handshake is on the tape."""
    known: bool = False
    """Pi said which session and model it has."""
    listed: bool = False
    """Pi said which commands it has."""
    gate: bool = False
    """Our extension is among them: Pi asks."""
    broken: str = ""
    """Why this process will never take a prompt: a sentence."""
    session: str = ""
    model: str = ""
    models: list[str] = field(default_factory=list)
    window: int = 0
    mode: str = ""
    """Ours, that Pi keeps to. Empty: it was told none."""
    asked: str = ""
    """The mode that it was told last and has not taken yet."""
    modes: int = 0
    """How often it was told one."""
    turn: str | None = None
    begun: int = 0
    """When the prompt was written, microseconds since the epoch."""
    taken: bool = False
    """Pi has the prompt: before that it may have to make room."""
    running: bool = False
    """Pi works."""
    waits: bool = False
    """It will go on by itself: it tries again, or makes room first."""
    compacted: bool = False
    """It has made room, and takes up what waits by itself."""
    probe: str = ""
    """The question whether it is through, without an answer."""
    probes: int = 0
    stopping: bool = False
    failure: str = ""
    """The error of its last answer."""
    reason: str = ""
    """Why its last answer ended."""
    spent: list[int] = field(default_factory=list)
    """Tokens of this turn: in, from the cache, into the cache, out."""
    cost: float = 0.0
    used: int = 0
    """Tokens in the model's context after its last answer."""
    steers: list[str] = field(default_factory=list)
    """Messages that were written into the turn and that it has not taken yet."""
    queued: int = 0
    """Messages that wait in Pi."""
    stale: bool = False
    """Messages wait in it that are sent again: another process has to take the next prompt."""
    blocks: int = 0
    """So many blocks of the present answer are told."""
    lost: bool = False
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
