"""The parts of events that more than one event has."""

from typing import Literal

from msgspec import Struct

ItemKind = Literal["message", "thought", "plan", "notice", "unknown"]
Level = Literal["info", "warning", "error"]
Outcome = Literal["complete", "error", "interrupted"]
Mode = Literal["ask", "accept_edits", "plan", "bypass"]
Decision = Literal["allow_once", "allow_always", "reject_once", "reject_always"]
Scope = Literal["read", "write", "admin"]
Answered = Literal["choice", "text", "number"]


class Attachment(Struct, frozen=True, omit_defaults=True, gc=False):
    """A file that goes with a message: a blob beside the log, never a part of an event."""

    name: str
    """As the user calls it: a line without slashes."""
    type: str
    """image/png, image/jpeg, image/gif, image/webp, by what its bytes are; of everything else text/plain."""
    blob: str
    """SHA-256, hexadecimal."""
    size: int
    """Bytes."""
    width: int | None = None
    height: int | None = None
    """Pixels of a picture, where its beginning says them."""

    @property
    def picture(self) -> bool:
        return self.type.startswith("image/")


class Body(Struct, frozen=True, omit_defaults=True, gc=False):
    """Text of any size. Above 32 KiB `text` is a preview and the whole is a blob beside the log."""

    text: str
    type: str = "text/plain"
    """Media type of the whole: text/plain, text/markdown, application/json, image/png, …"""
    blob: str | None = None
    """SHA-256, hexadecimal, of the whole; None while `text` is the whole."""
    size: int | None = None
    """Bytes of the whole; None while `text` is the whole."""
    attached: tuple[Attachment, ...] = ()
    """Of a message of the user's: what goes with it."""


class Usage(Struct, frozen=True, omit_defaults=True, gc=False):
    """Tokens of a turn, as the agent counted them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    context_window: int | None = None
    """Tokens that the model can hold."""
    context_used: int | None = None
    """Tokens in the model's context at the end of the turn."""


LimitKind = Literal["account", "provider"]


class Limit(Struct, frozen=True, omit_defaults=True, gc=False):
    """Why a turn broke off although nothing is wrong with it: waiting helps."""

    kind: LimitKind
    """The account has used up what it may for now; or the provider is overloaded."""
    until: int | None = None
    """When it is lifted, microseconds since the epoch, if the agent said so."""


class Option(Struct, frozen=True, omit_defaults=True, gc=False):
    """One answer that the agent offers to its permission request. Kinds may repeat; show `name`."""

    id: str
    kind: Decision
    name: str


class Choice(Struct, frozen=True, omit_defaults=True, gc=False):
    """One of the answers that a question offers."""

    label: str
    description: str = ""
    preview: str = ""
    """What it would look like: code or a drawing in letters."""


class Question(Struct, frozen=True, omit_defaults=True, gc=False):
    """One thing that an agent wants to know from the user."""

    id: str
    """What the agent calls it; no other of its request is called so."""
    text: str
    header: str = ""
    """A word or two: what it is about."""
    kind: Answered = "choice"
    choices: list[Choice] = []
    many: bool = False
    """Any number of them may be chosen."""
    free: bool = False
    """The user may answer in words of his own as well."""
    required: bool = False
    hint: str = ""
    low: float | None = None
    high: float | None = None
    step: float | None = None
    unit: str = ""
    preset: str = ""
    """What stands in the field before anything is entered."""


class Reply(Struct, frozen=True, omit_defaults=True, gc=False):
    """The answer to one question."""

    chosen: list[str] = []
    """Labels of choices."""
    words: str = ""
    """The user's own; of a question for a number: the number."""
