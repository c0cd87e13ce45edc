"""A tape of `codex app-server`, line by line: what each says, and what it leaves open."""

from typing import Any

from agentguid.agents import codex_errors as errors
from agentguid.agents import codex_modes as modes
from agentguid.agents import codex_wire as wire
from agentguid.agents import jsonrpc
from agentguid.agents.base import Fact, Line, Output
from agentguid.agents.codex_answers import Answers
from agentguid.agents.codex_requests import Requests
from agentguid.agents.codex_told import Told
from agentguid.agents.exits import STDERR
from agentguid.agents.jsonl import NotUnderstoodError, mapping, text_of
from agentguid.agents.jsonrpc import Envelope
from agentguid.agents.jsonrpc_lines import LAST_PART
from agentguid.protocol.events import HostEnded, ItemAdded, MessageSteered, TurnEnded
from agentguid.protocol.ids import item_id
from agentguid.protocol.items import Body, Mode

SPOKEN = (
    "item/agentMessage/delta",
    "item/plan/delta",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/textDelta",
)
PRINTED = "item/commandExecution/outputDelta"
QUIET_ITEMS = ("userMessage", "hookPrompt", "functionCallOutput", "subAgentActivity", "sleep")
"""Their words stand elsewhere, or they have none."""

UNASKING = (
    "{name} keeps working without asking until this turn ends. Stop it to have the new mode hold at once."
)


class Reading(Answers, Requests, Told):
    """The half of the adapter that reads."""

    def _understand(self, data: bytes, out: list[Output]) -> None:
        message = jsonrpc.read(data)
        if message.method and message.id:
            self._request(message, out)
        elif message.method in SPOKEN or message.method == PRINTED:
            piece = wire.delta(message.params, message.method)
            self.items.piece(piece.item, piece.delta, out, spoken=message.method != PRINTED)
        elif message.method in ("item/started", "item/completed"):
            self._of_item(message, out)
        elif message.method:
            self._told(message.method, mapping(jsonrpc.value(message.params)), out)
        else:
            self._answered(message, out)

    # -- items --------------------------------------------------------------------------------------------------------
    def _of_item(self, message: Envelope, out: list[Output]) -> None:
        told = wire.item(message.params, message.method)
        item, begins = told.item, message.method == "item/started"
        if item.type == "userMessage" and not begins and self.main(told.thread):
            self._echo(item, out)
        elif item.type in QUIET_ITEMS:
            return
        elif item.type in ("contextCompaction", "enteredReviewMode", "exitedReviewMode"):
            self._marked(item, out, begins=begins)
        elif not self.main(told.thread) and self.items.parent(told.thread) is None:
            raise NotUnderstoodError("an item of a thread that we do not know")
        elif begins:
            self.items.started(item, told.thread or self.state.thread, out)
        elif not self.items.completed(item, told.thread or self.state.thread, out):
            raise NotUnderstoodError(f"item of type {item.type}"[:200])

    def _echo(self, item: wire.Item, out: list[Output]) -> None:
        """The thread has a message of the user's now: first the prompt, then what was steered in."""
        state, name = self.state, text_of(item.client)
        if not state.prompted:
            state.prompted = True
            return
        message = name if name in state.steers else next(iter(state.steers), "") if not name else ""
        if message and state.turn:
            state.steers.remove(message)
            out.append(Fact(MessageSteered(turn=state.turn, message=message)))

    def _marked(self, item: wire.Item, out: list[Output], *, begins: bool) -> None:
        if item.type == "contextCompaction" and not begins:
            out.append(self.notice("To make room the conversation was replaced by a summary."))
        elif item.type == "enteredReviewMode" and begins:
            out.append(self.notice(f"Codex reviews: {text_of(item.review)[:500]}"))
        elif item.type == "exitedReviewMode" and not begins and text_of(item.review):
            body = Body(text_of(item.review), "text/markdown")
            added = ItemAdded(item=self._item(), turn=self.state.turn, kind="message", body=body)
            out.append(Fact(added))

    # -- what we wrote ------------------------------------------------------------------------------------------------
    def _in(self, line: Line, out: list[Output]) -> None:
        kind, _, of = (line.id or "").partition(":")
        message, params = self._ours(line.data)
        match kind:
            case "prompt":
                self._prompted(of, params, line.at)
            case "answer":
                self.asks.answered(of)
            case "auto":
                self.asks.looked(f"auto:{of}")
            case "noted" if of.startswith("outside-"):
                self.asks.outside(of.removeprefix("outside-"), out)
            case "steer" if self.state.turn:
                self.steering(of)
            case "stop" if of == self.state.turn:
                self.state.stopping = True
                self.asks.withdraw("The turn was stopped.", out, keep=True, thread=self.state.thread)
            case "start" if message.method == modes.CHANGE:
                self._adjusted(modes.marked(params), out)
        if message.method and message.id:
            self.sent(wire.name_of(message.id), message.method)

    def _ours(self, data: bytes) -> tuple[Envelope, dict[str, Any]]:
        """A line that we wrote, with its parameters; nothing of one that a tape has damaged."""
        try:
            message = jsonrpc.read(data)
            return message, mapping(jsonrpc.value(message.params))
        except NotUnderstoodError:
            return Envelope(), {}

    def _prompted(self, turn: str, params: dict[str, Any], at: int) -> None:
        state = self.state
        state.turn, state.theirs, state.begun = turn, "", at
        state.stopping, state.prompted, state.steers = False, False, []
        state.mode = modes.marked(params)
        state.unasking = state.mode == "bypass"
        mode = text_of(mapping(params.get("collaborationMode")).get("mode"))
        state.planning = mode == "plan" if mode else state.planning
        state.wanted_model = text_of(params.get("model"))[:200]
        state.effort_set = state.effort_set or "effort" in params
        state.spent, state.stderr_size = [], 0

    def _adjusted(self, mode: Mode, out: list[Output]) -> None:
        """What the user chose in the middle of the turn: from here on it answers, or he does."""
        state = self.state
        state.adjusted += 1
        if state.turn and state.unasking and mode != state.mode == "bypass":
            out.append(self.notice(UNASKING.format(name=self.entry.name), "warning"))
        state.mode = mode if state.turn else "ask"

    # -- the end ------------------------------------------------------------------------------------------------------
    def _exit(self, line: Line, out: list[Output]) -> None:
        state = self.state
        out += state.unknown.end(item_id(self.host, line.offset, LAST_PART), state.turn)
        self.items.abandon(out)
        self.asks.withdraw(f"{self.entry.name} ended.", out)
        state.unstarted = " ".join(line.data[:STDERR].decode("utf-8", "replace").split())
        if state.turn:
            self.complaints(out)
            out.append(Fact(self._cut_short(state.turn, line.code)))
            self.turn_is_over()
        words = state.stderr[-STDERR:] or state.unstarted or state.said
        out.append(Fact(HostEnded(host=self.host, code=line.code, stderr=words)))
        state.step, state.sent, state.working, state.running = "new", {}, [], []

    def farewell(self, code: int | None) -> str:
        """Why the agent is gone and what to do, in a sentence: also for a turn whose prompt it never got."""
        return self.state.broken or errors.ended(self.entry, code, self.state)

    def _cut_short(self, turn: str, code: int | None) -> TurnEnded:
        if self.state.stopping:
            return TurnEnded(turn=turn, outcome="interrupted")
        error = self.farewell(code)
        return TurnEnded(turn=turn, outcome="interrupted" if code is None else "error", error=error)
