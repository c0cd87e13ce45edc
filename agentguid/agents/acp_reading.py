"""A tape of an agent that speaks ACP, line by line: what each says, and what it leaves open."""

import zlib
from typing import Any

import msgspec

from agentguid.agents import acp_errors as errors
from agentguid.agents import acp_turns as turns
from agentguid.agents import acp_wire as wire
from agentguid.agents.acp_answers import Answers
from agentguid.agents.acp_requests import QUIET, Requests
from agentguid.agents.acp_texts import words
from agentguid.agents.base import Fact, Line, Output
from agentguid.agents.exits import STDERR
from agentguid.agents.jsonl import FAILURE, NotUnderstoodError, mapping, mark_of, text_of
from agentguid.agents.jsonrpc_lines import LAST_PART
from agentguid.agents.slash import command, encoded
from agentguid.protocol.events import HostEnded, ItemAdded, TurnEnded
from agentguid.protocol.ids import item_id
from agentguid.protocol.items import Body, ItemKind, Mode

SETTLED = wire.CurrentMode | wire.Options | wire.Used | wire.Commands
"""What holds also while an earlier session is told again."""
NOTED = 0x8000
"""Part of the ids of what begins in an input without bytes: the next record begins at the same place."""
OURS: dict[str, Mode] = {"accept_edits": "accept_edits", "bypass": "bypass", "plan": "plan"}


