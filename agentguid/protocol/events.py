"""What has happened. Facts, past tense, never edited once appended.

`names.TYPES` gives each its name on disk, written by hand: classes may be renamed, names may not.
A field is added with a default; anything else needs an upcaster in `wire` and a golden file of the old bytes.
"""

from typing import Any

from msgspec import Struct

from agentguid.protocol.items import (
    Body,
    Decision,
    ItemKind,
    Level,
    Limit,
    LimitKind,
    Mode,
    Option,
    Outcome,
    Question,
    Reply,
    Scope,
    Usage,
)


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The root of all events. They hold no cycles, so the collector need not walk through thousands of them."""


# -- the conversation -------------------------------------------------------------------------------------------------
class ConversationCreated(Event, frozen=True):
    title: str
    agent: str
    """Catalogue id of the agent."""
    cwd: str
    """Absolute path of the working directory."""
    model: str | None = None
    mode: Mode = "ask"


class ConversationRenamed(Event, frozen=True):
    title: str


class ConversationConfigured(Event, frozen=True):
    """From the next turn on, or at once where the agent can. A field that is None stays as it was.

    Also when the agent's mode changed by what it did, or by an answer that allowed more than one thing.
    """

    agent: str | None = None
    model: str | None = None
    mode: Mode | None = None
    options: dict[str, str] | None = None
    """All further settings (by the agent's names) that are not its own choice."""


class ConversationArchived(Event, frozen=True):
    pass


class ConversationUnarchived(Event, frozen=True):
    pass


class ConversationPinned(Event, frozen=True):
    pass


class ConversationUnpinned(Event, frozen=True):
    pass


class ConversationRead(Event, frozen=True):
    """The user has seen everything up to a position."""

    upto: int


class ConversationDeleted(Event, frozen=True):
    """Hidden and stopped. The bytes go later."""

    now: bool = False
    """They go at once."""


# -- messages that wait -----------------------------------------------------------------------------------------------
class MessageQueued(Event, frozen=True):
    """A prompt that waits for the running turn to end. It goes to the end of the queue."""

    message: str
    body: Body


class MessageEdited(Event, frozen=True):
    message: str
    body: Body


class MessageRemoved(Event, frozen=True):
    message: str


class QueueReordered(Event, frozen=True):
    order: list[str]
    """All waiting messages, in their new order."""


class MessageSteerRequested(Event, frozen=True):
    """A message that waits shall go into the running turn. Until the agent has taken it, it waits as before, and first."""

    message: str
    turn: str


class MessageSteered(Event, frozen=True):
    """The agent has taken a waiting message into its turn. It also takes the message out of the queue."""

    message: str
    turn: str
    body: Body = Body("")
    """As it waited. Adapters leave it empty: the rules know it."""


class QueueHeld(Event, frozen=True):
    """A turn failed, or is ended with all agents: what waits does not follow it until the user says how to go on."""

    turn: str


class QueueReleased(Event, frozen=True):
    """The waiting messages are sent again, one after the other."""


# -- turns ------------------------------------------------------------------------------------------------------------
class TurnStarted(Event, frozen=True):
    """One prompt, handed over to be run. It also takes its message out of the queue."""

    turn: str
    message: str
    body: Body
    agent: str
    cwd: str
    model: str | None = None
    mode: Mode = "ask"
    retries: str | None = None
    """The turn before that failed and is tried again with this one."""
    attempt: int = 0
    """The how manyeth automatic try of the same prompt; 0: the user sent it."""
    imported: bool = False
    """The agent ran it elsewhere, and its own history tells of it: nothing is to be run."""
    options: dict[str, str] = {}
    """Further settings of the agent, by its own names; of those that are not here it has its own choice."""


class TurnStopRequested(Event, frozen=True):
    turn: str


class TurnEnded(Event, frozen=True):
    turn: str
    outcome: Outcome
    error: str | None = None
    """One sentence for the user, with what to do where that is known."""
    usage: Usage | None = None
    cost: float | None = None
    """US dollars, as the agent reckons."""
    duration: int | None = None
    """Milliseconds."""
    limit: Limit | None = None
    """Of an error: it is a limit that will be lifted."""


class RetryScheduled(Event, frozen=True):
    """A turn that broke off at a limit is tried again by itself, unless it is cancelled. Until then nothing else begins."""

    turn: str
    at: int
    """Microseconds since the epoch."""
    attempt: int
    """From 1."""
    of: int
    """So many at most."""
    reason: LimitKind


class RetryCancelled(Event, frozen=True):
    """It is not tried again by itself."""

    turn: str


# -- the agent's process and session ----------------------------------------------------------------------------------
class HostRequested(Event, frozen=True):
    """A host shall be started. Committed before it is, so that no two ever hold one agent session."""

    host: str
    agent: str
    cwd: str
    model: str | None = None
    mode: Mode = "ask"
    resume: str | None = None
    """The agent's own id of the session to go on with."""


class HostEnded(Event, frozen=True):
    host: str
    code: int | None = None
    """Exit status of the agent; negative: the signal that ended it; None: the host vanished."""
    stderr: str = ""
    """The last words of the agent, at most 4 KiB."""


class SessionIdentified(Event, frozen=True):
    """The agent named its session: what it can be resumed by."""

    host: str
    session: str
    model: str | None = None


class SessionLost(Event, frozen=True):
    """The agent knows a session no more: it must not be resumed again."""

    host: str
    session: str


# -- the transcript ---------------------------------------------------------------------------------------------------
class ItemAdded(Event, frozen=True):
    """A finished element of the transcript that is complete in itself."""

    item: str
    turn: str | None
    kind: ItemKind
    body: Body
    level: Level = "info"
    """Of a notice."""
    parent: str | None = None
    """The tool call (item) of the sub-agent that this belongs to."""
    incomplete: bool = False
    """The agent or its host ended before the item did."""


class ToolStarted(Event, frozen=True):
    item: str
    turn: str | None
    name: str
    input: Body
    """The arguments as JSON."""
    parent: str | None = None


class ToolFinished(Event, frozen=True):
    item: str
    output: Body
    failed: bool = False
    incomplete: bool = False


# -- approvals --------------------------------------------------------------------------------------------------------
class ApprovalRequested(Event, frozen=True):
    approval: str
    turn: str | None
    item: str | None
    """The tool call that waits for it, when the agent named one."""
    tool: str
    input: Body
    """The arguments as JSON."""
    options: list[Option]
    reason: str | None = None
    questions: list[Question] = []
    """What is to be answered by choosing: an answer that allows it answers them."""


class ApprovalDecided(Event, frozen=True):
    approval: str
    decision: Decision
    message: str | None = None
    """For the agent, on a rejection."""
    option: str | None = None
    """The agent's own id of the option, when one was chosen by it."""
    input: Body | None = None
    """The arguments as the user changed them."""
    answers: dict[str, Reply] = {}
    """To its questions, by their ids."""


class ApprovalWithdrawn(Event, frozen=True):
    approval: str
    reason: str


# -- histories of agents ----------------------------------------------------------------------------------------------
class ConversationImported(Event, frozen=True):
    """What was done elsewhere, up to here, is in this conversation too: the events before it that have an `origin`."""

    source: str
    """Whose history it is: catalogue id of the agent."""
    session: str
    """The agent's own id of the session: what it can be resumed by."""


class ImportRequested(Event, frozen=True):
    """Histories of agents are to be taken in. It is done once `import.finished` names it."""

    request: str
    sources: list[str]
    """Catalogue ids of agents; none: all."""
    sessions: list[str]
    """`SOURCE:SESSION`; none: all of the sources."""


class ImportFinished(Event, frozen=True):
    request: str
    sessions: int
    """That had something new."""
    failed: int = 0
    """That could not be read."""


class ImportWatchChosen(Event, frozen=True):
    """From now on this much of what agents do elsewhere is taken in by itself, whatever the settings say."""

    watch: str
    """`all`; `ours`: only in sessions that have been run here; `off`."""


# -- who may ----------------------------------------------------------------------------------------------------------
class DeviceSignedIn(Event, frozen=True):
    name: str
    hash: str
    """SHA-256 of the cookie, hexadecimal."""


class DeviceRevoked(Event, frozen=True):
    pass


class TokenCreated(Event, frozen=True):
    name: str
    hash: str
    scope: Scope
    expires: int | None = None
    """Microseconds since the epoch."""


class TokenRevoked(Event, frozen=True):
    pass


class Unreadable(Event, frozen=True):
    """Stands where an event cannot be read: its data was redacted, or a newer version wrote it. Folds pass it over."""

    redacted: bool


class Recorded(Struct, frozen=True, gc=False):
    """An event with the place that the log gave it."""

    position: int
    """Place in the whole log; also the id of stream messages."""
    stream: str
    version: int
    """Place in the stream."""
    type: str
    at: int
    """Microseconds since the epoch, by the daemon's clock."""
    actor: str
    """Who caused it: `user`, `device:ID`, `token:ID`, `socket:UID`, `agent:NAME`, `daemon`."""
    cause: str | None
    """Key of the command, or what else led to it."""
    origin: dict[str, Any] | None
    """Of an imported event: where it stood. In another log: its id, position and hash; in a history: source, session, line."""
    event: Event
