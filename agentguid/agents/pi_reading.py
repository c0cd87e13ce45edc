"""A tape of `pi --mode rpc`, line by line: what each says, and what it leaves open."""

from agentguid.agents import pi_errors as errors
from agentguid.agents import pi_turns as turns
from agentguid.agents import pi_wire as wire
from agentguid.agents import pi_write as write
from agentguid.agents.base import Fact, Line, Output, Write
from agentguid.agents.exits import STDERR
from agentguid.agents.jsonl import NotUnderstoodError, count, mapping, plain, text_of
from agentguid.agents.jsonrpc_lines import LAST_PART
from agentguid.agents.pi_answers import Answers
from agentguid.agents.pi_asks import DIALOGS
from agentguid.agents.pi_state import STEERS
from agentguid.protocol.events import HostEnded, MessageSteered, TurnEnded
from agentguid.protocol.ids import item_id
from agentguid.protocol.items import Level

QUIET = ("turn_start", "turn_end", "session_info_changed", "thinking_level_changed")
"""Understood, and nothing to show."""
QUIET_UI = ("setStatus", "setWidget", "setTitle", "set_editor_text")
LEVELS: dict[str, Level] = {"warning": "warning", "error": "error"}


class Reading(Answers):
    """The half of the adapter that reads."""

    def _understand(self, data: bytes, out: list[Output]) -> None:
        line = wire.read(data)
        match line.type:
            case "response":
                self._answered(line, out)
            case "message_update":
                if line.update is None or not self.items.update(line.update, out):
                    raise NotUnderstoodError("a piece of an answer")
            case "message_start" | "message_end":
                self._message(line, out, begins=line.type == "message_start")
            case "tool_execution_start":
                self.items.started(line, out)
            case "tool_execution_update":
                self.items.printed(line)
            case "tool_execution_end":
                self.items.finished(line, out)
            case "extension_ui_request":
                self._dialog(line, out)
            case "queue_update":
                self._queue(line, out)
            case _:
                self._told(line, out)

    def _told(self, line: wire.Line, out: list[Output]) -> None:
        """How the work goes."""
        state = self.state
        match line.type:
            case "agent_start":
                state.running, state.waits, state.compacted, state.probe = True, False, False, ""
            case "agent_end":
                state.running = False
                self.items.abandon(out)
                self.probe(out)
            case "auto_retry_start":
                state.waits, state.failure = True, ""
                said = errors.retrying(text_of(line.why), count(line.attempt), count(line.attempts))
                out.append(self.notice(said, "warning"))
            case "auto_retry_end":
                state.waits = False
                if line.success is not True:
                    state.failure = state.failure or text_of(line.final)[:STDERR]
                    self.probe(out)
            case "compaction_start":
                state.waits = True
            case "compaction_end":
                self._compacted(line, out)
            case "extension_error":
                where = text_of(line.path).rpartition("/")[2] or "an extension"
                said = f"An extension of {self.entry.name} failed ({where}, {text_of(line.event)}): {text_of(line.error)}"
                out.append(self.notice(said[:2000], "warning"))
            case _ if line.type not in QUIET:
                raise NotUnderstoodError(f"a line of type {line.type}"[:200])

    def _compacted(self, line: wire.Line, out: list[Output]) -> None:
        state = self.state
        state.waits = line.again is True
        done = bool(mapping(wire.value(line.result)))
        if done:
            state.compacted, state.failure = True, "" if state.waits else state.failure
            out.append(self.notice("To make room the conversation was replaced by a summary."))
        elif line.aborted is not True and text_of(line.why):
            out.append(self.notice(text_of(line.why)[:2000], "warning"))
        if not state.waits:
            self.probe(out)

    def _message(self, line: wire.Line, out: list[Output], *, begins: bool) -> None:
        message = mapping(wire.value(line.message))
        role = text_of(message.get("role"))
        if role == "assistant" and begins:
            self.items.began(out)
        elif role == "assistant":
            self.items.ended(message, out)
            turns.answered(self.state, message)
        elif role == "custom" and not begins and message.get("display") is True:
            text = text_of(message.get("content"))[:2000]
            if text:
                out.append(self.notice(text))
        elif not role:
            raise NotUnderstoodError("a message without a role")

    def _queue(self, line: wire.Line, out: list[Output]) -> None:
        """Messages that wait. Those that went are in the thread now, in the order in which they came."""
        state = self.state
        now = len(line.steering) if isinstance(line.steering, list) else 0
        for _ in range(min(max(state.queued - now, 0), len(state.steers))):
            message = state.steers.pop(0)
            if state.turn:
                out.append(Fact(MessageSteered(turn=state.turn, message=message)))
        state.queued = now

    def _dialog(self, line: wire.Line, out: list[Output]) -> None:
        method = text_of(line.method)
        if method in DIALOGS:
            approval = self._item()
            try:
                answer = self.asks.ask(approval, line, out)
            except NotUnderstoodError:
                out.append(Write(f"auto:{self._offset}", write.cancelled(text_of(line.id))))
                raise
            if answer is not None:
                out.append(Write(f"auto:{self._offset}", answer))
        elif method == "notify":
            text = text_of(wire.value(line.message))[:2000]
            out.append(self.notice(text or "(nothing)", LEVELS.get(text_of(line.level), "info")))
        elif method not in QUIET_UI:
            raise NotUnderstoodError(f"a dialog {method}"[:200])

    # -- what we wrote ------------------------------------------------------------------------------------------------
    def _in(self, line: Line, out: list[Output]) -> None:
        state = self.state
        kind, _, of = (line.id or "").partition(":")
        match kind:
            case "start":
                state.started = True
                self._asked(line.data)
            case "prompt":
                state.turn, state.begun, state.taken = of, line.at, False
                state.running = state.waits = False
                state.stopping, state.failure, state.reason, state.probe = False, "", "", ""
                state.spent, state.cost, state.steers, state.stderr_size = [], 0.0, [], 0
            case "answer":
                self.asks.answered(of)
            case "steer" if state.turn:
                state.steers = [*state.steers, of][-STEERS:]
            case "stop" if of == state.turn:
                state.stopping = True
                self.asks.withdraw("The turn was stopped.", out, keep=True)

    def _asked(self, data: bytes) -> None:
        """Part of the handshake, or a mode."""
        try:
            message = text_of(plain(data).get("message"))
        except NotUnderstoodError:
            return
        if message.startswith(f"/{write.GATE} "):
            self.state.modes += 1
            self.state.asked = message.partition(" ")[2][:20]

    # -- the end ------------------------------------------------------------------------------------------------------
    def _exit(self, line: Line, out: list[Output]) -> None:
        state = self.state
        out += state.unknown.end(item_id(self.host, line.offset, LAST_PART), state.turn)
        self.items.abandon(out)
        self.asks.withdraw(f"{self.entry.name} ended.", out)
        state.unstarted = " ".join(line.data[:STDERR].decode("utf-8", "replace").split())
        if not state.known and self.launch.resume:
            state.lost = errors.lost(state.stderr, state.said)
        if state.turn:
            error = None if state.stopping else self.farewell(line.code)
            broken_off = state.stopping or line.code is None
            outcome = TurnEnded(
                turn=state.turn, outcome="interrupted" if broken_off else "error", error=error
            )
            out.append(Fact(outcome))
            self.turn_is_over()
        words = state.stderr[-STDERR:] or state.unstarted or state.said
        out.append(Fact(HostEnded(host=self.host, code=line.code, stderr=words)))
        state.started = state.known = state.listed = state.running = False

    def farewell(self, code: int | None) -> str:
        """Why the agent is gone and what to do, in a sentence: also for a turn whose prompt it never got."""
        return self.state.broken or errors.ended(self.entry, code, self.state)
