"""What an agent's own history comes to: facts with the time and the line they come from.

A history is told line by line, in order. Everything that must be known between two lines is the `State`, which is
kept with the place in the file, so that a telling goes on where it was. The ids of turns and items are made from the
source, the session and the ids in the file: the same line is the same item, however often it is told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Protocol

import msgspec
from msgspec import Struct, field

from agentguid.protocol.events import Event, ItemAdded, ToolFinished, ToolStarted, TurnEnded, TurnStarted
from agentguid.protocol.ids import turn_of
from agentguid.protocol.items import Body, ItemKind, Level, Outcome, Usage

CALLS = 1000
"""So many unanswered tool calls are remembered."""
SHOWN = 200
"""Lines of one session that are shown although they are not understood; the others are counted."""
LONGEST = 64 * 1024
"""Bytes of such a line that are shown; the file has the rest."""
SILENT = 3600 * 1_000_000
"""Microseconds without a word after which a tool call counts as cut short, until its result comes after all."""
FOR_GOOD = 24 * SILENT
"""Microseconds without a word after which a turn without an end will not get one."""


class Session(Struct, frozen=True):
    """One session that an agent has written down. Times are microseconds since the epoch."""

    source: str
    """Catalogue id of the agent."""
    id: str
    """The agent's own."""
    path: str
    size: int
    changed: int
    cwd: str = ""
    title: str = ""
    """Its first prompt, or its name."""
    began: int = 0
    name: str = ""
    """What its agent calls it, where a list of the agent's says so."""

    @property
    def key(self) -> tuple[str, str]:
        """A database holds many sessions."""
        return self.path, self.id


class Told(Struct, frozen=True, gc=False):
    """Something that happened."""

    event: Event
    at: int
    line: str
    """Id of the line that says so."""


class Ours(Protocol):
    """What we did ourselves in a session: its history tells of it again."""

    def did(self, names: Sequence[str], at: int, *, sure: bool) -> bool | None:
        """Whether a turn is one of ours, by ids that the agent gave to what it said; None: not to be said yet.

        `sure`: its protocol tells the same ids, so that what is not known by them is not ours.
        """

    def ran(self, at: int) -> bool:
        """Whether a turn of ours was open at that time."""


class Spent(Struct, omit_defaults=True):
    """Tokens of the open turn."""

    input: int = 0
    output: int = 0
    read: int = 0
    written: int = 0
    used: int = 0
    """In the model's context after its last answer."""
    window: int = 0

    def usage(self) -> Usage | None:
        if not (self.input or self.output or self.used):
            return None
        used, window = self.used or None, self.window or None
        return Usage(self.input, self.output, self.read, self.written, window, used)


class State(Struct, omit_defaults=True):
    """All that must be known between two lines. Small: it is kept with every batch."""

    turn: str | None = None
    began: int = 0
    at: int = 0
    """The latest time that was read."""
    before: int = 0
    """The time that was read before it."""
    calls: dict[str, str] = field(default_factory=dict)
    """The agent's ids of tool calls without a result → item."""
    late: dict[str, str] = field(default_factory=dict)
    """Those of them, since the last prompt, that were told to be cut short."""
    spent: Spent = field(default_factory=Spent)
    answer: str = ""
    """The model's last answer, whose tokens are counted."""
    done: bool = False
    """The agent said its last word in this turn."""
    failure: str = ""
    model: str = ""
    cwd: str = ""
    cost: float = 0.0
    """US dollars of the session so far."""
    billed: float = 0.0
    """Of these, what turns that ended have told."""
    ours: bool = False
    """The turn is one that we ran: the log has it."""
    unknown: int = 0
    more: dict[str, Any] = field(default_factory=dict)
    """What only one source needs."""


def decode(carry: bytes) -> State:
    """Raises msgspec.DecodeError for what this version did not write."""
    return msgspec.json.decode(carry, type=State)


