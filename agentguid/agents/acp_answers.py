"""The agent's answers to our requests: the handshake, the session, its settings, and the end of a turn."""

from typing import Any

from agentguid.agents import acp_errors as errors
from agentguid.agents import acp_modes as modes
from agentguid.agents import acp_settings as settings
from agentguid.agents import acp_turns as turns
from agentguid.agents import acp_ways as ways
from agentguid.agents import acp_wire as wire
from agentguid.agents import acp_write as write
from agentguid.agents import jsonrpc
from agentguid.agents.acp_session import Session
from agentguid.agents.acp_state import CURSOR, METHODS, PAGES, SESSION, Sent
from agentguid.agents.base import Fact, Output
from agentguid.agents.jsonl import NotUnderstoodError, brief, mapping, objects, text_of, word
from agentguid.protocol.events import TurnEnded

WORKS = "What it asks is answered as you chose all the same; what it does not ask is not: stop it if you are not sure."
"""Of an agent that would not change its mode while it works."""


class Answers(Session):
    def _answered(self, message: wire.Envelope, out: list[Output]) -> None:
        sent = self.state.sent.pop(wire.number_of(message.id) or -1, None)
        if sent is None:
            raise NotUnderstoodError("an answer to nothing that was asked")
        try:
            error = jsonrpc.error_of(message)
            result = {} if error else mapping(wire.value(message.result))
        except NotUnderstoodError as why:
            self._take_answer(sent, {}, wire.Error(message=f"its answer is {why}"), out)
            raise
        self._take_answer(sent, result, error, out)

    def _take_answer(
        self, sent: Sent, result: dict[str, Any], error: wire.Error | None, out: list[Output]
    ) -> None:
        match sent.method:
            case "initialize":
                self._greeted(result, error, out)
            case "authenticate":
                self._signed_in(error)
            case "session/new" | "session/load" | "session/resume":
                self._begun(sent, result, error, out)
            case "session/list":
                self._listed(result, error, out)
            case "session/close" | "session/delete":
                if not any(other.method.startswith("session/") for other in self.state.sent.values()):
                    self.state.session = ""
            case "session/prompt":
                self._done(result, error, out)
            case _:
                self._set(sent, result, error, out)

    # -- the handshake ------------------------------------------------------------------------------------------------
    def _greeted(self, result: dict[str, Any], error: wire.Error | None, out: list[Output]) -> None:
        state, name = self.state, self.entry.name
        if error:
            state.broken = errors.not_begun(self.entry, error, "refused the handshake")
            return
        version = result.get("protocolVersion")
        if version != write.VERSION:
            state.broken = (
                f"{name} speaks version {str(version)[:20]} of the Agent Client Protocol, agentguid speaks {write.VERSION}. "
                "Update the older of the two."
            )
            return
        can = mapping(result.get("agentCapabilities"))
        state.loads = can.get("loadSession") is True
        more = mapping(can.get("sessionCapabilities"))
        state.resumes, state.lists, state.closes, state.deletes = (
            isinstance(more.get(name), dict) for name in ("resume", "list", "close", "delete")
        )
        takes = mapping(can.get("promptCapabilities"))
        state.pictures, state.embeds = takes.get("image") is True, takes.get("embeddedContext") is True
        for method in objects(result.get("authMethods"))[:METHODS]:
            state.methods += [word(method.get("id")), brief(method.get("name"))]
        state.step = "greeted"
        if self.launch.resume and not (state.loads or state.resumes):
            state.anew = True
            text = f"{name} cannot take up an earlier conversation. It begins anew, without memory."
            out.append(self.notice(text, "warning"))

    def _signed_in(self, error: wire.Error | None) -> None:
        self.state.step = "greeted"
        if error:
            self.state.broken = errors.signed_out(self.entry, self.state, errors.detail(error))

    def _begun(self, sent: Sent, result: dict[str, Any], error: wire.Error | None, out: list[Output]) -> None:
        state = self.state
        if error:
            self._not_begun(sent, error, out)
            return
        resumed = sent.method != "session/new"
        state.session = text_of(result.get("sessionId")) or (self.launch.resume or "" if resumed else "")
        if not state.session or len(state.session) > SESSION:
            what = "with too long a name" if state.session else "without a name"
            state.session = ""
            state.broken = (
                f"{self.entry.name} began a session {what}. Update it, then send the message again."
            )
            return
        state.step, state.resumed = "ready", resumed
        settings.learn(self.entry, state, result)
        out.append(self.identified())
        if warning := modes.unsure(self.entry, state):
            out.append(self.notice(warning, "warning"))

    def _not_begun(self, sent: Sent, error: wire.Error, out: list[Output]) -> None:
        state, entry = self.state, self.entry
        state.replaying = False
        if error.code == errors.SIGN_IN:
            if not (entry.authenticate and entry.authenticate in state.methods[::2] and not state.signed_in):
                state.broken = errors.signed_out(entry, state, errors.detail(error))
            else:
                state.step = "signing_in"
        elif sent.method != "session/new" and errors.lost(error):
            self._gone(out)
        elif sent.method == "session/new":
            state.broken = errors.not_begun(entry, error, "could not begin a session")
        else:
            trouble = errors.not_begun(entry, error, "could not take up this conversation")
            if state.lists:
                state.step, state.trouble = "listing", trouble
            else:
                state.broken = trouble

    def _gone(self, out: list[Output]) -> None:
        self.state.anew = True
        text = f"{self.entry.name} does not have this conversation any more. It begins anew, without memory."
        out.append(self.notice(text, "error"))

    def _listed(self, result: dict[str, Any], error: wire.Error | None, out: list[Output]) -> None:
        """Whether the session that it would not take up is there at all: if so, nothing is begun in its place."""
        state = self.state
        if state.step != "listing":
            return
        state.pages += 1
        there = {text_of(one.get("sessionId")) for one in objects(result.get("sessions"))}
        state.cursor = text_of(result.get("nextCursor"))[:CURSOR]
        if error or "sessions" not in result or self.launch.resume in there:
            state.broken = state.trouble
        elif not state.cursor:
            state.step = "greeted"
            self._gone(out)
        elif state.pages >= PAGES:
            state.broken = state.trouble

    # -- settings -----------------------------------------------------------------------------------------------------
    def _set(self, sent: Sent, result: dict[str, Any], error: wire.Error | None, out: list[Output]) -> None:
        state = self.state
        works = bool(state.turn) and sent.turn == state.turn
        if error:
            said = errors.detail(error).rstrip(".")[:300]
            why = f"{self.entry.name} would not set its {sent.setting} to {sent.value} ({said}). "
            if works:
                out.append(self.notice(why + WORKS, "warning"))
            else:
                state.refused = sent.turn
                state.blind = sent.setting in state.unsaid and sent.setting != settings.MODEL
                state.refusal = ways.refusal(self.entry, state, sent, said)
            return
        modes.done(self.entry, state, sent, result)
        if sent.setting == settings.MODEL:
            out.append(self.identified())
        elif works and not modes.holds(state, sent):
            why = f"{self.entry.name} did not keep its {sent.setting} at {sent.value}. "
            out.append(self.notice(why + WORKS, "warning"))

    # -- the end of a turn --------------------------------------------------------------------------------------------
    def _done(self, result: dict[str, Any], error: wire.Error | None, out: list[Output]) -> None:
        state = self.state
        if state.turn is None:
            return
        if result.get("usage"):
            self.flush(out)
        reason = text_of(result.get("stopReason"))
        self.texts.close(out, incomplete=error is not None or reason == "cancelled")
        self.calls.abandon(out)
        self.asks.withdraw("The turn ended.", out)
        self.complaints(out)
        out.append(Fact(self._end(state.turn, result, error)))
        self.turn_is_over()

    def _end(self, turn: str, result: dict[str, Any], error: wire.Error | None) -> TurnEnded:
        if error is None:
            return turns.ended(turn, result, self.entry, self.state, self._at)
        duration = max((self._at - self.state.begun) // 1000, 0)
        if self.state.stopping:
            return TurnEnded(turn=turn, outcome="interrupted", duration=duration)
        why = errors.sentence(self.entry, self.state, error)
        return TurnEnded(
            turn=turn, outcome="error", error=why, duration=duration, cost=turns.spent(self.state)
        )
