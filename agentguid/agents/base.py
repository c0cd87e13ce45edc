"""What an adapter is: a pure translator between an agent's protocol and our vocabulary.

It is fed every line of the tape, both directions, in order; it holds no clock, no file, no process. Fed the same
lines it gives the same outputs, so that a daemon that comes back can fold a tape again from an anchor.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

from msgspec import Struct

from agentguid.protocol.events import Event
from agentguid.protocol.items import Body, Decision, ItemKind, Mode, Reply

Direction = Literal["out", "err", "in", "exit"]


class Line(Struct, frozen=True, gc=False):
    """One line of a tape. `in` is what we wrote, `exit` is the end of the child."""

    direction: Direction
    offset: int
    """Where its first byte lies on the tape."""
    data: bytes
    """Without the line's end. Of a line above 64 MiB: a piece of it."""
    at: int
    """When the host read it, microseconds since the epoch."""
    id: str | None = None
    """Of an input: the id that it was sent under."""
    piece: bool = False
    """Part of a line that was too long to be one."""
    ended: bool = True
    """False: the child ended without ending its last line."""
    code: int | None = None
    """Of `exit`: the status; negative: the signal; None: the host itself vanished. `data` says why it never started."""


class Fact(Struct, frozen=True, gc=False):
    """Something to be recorded."""

    event: Event
    commands: tuple[str, ...] = ()
    """Of a call that ends: the commands (`commands.Run`) whose output is its output."""


class Live(Struct, frozen=True, gc=False):
    """A piece of an unfinished item. Memory only; the finished item comes as a `Fact` under the same id.

    `output` is what a command prints that runs for a call: its id is made of that of the call, its `parent`.
    """

    item: str
    kind: ItemKind | Literal["tool", "output"]
    text: str
    turn: str | None = None
    parent: str | None = None
    title: str = ""
    """Of a tool: its name."""


class Write(Struct, frozen=True, gc=False):
    """Bytes for the agent's stdin. The host writes each id at most once, whoever asks how often."""

    id: str
    data: bytes
    """Nothing: the agent hears nothing of it. It is on the tape, and the fold reads it there (`noted:WHAT`)."""


Output = Fact | Live | Write


class Launch(Struct, frozen=True):
    """What an agent session is to be started with."""

    cwd: str
    model: str | None
    mode: Mode
    resume: str | None


class File(Struct, frozen=True):
    """What goes with a message, read from where it lies."""

    name: str
    type: str
    """See `protocol.items.Attachment`."""
    data: bytes

    @property
    def picture(self) -> bool:
        return self.type.startswith("image/")

    @property
    def base64(self) -> str:
        return b64encode(self.data).decode("ascii")

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")

    @property
    def quoted(self) -> str:
        """A text with its name, for an agent that is told of files in words."""
        name = self.name.replace('"', "'")
        return f'<file name="{name}">\n{self.text.rstrip()}\n</file>'


class Prompt(Struct, frozen=True):
    turn: str
    body: Body
    """The whole text (blobs are read before)."""
    model: str | None
    mode: Mode
    files: Sequence[File] = ()
    options: Mapping[str, str] = {}
    """Further settings, by the agent's names; what is not here is its own choice."""
    dropped: Mapping[str, str] = {}
    """Of those, and `model`: what earlier turns chose and this one does not. Its session may have it still, also in another
    process. Each with what the agent has by itself, as it said of another session; empty: it did not say."""
    ways: Sequence["Way"] = ()
    """How mode and model are set, as the agent said of another session: this one may not say."""


class Steer(Struct, frozen=True):
    """A message for the turn that runs."""

    turn: str
    message: str
    body: Body
    """The whole text."""
    files: Sequence[File] = ()


class Answer(Struct, frozen=True):
    approval: str
    decision: Decision
    message: str | None
    option: str | None
    input: bytes | None
    """The arguments as the user changed them, JSON."""
    answers: Mapping[str, Reply] = {}
    """To the questions of the request, by their ids."""


class Errand(Struct, frozen=True):
    """Something that the agent asks us to do: with a file (`FileErrand`), or with a command (`commands`). It waits for the answer."""

    id: str
    """Of the input that answers: `serve:OFFSET`, `auto:OFFSET`, or `answer:APPROVAL` when the user was asked. Once that is on the tape
    the errand is over."""


class FileErrand(Errand, frozen=True):
    path: str
    text: str | None = None
    """To be written; None: to be read."""
    line: int | None = None
    """The first one to be read, from 1."""
    limit: int | None = None
    """How many lines."""


class InsideErrand(Errand, frozen=True):
    """Whether all of these lie in the working directory, by their real paths: for an answer that needs nobody then. Its id is `auto:OFFSET`."""

    paths: tuple[str, ...]


class Served(Struct, frozen=True):
    """What came of an errand."""

    text: str = ""
    error: str = ""
    """Why it was not done: a sentence for the agent."""


