"""What the parts of the Pi adapter share: its state, and what is open in it."""

from agentguid.agents import exits
from agentguid.agents import pi_turns as turns
from agentguid.agents import pi_write as write
from agentguid.agents.base import Fact, Launch, Output
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import carried
from agentguid.agents.jsonrpc_lines import Lines
from agentguid.agents.pi_asks import Asks
from agentguid.agents.pi_items import Items
from agentguid.agents.pi_state import State
from agentguid.protocol.events import ItemAdded, SessionIdentified
from agentguid.protocol.items import Body, Level


class Session(Lines):
    def __init__(self, entry: Entry, host: str, launch: Launch, carry: bytes | None = None) -> None:
        self.entry = entry
        self.host = host
        self.launch = launch
        self.state: State = State() if carry is None else carried(carry, State)
        self.items = Items(self.state, self._item)
        self.asks = Asks(self.state, self.items)
        self._offset = 0
        self._part = 0
        self._at = 0

    def notice(self, text: str, level: Level = "info") -> Fact:
        added = ItemAdded(
            item=self._item(), turn=self.state.turn, kind="notice", body=Body(text), level=level
        )
        return Fact(added)

    def identified(self) -> Fact:
        """Which session it is, and with which model."""
        state = self.state
        return Fact(SessionIdentified(host=self.host, session=state.session, model=state.model or None))

    def probe(self, out: list[Output]) -> None:
        """Asks whether Pi is through. What it does by itself next, it has said before it answers this."""
        if self.state.turn:
            self.state.probes += 1
            self.state.probe = f"probe:{self.state.probes}"
            out.append(write.state(f"auto:{self._offset}", self.state.probe))

    def over(self, out: list[Output]) -> None:
        """Pi is through with the prompt."""
        state = self.state
        if state.turn is None:
            return
        self.items.abandon(out)
        self.asks.withdraw("The turn ended.", out)
        if said := exits.complaint(self.entry.name, state):
            out.append(self.notice(said, "warning"))
        out.append(Fact(turns.ended(state.turn, self.entry, state, self._at)))
        self.turn_is_over()

    def turn_is_over(self) -> None:
        state = self.state
        state.turn, state.stopping, state.running, state.waits = None, False, False, False
        state.taken, state.probe, state.compacted, state.steers, state.stderr_size = False, "", False, [], 0