class Story:
    """Collects what is told. A source's reader is one that knows what its lines mean."""

    SOURCE = ""

    def __init__(self, session: str, state: State, ours: Ours | None = None) -> None:
        self.session = session
        self.state = state
        self._line, self._items = "", 0
        self.out: list[Told] = []
        self.open = False
        """The last prompt may be ours or not: nothing since it may be taken yet."""
        self._ours = ours

    @property
    def line(self) -> str:
        """Id of the line that is being read. Set it once for each."""
        return self._line

    @line.setter
    def line(self, name: str) -> None:
        self._line, self._items = name, 0

    def feed(self, data: bytes, offset: int) -> None:
        """Reads one line. Never raises for what it says."""
        raise NotImplementedError

    def take(self) -> list[Told]:
        """What has come together; nothing while it is open whether it is to be told."""
        if self.open:
            return []
        out, self.out = self.out, []
        return out

    def end(self, now: int) -> None:
        """The file has no more for now."""
        self.settle((), final=True)
        state, quiet = self.state, now - self.state.at
        if state.turn and (state.done or state.failure or quiet > FOR_GOOD):
            self.end_turn()
        elif quiet > SILENT:
            for call in list(state.calls):
                self._unanswered(call)

    @property
    def again(self) -> int:
        """When `end` says more although the file has not changed, microseconds since the epoch; 0: never."""
        if self.state.calls:
            return self.state.at + SILENT + 1
        return self.state.at + FOR_GOOD + 1 if self.state.turn else 0

    # -- what happened ------------------------------------------------------------------------------------------------
    def time(self, value: Any) -> None:
        """The time of this line. Never back: the order of the file is the order of what happened."""
        state = self.state
        state.before, state.at = state.at, max(state.at, micros(value))

    def tell(self, event: Event) -> None:
        if not self.state.ours:
            self.out.append(Told(event, self.state.at, self.line))

    def prompt(self, text: str) -> None:
        """A new turn; what the turn before left open is closed."""
        state = self.state
        if state.turn:
            self.end_turn(at=state.before)  # the next word may have come days later
        self.settle((), final=True)
        state.late.clear()
        state.ours, state.done, state.failure = False, False, ""
        message = self.name("m", self.line)
        state.turn, state.began, state.spent, state.answer = turn_of(message), state.at, Spent(), ""
        body, cwd, model = Body(text), state.cwd or "/", state.model or None
        self.open = self._ours is not None
        self.tell(
            TurnStarted(
                turn=state.turn,
                message=message,
                body=body,
                agent=self.SOURCE,
                cwd=cwd,
                model=model,
                imported=True,
            )
        )

    def settle(self, names: Sequence[str], *, final: bool = False, sure: bool = True) -> None:
        """Whether the turn that is told is one of ours, as far as the ids `names` say it."""
        if not self.open or self._ours is None:
            return
        did = self._ours.did(names, self.state.began, sure=sure)
        if did is None and final:
            did = self._ours.ran(self.state.began)
        if did is None:
            return
        self.open, self.state.ours = False, did
        if did:
            self._forget()

    def _forget(self) -> None:
        """What has been told since the prompt is in the log already."""
        begun = next(
            place
            for place in range(len(self.out) - 1, -1, -1)
            if isinstance(event := self.out[place].event, TurnStarted) and event.turn == self.state.turn
        )
        del self.out[begun:]
        self.state.calls.clear()

    def add(
        self,
        kind: ItemKind,
        body: Body,
        parent: str | None = None,
        level: Level = "info",
        incomplete: bool = False,
    ) -> None:
        self.tell(
            ItemAdded(
                item=self.name("i", self.line, self._part()),
                turn=self.state.turn,
                kind=kind,
                body=body,
                level=level,
                parent=parent,
                incomplete=incomplete,
            )
        )

    def notice(self, text: str, level: Level = "info", parent: str | None = None) -> None:
        if text.strip():
            self.add("notice", Body(text), parent, level)

    def unknown(self, data: bytes, why: str) -> None:
        """A line that is not understood is shown, but not without bound."""
        self.state.unknown += 1
        if self.state.unknown > SHOWN:
            return
        text = f"Not understood ({why}):\n{data[:LONGEST].decode('utf-8', 'replace')}"
        if len(data) > LONGEST:
            text += f"\n… and {len(data) - LONGEST} bytes more, which are in the file."
        if self.state.unknown == SHOWN:
            text += "\n\nMore lines of this session that are not understood are left out."
        self.add("unknown", Body(text))

    def call(self, call: str, name: str, given: Body, parent: str | None = None) -> None:
        calls, item = self.state.calls, self.item_of(call)
        if call in calls:
            return
        if len(calls) >= CALLS:
            self._unanswered(next(iter(calls)))
        calls[call] = item
        turn = self.state.turn
        self.tell(ToolStarted(item=item, turn=turn, name=name or "tool", input=given, parent=parent))

    def result(self, call: str, output: Body, failed: bool = False) -> bool:
        """False when there was no such call, or it has its result."""
        item = self.state.calls.pop(call, None) or self.state.late.pop(call, None)
        if item is None:
            return self.state.ours
        self.tell(ToolFinished(item=item, output=output, failed=failed))
        return True

    def end_turn(self, outcome: Outcome | None = None, at: int = 0) -> None:
        """Closes the turn: as it went, as far as that can be seen."""
        state = self.state
        if state.turn is None:
            return
        self.settle((), final=True)  # and `ours` stays: what comes without a prompt belongs to the last one
        over = at or state.at
        for call in list(state.calls):
            self._unanswered(call, over)
        outcome = outcome or ("error" if state.failure else "complete" if state.done else "interrupted")
        cost = state.cost - state.billed
        ended = TurnEnded(
            turn=state.turn,
            outcome=outcome,
            error=state.failure or None,
            usage=state.spent.usage(),
            cost=cost if cost > 0 else None,
            duration=max(0, over - state.began) // 1000,
        )
        if not state.ours:
            self.out.append(Told(ended, over, self.line))
        state.turn, state.billed, state.done, state.failure = None, state.cost, False, ""

    def _unanswered(self, call: str, at: int = 0) -> None:
        item, late = self.state.calls.pop(call), self.state.late
        if len(late) < CALLS:
            late[call] = item
        finished = ToolFinished(item=item, output=Body(""), incomplete=True)
        if not self.state.ours:
            self.out.append(Told(finished, at or self.state.at, self.line))

    # -- names --------------------------------------------------------------------------------------------------------
    def name(self, *parts: str) -> str:
        """An id that is the same each time. Its first part, a letter, says what it is of."""
        return parts[0] + digest(self.SOURCE, self.session, *parts)

    def item_of(self, call: str) -> str:
        """The item of a tool call, by the agent's id of the call."""
        return self.name("c", call)

    def _part(self) -> str:
        """Counts the items of one line."""
        self._items += 1
        return str(self._items)


def digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()


def conversation_id(source: str, session: str) -> str:
    """The conversation that a session becomes which has none."""
    return "h" + digest(source, session)[:19]


def micros(value: Any) -> int:
    """Microseconds since the epoch of an ISO time or of milliseconds; 0 for what is neither."""
    if isinstance(value, str):
        try:
            return max(0, int(datetime.fromisoformat(value).timestamp() * 1_000_000))
        except (ValueError, OverflowError):
            return 0
    if type(value) in (int, float) and 0 < value < 2**53 / 1000:
        return int(value * 1000)
    return 0


def one_line(text: str, most: int = 200) -> str:
    """The first line that says something."""
    line = " ".join(text.strip()[: 4 * most].partition("\n")[0].split())
    line = "".join(character for character in line if character.isprintable())
    return line if len(line) <= most else line[: most - 1] + "…"


def whole(value: Mapping[str, Any] | list[Any]) -> Body:
    """A value as JSON."""
    return Body(msgspec.json.encode(value).decode(), "application/json")
