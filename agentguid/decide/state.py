"""What the rules of a conversation must remember. Small: it is kept as a snapshot, so all of it encodes to JSON."""

from msgspec import Struct

from agentguid.protocol.items import Body, Decision, Limit, Mode, Question


class Settings(Struct, frozen=True, omit_defaults=True):
    """How the next turn is to be run, and where the conversation stands in the list."""

    title: str
    agent: str
    cwd: str
    model: str | None = None
    mode: Mode = "ask"
    archived: bool = False
    pinned: bool = False
    deleted: bool = False
    options: dict[str, str] = {}
    """Further settings of the agent, by its own names."""


class Seen(Struct, frozen=True, omit_defaults=True):
    """How far the user has read."""

    upto: int = 0
    """A position."""
    fresh: int = 0
    """Events worth reading that no conversation.read has answered yet."""


class Turn(Struct, frozen=True, omit_defaults=True):
    """The open turn."""

    id: str
    message: str
    agent: str
    cwd: str
    model: str | None = None
    mode: Mode = "ask"
    stopping: bool = False
    retries: str | None = None
    attempt: int = 0


class Failed(Struct, frozen=True, omit_defaults=True):
    """The last turn, which did not come to its end: it may be tried again."""

    turn: str
    attempt: int = 0
    """The how manyeth automatic try it was; 0: the user sent it."""
    limit: Limit | None = None


class Retry(Struct, frozen=True):
    """It will be tried again by itself."""

    turn: str
    attempt: int


class Waiting(Struct, frozen=True):
    """A message that waits for the open turn to end."""

    message: str
    body: Body


class Pending(Struct, frozen=True, omit_defaults=True):
    """An undecided permission request."""

    approval: str
    turn: str | None = None
    options: dict[str, Decision] = {}
    """The agent's ids of the answers that it offers."""
    questions: tuple[Question, ...] = ()
    """As far as an answer is checked against them."""


class Host(Struct, frozen=True):
    """The host that was requested and has not ended."""

    id: str
    agent: str
    turn: str | None
    """The turn that it was requested for; it may serve later ones too."""


class Conversation(Struct, frozen=True, omit_defaults=True):
    settings: Settings | None = None
    """None: there is no such conversation."""
    seen: Seen = Seen()
    turn: Turn | None = None
    queue: tuple[Waiting, ...] = ()
    """In the order in which they will be sent; at most `queue.LIMIT`."""
    steering: tuple[str, ...] = ()
    """Those of them that the open turn is to take in; they come first."""
    held: bool = False
    """The queue waits for the user, because a turn failed. Without meaning while nothing waits."""
    failed: Failed | None = None
    """The last turn, if it failed. None while another is open."""
    retry: Retry | None = None
    known: tuple[str, ...] = ()
    """The latest messages, so that one that is sent twice is one message; at most `turn.KNOWN`."""
    approvals: tuple[Pending, ...] = ()
    """At most `approval.LIMIT`."""
    host: Host | None = None
    sessions: dict[str, str] = {}
    """Agent → its own id of its newest session here."""


initial = Conversation()
