"""What the parts of the Codex adapter share: its state, and what is open in it."""

from agentguid.agents import exits
from agentguid.agents.base import Fact, Launch, Output
from agentguid.agents.codex_asks import Asks
from agentguid.agents.codex_items import Items
from agentguid.agents.codex_state import SENT, STEERS, State
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import brief, carried
from agentguid.agents.jsonrpc_lines import Lines
from agentguid.protocol.events import ItemAdded, SessionIdentified
from agentguid.protocol.items import Body, Level


class Session(Lines):
    def __init__(self, entry: Entry, host: str, launch: Launch, carry: bytes | None = None) -> None:
        self.entry = entry
        self.host = host
        self.launch = launch
        self.state: State = State(planning=bool(launch.resume)) if carry is None else carried(carry, State)
        self.items = Items(self.state, self._item)
        self.asks = Asks(self.state, launch.cwd)
        self._offset = 0
        self._part = 0
        self._at = 0

    def notice(self, text: str, level: Level = "info", parent: str | None = None) -> Fact:
        turn = self.state.turn
        added = ItemAdded(
            item=self._item(), turn=turn, kind="notice", body=Body(text), level=level, parent=parent
        )
        return Fact(added)

    def identified(self) -> Fact:
        """Which thread it is, and with which model."""
        state = self.state
        return Fact(SessionIdentified(host=self.host, session=state.thread, model=state.model or None))

    def main(self, thread: str) -> bool:
        """Whether it is the conversation itself and no sub-agent's."""
        return thread in ("", self.state.thread)

    def sent(self, name: str, method: str) -> None:
        """A request of ours is on the tape."""
        state = self.state
        if method in ("thread/start", "thread/resume"):
            state.sessions += 1
        state.sent[brief(name)] = brief(method)
        if len(state.sent) > SENT:
            del state.sent[next(iter(state.sent))]

    def steering(self, message: str) -> None:
        """A message is on the tape that shall go into the turn."""
        self.state.steers = [*self.state.steers, message][-STEERS:]

    def complaints(self, out: list[Output]) -> None:
        if said := exits.complaint(self.entry.name, self.state):
            out.append(self.notice(said, "warning"))

    def turn_is_over(self) -> None:
        state = self.state
        state.turn, state.theirs, state.stopping, state.mode = None, "", False, "ask"
        state.steers, state.prompted, state.stderr_size = [], False, 0
