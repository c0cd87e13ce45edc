"""Pi's answers to our commands: the handshake, the mode, the beginning and the end of a turn."""

from typing import Any

from agentguid.agents import pi_errors as errors
from agentguid.agents import pi_write as write
from agentguid.agents.base import Fact, Output
from agentguid.agents.jsonl import NotUnderstoodError, count, mapping, objects, text_of
from agentguid.agents.pi_session import Session
from agentguid.agents.pi_state import MODELS
from agentguid.agents.pi_wire import Line, value
from agentguid.protocol.events import TurnEnded
from agentguid.protocol.items import Outcome

SEP = "/"
"""Between a provider and its model."""


class Answers(Session):
    def _answered(self, line: Line, out: list[Output]) -> None:
        name, kind, failed = text_of(line.id), text_of(line.command), line.success is not True
        data = {} if failed else mapping(value(line.data))
        what, _, of = name.partition(":")
        match kind:
            case "get_state":
                self._state(name, data, failed, text_of(line.error), out)
            case "get_commands":
                found = [text_of(one.get("name")) for one in objects(data.get("commands"))]
                self.state.listed, self.state.gate = True, write.GATE in found
            case "get_available_models":
                models = [_model(one) for one in objects(data.get("models"))]
                self.state.models = [one for one in models if one][:MODELS]
            case "prompt" if what == "start":
                self._mode(failed, text_of(line.error))
            case "prompt" if of == self.state.turn and failed:
                self._refused(text_of(line.error), out)
            case "prompt" | "abort":
                self.state.taken = self.state.taken or of == self.state.turn
                self.probe(out)
            case "steer":
                if failed:
                    self._not_steered(of, text_of(line.error), out)
            case _ if failed:
                raise NotUnderstoodError(f"{kind or 'a command'} failed: {text_of(line.error)}"[:200])
            case _:
                raise NotUnderstoodError(f"the answer to {kind}"[:200])

    def _state(self, name: str, data: dict[str, Any], failed: bool, error: str, out: list[Output]) -> None:
        state = self.state
        if name == state.probe and name:
            self._probed(data)
            if state.taken and not (state.running or state.waits):
                self.over(out)
            return
        if name != "start" or state.known:
            return
        state.known = True
        if failed or not text_of(data.get("sessionId")):
            why = f" ({error[:300].rstrip('.')})" if error else ""
            state.broken = (
                f"{self.entry.name} began without a session{why}. Update it, then send the message again."
            )
            return
        model = mapping(data.get("model"))
        state.session = text_of(data.get("sessionId"))[:500]
        state.model, state.window = _model(model), count(model.get("contextWindow"))
        out.append(self.identified())

    def _probed(self, data: dict[str, Any]) -> None:
        """Whether Pi is at work, and whether something waits in it that it will not take up by itself."""
        state = self.state
        state.probe = ""
        waiting = count(data.get("pendingMessageCount"))
        state.running = data.get("isStreaming") is True
        goes_on = data.get("isCompacting") is True or (state.compacted and waiting > 0 and not state.stopping)
        state.waits = state.waits or goes_on
        if not (state.running or state.waits):
            state.stale = state.stale or waiting > 0

    def _mode(self, failed: bool, error: str) -> None:
        state = self.state
        if failed:
            why = error[:300].rstrip(".")
            state.broken = f"{self.entry.name} would not change its permission mode ({why}). Send the message again to start it anew."
        else:
            state.mode = state.asked
        state.asked = ""

    def _refused(self, error: str, out: list[Output]) -> None:
        """The prompt was not taken."""
        state = self.state
        if state.turn is None:
            return
        outcome: Outcome = "interrupted" if state.stopping else "error"
        why = None if state.stopping else errors.sentence(self.entry, error or "it does not say why")
        self.items.abandon(out)
        self.asks.withdraw("The turn ended.", out)
        duration = max((self._at - state.begun) // 1000, 0)
        out.append(Fact(TurnEnded(turn=state.turn, outcome=outcome, error=why, duration=duration)))
        self.turn_is_over()

    def _not_steered(self, message: str, error: str, out: list[Output]) -> None:
        """The message waits on; it begins the next turn."""
        if message not in self.state.steers:
            return
        self.state.steers.remove(message)
        if self.state.turn:
            why = error[:300].rstrip(".")
            text = f"{self.entry.name} would not take a message into this turn ({why}). It is sent when the turn has ended."
            out.append(self.notice(text, "warning"))


def _model(told: dict[str, Any]) -> str:
    provider, name = text_of(told.get("provider")), text_of(told.get("id"))
    return f"{provider}{SEP}{name}"[:200] if provider and name else ""