class Adapter(Protocol):
    """One agent session, seen from its tape. Made anew (or from `carry`) for each fold.

    Ids of inputs are part of the contract, because the fold reads them back off the tape:
    `start`, `start:NAME`, `prompt:TURN`, `steer:MESSAGE`, `answer:APPROVAL`, `stop:TURN`, `auto:OFFSET`, `serve:OFFSET`,
    `close:WHAT`, `noted:WHAT`.
    """

    @property
    def ready(self) -> bool:
        """The protocol's handshake is done: prompts may be written."""

    @property
    def idle(self) -> bool:
        """Nothing is open (no unfinished item, no undecided approval): a fold may start here, with `carry`."""

    @property
    def turn(self) -> str | None:
        """The turn that the agent works on, as far as the tape shows."""

    @property
    def background(self) -> int:
        """Tasks of the agent that go on although no turn is open: its host is not ended while there are any."""

    @property
    def lost(self) -> bool:
        """The session of `Launch.resume` is gone: it must not be resumed again."""

    @property
    def models(self) -> Sequence[str]:
        """The models that the agent said it can be told to use; nothing while it has not said."""

    @property
    def errands(self) -> Sequence["Errand"]:
        """What the agent waits for us to do. They come out of the fold, so that a restart forgets none."""

    def served(self, errand: "Errand", result: "Served") -> Sequence[Write]:
        """The answer to an errand."""

    def refuses(self, prompt: "Prompt") -> str:
        """Why this agent will not take on the prompt, whatever is tried: a sentence. Empty: it may."""

    def serves(self, prompt: "Prompt") -> bool:
        """False when this process cannot take on what the prompt asks for: another one has to be started."""

    def farewell(self, code: int | None) -> str:
        """Why the agent is gone and what to do: for a turn whose prompt it never got."""

    def feed(self, line: Line) -> Sequence[Output]:
        """Translates one line. Never raises for what the line says: what is not understood becomes an `unknown` item.

        `exit` closes everything: open items come out `incomplete`, the turn ends with the exit code and last stderr.
        """

    def carry(self) -> bytes:
        """What a fold that starts here must know (small, JSON)."""

    def start(self) -> Sequence[Write]:
        """The handshake, as far as it can be written now. Asked again after each line until `ready`."""

    def prompt(self, prompt: Prompt) -> Sequence[Write]:
        """What is to be written for it next. Asked again after each line until the prompt itself is on the tape."""

    def steer(self, steer: Steer) -> Sequence[Write]:
        """Hands a message to the agent while it works; nothing when its protocol cannot, or cannot now.

        Once the agent has it, `MessageSteered` comes out of the fold. Asked again after each line until then.
        """

    def answer(self, answer: Answer) -> Sequence[Write]:
        """Nothing when the request is not open any more."""

    def stop(self, turn: str) -> Sequence[Write]:
        """Asks the agent to stop; nothing when its protocol cannot."""


@runtime_checkable
class Adjustable(Protocol):
    """An adapter whose agent can be told in the middle of a turn how to go on."""

    def adjust(self, model: str | None, mode: Mode) -> Sequence[Write]:
        """What is to be written so that it works like that; nothing when it does, or when it will not.

        Asked again after each line of a turn.
        """


@runtime_checkable
class Lingering(Protocol):
    """An adapter whose agent may say things outside a turn whose end no line tells: its silence is their end."""

    @property
    def lingers(self) -> int | None:
        """Until when such things stay open unless more comes, microseconds since the epoch; None: there are none.

        Then the fold is told so: `noted:quiet-` and this time.
        """


@runtime_checkable
class Closing(Protocol):
    """An adapter whose agent likes to be told before its process ends. Others are just ended."""

    @property
    def modes(self) -> Sequence[Mode] | None:
        """Those of ours that it can work in; None: that is not known yet."""

    def close(self, *, forget: bool = False) -> Sequence[Write]:
        """The session is not needed any more in this process; `forget`: nor in any other, where it can forget one.

        Nothing when the agent cannot be told so, or works.
        """


class SlashCommand(Struct, frozen=True, array_like=True):
    """Something that an agent does when a message begins with `/name`."""

    name: str
    about: str = ""
    """What it does, in a line."""
    hint: str = ""
    """What may follow the name."""


class Way(Struct, frozen=True, array_like=True):
    """How something of an agent's session is set, as it said of one of its sessions."""

    setting: str
    """`mode`, `model`, or the id of an option that our modes set."""
    option: str = ""
    """The agent's id of it where it is an option; empty: it is set by a method of its own."""
    values: tuple[str, ...] = ()
    """Those that our modes want. None of a model."""


@runtime_checkable
class Remembering(Protocol):
    """An adapter whose agent need not say again, of a session that is taken up, how its mode is set: `Prompt.ways`."""

    @property
    def ways(self) -> Sequence[Way]:
        """Nothing while it has not said."""


@runtime_checkable
class Attaching(Protocol):
    """An adapter whose agent takes files with a message. To every other no message with files is given."""

    @property
    def pictures(self) -> bool:
        """Its agent takes pictures, as far as is known; texts are taken in any case."""


@runtime_checkable
class Resuming(Protocol):
    """An adapter whose agent may not be able to take a session up again in another process. All others can."""

    @property
    def resumes(self) -> bool:
        """It can, as far as is known."""


@runtime_checkable
class Commanded(Protocol):
    """An adapter whose agent says which slash commands it has."""

    @property
    def slash_commands(self) -> Sequence[SlashCommand]:
        """Nothing while it has not said."""


class Option(Struct, frozen=True):
    """A setting beside model and mode that an agent offers, such as how long it thinks."""

    id: str
    """As the agent calls it when it is set."""
    name: str
    """For people."""
    choices: tuple[tuple[str, str], ...]
    """Values, each with its name for people."""
    own: str
    """What it has when nobody chooses."""


@runtime_checkable
class Optioned(Protocol):
    """An adapter whose agent has such settings."""

    @property
    def options(self) -> Sequence[Option]:
        """Nothing while it has not said."""

    @property
    def own_model(self) -> str:
        """The model that it has when nobody chooses; empty: not known."""


class Dialect(Protocol):
    """A module of `agentguid.agents`: how one protocol is started and translated."""

    def argv(self, binary: str, launch: Launch) -> list[str]:
        """The command line. Not for the event loop: it may look at the agent's own settings."""

    def adapter(self, host: str, launch: Launch, carry: bytes | None = None) -> Adapter:
        """Raises msgspec.DecodeError, and nothing else, for a `carry` of another version: fold from the beginning."""
