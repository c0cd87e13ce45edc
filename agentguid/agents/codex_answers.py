"""Codex's answers to our requests: the handshake, the thread, the models, and the beginning of a turn."""

from typing import Any

from agentguid.agents import codex_errors as errors
from agentguid.agents import codex_wire as wire
from agentguid.agents import jsonrpc
from agentguid.agents.base import Fact, Output
from agentguid.agents.codex_modes import default_efforts, efforts
from agentguid.agents.codex_session import Session
from agentguid.agents.codex_state import EFFORT, ID, MODELS, NAME
from agentguid.agents.jsonl import NotUnderstoodError, mapping, objects, text_of
from agentguid.agents.jsonrpc import Envelope, Error
from agentguid.protocol.events import TurnEnded
from agentguid.protocol.items import Outcome


class Answers(Session):
    def _answered(self, message: Envelope, out: list[Output]) -> None:
        name = wire.name_of(message.id)
        method = self.state.sent.pop(name, None)
        if method is None:
            raise NotUnderstoodError("an answer to nothing that was asked")
        error = jsonrpc.error_of(message)
        result = {} if error else mapping(jsonrpc.value(message.result))
        match method:
            case "initialize":
                self._greeted(error)
            case "account/read":
                self._known(result, error)
            case "thread/start" | "thread/resume":
                self._begun(method, result, error, out)
            case "model/list":
                models = [
                    text_of(one.get("model")) for one in objects(result.get("data")) if not one.get("hidden")
                ]
                self.state.models = [one for one in models if 0 < len(one) <= NAME][:MODELS]
                self.state.options = efforts(objects(result.get("data")))
                self.state.efforts = default_efforts(objects(result.get("data")), self.state.models)
            case "turn/start":
                self._turn(result, error, out)
            case "turn/steer" if error:
                self._not_steered(name, error, out)

    def _greeted(self, error: Error | None) -> None:
        if error:
            self.state.broken = errors.not_begun(self.entry, error, "refused the handshake")
        else:
            self.state.step = "greeted"

    def _known(self, result: dict[str, Any], error: Error | None) -> None:
        """Versions that cannot say whether they are signed in say it when a turn fails."""
        self.state.step = "known"
        if error is None and result.get("account") is None and result.get("requiresOpenaiAuth") is True:
            self.state.broken = errors.signed_out(self.entry)

    def _begun(self, method: str, result: dict[str, Any], error: Error | None, out: list[Output]) -> None:
        state, name = self.state, self.entry.name
        if error:
            if method == "thread/resume" and errors.lost(error):
                state.anew = True
                text = f"{name} does not have this conversation any more. It begins anew, without memory."
                out.append(self.notice(text, "error"))
            else:
                what = (
                    "could not begin a thread"
                    if method == "thread/start"
                    else "could not take up this conversation"
                )
                state.broken = errors.not_begun(self.entry, error, what)
            return
        thread = text_of(mapping(result.get("thread")).get("id"))
        state.thread = thread if len(thread) <= ID else ""
        if not state.thread:
            state.broken = f"{name} began a thread without a name. Update it, then send the message again."
            return
        state.step = "ready"
        state.model = text_of(result.get("model"))[:200]
        state.effort = text_of(result.get("reasoningEffort"))[:EFFORT] or None
        if method == "thread/start":  # what an earlier one has may be what the user chose
            state.first_model = state.model
        out.append(self.identified())

    def _turn(self, result: dict[str, Any], error: Error | None, out: list[Output]) -> None:
        state = self.state
        if state.turn is None:
            return
        if error is None:
            state.theirs = state.theirs or text_of(mapping(result.get("turn")).get("id"))[:ID]
            if state.wanted_model and state.wanted_model != state.model:
                state.model = state.wanted_model
                out.append(self.identified())
            return
        outcome: Outcome = "interrupted" if state.stopping else "error"
        why = None if state.stopping else errors.not_begun(self.entry, error, "did not take the prompt")
        duration = max((self._at - state.begun) // 1000, 0)
        self.asks.withdraw("The turn ended.", out, thread=state.thread)
        out.append(Fact(TurnEnded(turn=state.turn, outcome=outcome, error=why, duration=duration)))
        self.turn_is_over()

    def _not_steered(self, name: str, error: Error, out: list[Output]) -> None:
        """The message waits on; it begins the next turn."""
        message = name.partition(":")[2]
        if message not in self.state.steers:
            return
        self.state.steers.remove(message)
        if self.state.turn:
            why = text_of(error.message)[:300].rstrip(".")
            text = f"{self.entry.name} would not take a message into this turn ({why}). It is sent when the turn has ended."
            out.append(self.notice(text, "warning"))
