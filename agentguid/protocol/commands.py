"""What is asked for. Imperative. Everything that a rule may not draw itself (ids, times) comes in with the command."""

from msgspec import Struct

from agentguid.protocol.events import Event
from agentguid.protocol.items import Body, Decision, Mode, Reply, Scope


class Command(Struct, frozen=True, kw_only=True):
    """The root of all commands."""


class ToConversation(Command, frozen=True):
    """A command whose rules are those of one conversation."""

    conversation: str


class CreateConversation(ToConversation, frozen=True):
    title: str
    agent: str
    cwd: str
    model: str | None = None
    mode: Mode = "ask"


class RenameConversation(ToConversation, frozen=True):
    title: str


class ConfigureConversation(ToConversation, frozen=True):
    agent: str | None = None
    model: str | None = None
    mode: Mode | None = None
    options: dict[str, str] | None = None
    """Further settings that the agent offers, by its names. Those that are not named stay; `""` is its own choice."""


class ArchiveConversation(ToConversation, frozen=True):
    archived: bool = True


class PinConversation(ToConversation, frozen=True):
    pinned: bool = True


class MarkRead(ToConversation, frozen=True):
    upto: int


class DeleteConversation(ToConversation, frozen=True):
    """Stops and hides it; its bytes go 7 days later, or, with `now`, at once. The latter also of a deleted one."""

    now: bool = False


class SendMessage(ToConversation, frozen=True):
    """Starts a turn when the conversation is idle, waits in the queue when it is not."""

    message: str
    body: Body
    steer: bool = False
    """Not to wait: the agent is to take it into the turn that runs."""


class EditMessage(ToConversation, frozen=True):
    message: str
    body: Body


class SteerMessage(ToConversation, frozen=True):
    """A message that waits is to go into the turn that runs."""

    message: str


class RemoveMessage(ToConversation, frozen=True):
    message: str


class ReorderQueue(ToConversation, frozen=True):
    order: list[str]


class ReleaseQueue(ToConversation, frozen=True):
    """The messages that a failed turn holds back are sent, the first one now."""


class StopTurn(ToConversation, frozen=True):
    turn: str | None = None
    """None: the running one."""
    hold: bool = False
    """What waits is not to follow it."""


class RetryTurn(ToConversation, frozen=True):
    """The last turn, which failed, is tried again now: with its prompt, or with a word to go on."""

    turn: str
    message: str
    """Id of the message that is sent for it."""
    body: Body


class CancelRetry(ToConversation, frozen=True):
    """What is to be tried again by itself is not."""


class DecideApproval(ToConversation, frozen=True):
    approval: str
    decision: Decision
    message: str | None = None
    option: str | None = None
    input: Body | None = None
    answers: dict[str, Reply] = {}


class RequestHost(ToConversation, frozen=True):
    """The turn that is open needs a host. Refused when one is already requested and has not ended."""

    host: str


class Report(ToConversation, frozen=True):
    """What the agent did, as its adapter read it off the tape of `host`. Facts that the state contradicts are left out."""

    host: str
    facts: list[Event]
    at: int = 0
    """Now, microseconds since the epoch."""
    pauses: tuple[int, ...] = ()
    """Microseconds until each automatic try of a prompt that broke off at a limit nobody knows the end of. None: no tries."""


class ImportHistory(ToConversation, frozen=True):
    """A part of what an agent did elsewhere, as its own history has it, in order. Makes the conversation if need be.

    Refused while a turn is open or an agent holds the conversation: then it is for later.
    """

    source: str
    session: str
    cwd: str
    title: str
    """Of a new conversation; empty: its first prompt."""
    facts: list[Event]


class RequestImport(Command, frozen=True):
    request: str
    sources: list[str]
    sessions: list[str]


class FinishImport(Command, frozen=True):
    request: str
    sessions: int
    failed: int = 0


class ChooseImportWatch(Command, frozen=True):
    watch: str
    """`all`, `ours` or `off`."""


class SignInDevice(Command, frozen=True):
    device: str
    name: str
    hash: str


class RevokeDevice(Command, frozen=True):
    device: str


class CreateToken(Command, frozen=True):
    token: str
    name: str
    hash: str
    scope: Scope
    expires: int | None = None


class RevokeToken(Command, frozen=True):
    token: str