class Reading(Answers, Requests):
    """The half of the adapter that reads."""

    def _understand(self, data: bytes, out: list[Output]) -> None:
        message = wire.read(data)
        if message.method and message.id:
            self._request(message, out)
        elif message.method:
            self._told(message, out)
        else:
            self._answered(message, out)

    # -- what the agent tells -----------------------------------------------------------------------------------------
    def _told(self, message: wire.Envelope, out: list[Output]) -> None:
        if message.method == "session/update":
            self._update(wire.update(message.params), out)
        elif message.method == "$/cancel_request":
            identity = msgspec.json.encode(mapping(wire.value(message.params)).get("requestId"))
            self._taken_back(identity, out)
        elif not message.method.startswith((*QUIET, "$/", "elicitation/complete")):
            raise NotUnderstoodError(f"notification {message.method}"[:200])

    def _update(self, told: wire.Session, out: list[Output]) -> None:
        state, update = self.state, told.update
        if state.session and told.session and told.session != state.session:
            raise NotUnderstoodError("an update of another session")
        if not state.replaying or isinstance(update, SETTLED):
            self._take(update, out)

    def _take(self, update: wire.Update, out: list[Output]) -> None:
        state = self.state
        match update:
            case wire.Said():
                turns.counted(state, update.meta)
                if not self._remark(update, out):
                    self._said("message", update, out)
            case wire.Thought():
                self.flush(out)
                self._said("thought", update, out)
            case wire.ToolCall() | wire.ToolCallUpdate():
                self.flush(out)
                if update.id not in self.calls.open and mark_of(update.id) not in state.done:
                    self.texts.close(out)
                if call := self.calls.told(update, out):
                    call.at = self._at
            case wire.Plan(entries=entries):
                self._plan(msgspec.json.encode({"entries": entries}).decode(), "application/json", out)
            case wire.PlanUpdate(plan=plan):
                self._one_plan(mapping(plan), out)
            case wire.CurrentMode():
                self.now_in(update.mode, out)
            case wire.Options():
                self.options_are(update.options, out)
            case wire.Used():
                turns.used(state, update.used, update.size, update.cost)
            case wire.Info():
                status = mapping(mapping(mapping(update.meta).get("codex")).get("threadStatus"))
                state.failing = state.failing or text_of(status.get("type")) == "systemError"
            case wire.Commands():
                found = (
                    command(one.name, one.description, mapping(one.input).get("hint"))
                    for one in wire.commands(update.listed)
                )
                state.slash = encoded(found)
            case wire.Echo() | wire.PlanRemoved():
                pass

    def _said(self, kind: ItemKind, update: wire.Chunk, out: list[Output]) -> None:
        self.texts.add(kind, update, self.state.turn, self.calls.parent(update.meta), out, self._at)

    def _one_plan(self, plan: dict[str, Any], out: list[Output]) -> None:
        if isinstance(entries := plan.get("entries"), list):
            self._plan(msgspec.json.encode({"entries": entries}).decode(), "application/json", out)
        elif text := text_of(plan.get("content")) or text_of(plan.get("uri")):
            self._plan(text, "text/markdown", out)

    def _plan(self, text: str, type_: str, out: list[Output]) -> None:
        """Told whole each time; worth showing when it is another."""
        mark = zlib.crc32(text.encode())
        if mark != self.state.plan:
            self.state.plan = mark
            self.texts.close(out)
            body = Body(text, type_)
            out.append(Fact(ItemAdded(item=self._item(), turn=self.state.turn, kind="plan", body=body)))

    def _remark(self, update: wire.Said, out: list[Output]) -> bool:
        """What some agents write as if the model had said it: their own remarks, and errors."""
        text, entry, state = words(update.content), self.entry, self.state
        if state.failing and text.strip():
            self.texts.close(out)
            state.failure_item = state.failure_item or self._item()
            state.failure = (state.failure + text)[:FAILURE]
            return True
        if text:
            self.flush(out)
        fresh = self.texts.open is None or self.texts.open.kind != "message"
        if entry.remarks and text.startswith(entry.remarks):
            self.texts.close(out)
            out.append(self.notice(text.removeprefix(entry.remarks), "warning"))
            return True
        if entry.errors and text.startswith(entry.errors) and fresh and len(text) <= FAILURE:
            self.texts.close(out)
            state.failure, state.failure_item = text, self._item()
            return True
        return False

    # -- what we wrote ------------------------------------------------------------------------------------------------
    def _in(self, line: Line, out: list[Output]) -> None:
        kind, _, of = (line.id or "").partition(":")
        message, params = self._ours(line.data)
        if kind == "noted":
            self._part = NOTED
        match kind:
            case "prompt":
                self.texts.close(out)
                self._prompted(of, params, line.at)
                self.unasking(out)
            case "answer":
                self.over(f"answer:{of}", message)
                outcome = mapping(mapping(self.plain(message.result)).get("outcome"))
                self.asks.answered(of, text_of(outcome.get("optionId")))
            case "serve" | "auto":
                self.over(f"{kind}:{of}", message)
            case "noted" if of.startswith("outside-"):
                self.looked(of.removeprefix("outside-"), out)
            case "noted":
                self.noted(of, out)
            case "stop" if of == self.state.turn:
                self.state.stopping = True
                self.asks.withdraw("The turn was stopped.", out, keep=True)
                self.stops(out)
        if message.method and message.id and kind in ("prompt", "start", "close"):
            turn = of if kind == "prompt" else of.partition("-")[2] if kind == "start" else ""
            self.sent(wire.number_of(message.id), message.method, turn, params)

    def _ours(self, data: bytes) -> tuple[wire.Envelope, dict[str, Any]]:
        """A line that we wrote, with its parameters; nothing of one that a tape has damaged."""
        try:
            message = wire.read(data)
        except NotUnderstoodError:
            return wire.Envelope(), {}
        return message, mapping(self.plain(message.params))

    def _prompted(self, turn: str, params: dict[str, Any], at: int) -> None:
        state = self.state
        state.turn, state.begun, state.stopping, state.replaying = turn, at, False, False
        mode = mapping(mapping(params.get("_meta")).get("agentguid")).get("mode")
        state.mode = OURS.get(text_of(mode), "ask")
        state.before = state.cost if state.costs or not self.launch.resume else None
        state.spent, state.stderr_size = [], 0

    # -- the end ------------------------------------------------------------------------------------------------------
    def _exit(self, line: Line, out: list[Output]) -> None:
        state = self.state
        out += state.unknown.end(item_id(self.host, line.offset, LAST_PART), state.turn)
        self.flush(out)
        self.texts.close(out, incomplete=state.turn is not None)
        self.calls.abandon(out)
        self.asks.withdraw(f"{self.entry.name} ended.", out)
        self.open_errands.clear()
        self.identities.clear()
        self.unlooked.clear()
        state.unstarted = " ".join(line.data[:STDERR].decode("utf-8", "replace").split())
        if state.turn:
            self.complaints(out)
            out.append(Fact(self._cut_short(state.turn, line.code)))
            self.turn_is_over()
        words = state.stderr[-STDERR:] or state.unstarted or state.said
        out.append(Fact(HostEnded(host=self.host, code=line.code, stderr=words)))
        state.step, state.sent = "new", {}

    def farewell(self, code: int | None) -> str:
        """Why the agent is gone and what to do, in a sentence: also for a turn whose prompt it never got."""
        return self.state.broken or errors.ended(self.entry, code, self.state)

    def _cut_short(self, turn: str, code: int | None) -> TurnEnded:
        if self.state.stopping:
            return TurnEnded(turn=turn, outcome="interrupted")
        error = self.farewell(code)
        return TurnEnded(turn=turn, outcome="interrupted" if code is None else "error", error=error)
