"""What the parts of the ACP adapter share: its state, and what is open in it."""

from typing import Any

from msgspec import Raw

from agentguid.agents import acp_modes as modes
from agentguid.agents import acp_settings as settings
from agentguid.agents import acp_ways as ways
from agentguid.agents import acp_wire as wire
from agentguid.agents import exits
from agentguid.agents.acp_asks import Asks
from agentguid.agents.acp_calls import Call, Calls
from agentguid.agents.acp_state import SENT, Sent, State
from agentguid.agents.acp_texts import Texts
from agentguid.agents.base import Errand, Fact, Launch, Output
from agentguid.agents.entry import Entry
from agentguid.agents.jsonl import NotUnderstoodError, brief, carried, word
from agentguid.agents.jsonrpc_lines import Lines
from agentguid.protocol.events import ItemAdded, SessionIdentified
from agentguid.protocol.items import Body, Level


class Session(Lines):
    def __init__(self, entry: Entry, host: str, launch: Launch, carry: bytes | None = None) -> None:
        self.entry = entry
        self.host = host
        self.launch = launch
        self.state: State = State() if carry is None else carried(carry, State)
        self.texts = Texts(self._item)
        self.calls = Calls(self.state, self._item, host)
        self.asks = Asks(self.state, launch.cwd)
        self.open_errands: dict[str, Errand] = {}
        self.identities: dict[str, bytes] = {}
        """Of the open errands: the JSON-RPC id of each."""
        self.unlooked: dict[str, tuple[str | None, Call | None, wire.Asked]] = {}
        """Edits that the user's mode allows, unless a file of theirs really lies elsewhere: by the errand that finds out."""
        self._offset = 0
        self._part = 0
        self._at = 0

    def plain(self, raw: Raw) -> Any:
        """Plain JSON of a line that we wrote; None of one that a tape has damaged."""
        try:
            return wire.value(raw)
        except NotUnderstoodError:
            return None

    def notice(self, text: str, level: Level = "info") -> Fact:
        turn = self.state.turn
        return Fact(ItemAdded(item=self._item(), turn=turn, kind="notice", body=Body(text), level=level))

    def identified(self) -> Fact:
        """Which session it is, and with which model."""
        model = self.state.settings.get(settings.MODEL)
        return Fact(
            SessionIdentified(
                host=self.host, session=self.state.session, model=model.current or None if model else None
            )
        )

    def sent(self, number: int | None, method: str, turn: str, params: dict[str, Any]) -> None:
        """A request of ours is on the tape."""
        state = self.state
        if number is None:
            return
        state.number = max(state.number, number)
        sent = Sent(brief(method), turn)
        match method:
            case "session/set_mode":
                sent.setting, sent.value = settings.MODE, brief(params.get("modeId"))
            case "session/set_model":
                sent.setting, sent.value = settings.MODEL, brief(params.get("modelId"))
            case "session/set_config_option":
                option = brief(params.get("configId"))
                found = (name for name, setting in state.settings.items() if setting.option == option)
                sent.setting, sent.value = next(found, option), brief(params.get("value"))
            case "session/new" | "session/load" | "session/resume":
                state.sessions += 1
                state.replaying = method != "session/new"
            case "authenticate":
                state.signed_in, state.step = True, "signing_in"
        if sent.setting:
            modes.tried(state, sent)
        state.sent[number] = sent
        if len(state.sent) > SENT:
            del state.sent[next(iter(state.sent))]

    def now_in(self, mode: str, out: list[Output]) -> None:
        """The agent is in this mode now, by its own account."""
        mode = word(mode)
        setting = self.state.settings.get(settings.MODE)
        if setting is None or setting.current == mode:
            return
        asked = any(sent.setting == settings.MODE and sent.value == mode for sent in self.state.sent.values())
        setting.current = mode
        settings.heard(self.state, settings.MODE)
        if self.state.turn and not asked:
            out.append(self.notice(f"{self.entry.name} works in another mode now: {mode[:100]}.", "warning"))

    def options_are(self, told: Any, out: list[Output]) -> None:
        before = self.state.settings.get(settings.MODE)
        settings.options(self.entry, self.state, told)
        after = self.state.settings.get(settings.MODE)
        if before and after and before.current != after.current:
            now, after.current = after.current, before.current
            self.now_in(now, out)

    def noted(self, what: str, out: list[Output]) -> None:
        """Told to the fold alone: that the agent is quiet, or that the user chose another mode while it works.

        What it asks from here on is answered by that mode.
        """
        state, known = self.state, {"ask", "accept_edits", "plan", "bypass"}
        if what.startswith("quiet-"):
            self._quiet(what, out)
            return
        if what.startswith(ways.NOTE):
            ways.noted(state, what.removeprefix(ways.NOTE))
            return
        state.notes += 1
        mode: Any = what.rpartition("-")[2]
        if state.turn is None or mode not in known:
            return
        state.mode, state.due = mode, dict(modes.wanted(self.entry, state, mode))
        self.unasking(out)
        environ = self.entry.environ
        if mode != "bypass" and environ.get(mode) != environ.get(self.launch.mode):
            text = f"{self.entry.name} learns only at its start what it has to ask: it does from the next turn on. Stop it to have that now."
            out.append(self.notice(text, "warning"))

    def unasking(self, out: list[Output]) -> None:
        """Whether it asks is up to the agent: said once of each process, in a turn in which it should."""
        if not self.state.warned and (warning := ways.unasking(self.entry, self.state)):
            self.state.warned = True
            out.append(self.notice(warning, "warning"))

    def _quiet(self, what: str, out: list[Output]) -> None:
        """The agent has said nothing for so long that what is open outside a turn is over."""
        told = what.removeprefix("quiet-")
        due = int(told) if told.isdigit() else 0
        if self.texts.due is not None and self.texts.due <= due:
            self.texts.close(out)
        if not self.asks.open:
            self.calls.late(due, out)

    def flush(self, out: list[Output]) -> None:
        """What looked like an error was none: more came after it."""
        state = self.state
        if state.failure and not state.failing:
            body = Body(state.failure, "text/markdown")
            item = ItemAdded(item=state.failure_item, turn=state.turn, kind="message", body=body)
            out.append(Fact(item))
            state.failure = state.failure_item = ""

    def complaints(self, out: list[Output]) -> None:
        if said := exits.complaint(self.entry.name, self.state):
            out.append(self.notice(said, "warning"))

    def turn_is_over(self) -> None:
        state = self.state
        state.turn, state.stopping, state.mode = None, False, "ask"
        state.failure = state.failure_item = ""
        state.granted, state.allowed, state.due = [], [], {}
        state.failing, state.stderr_size = False, 0
