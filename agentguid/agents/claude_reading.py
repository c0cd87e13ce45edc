"""A tape of Claude Code's, line by line: what each says, and what it leaves open."""

from collections.abc import Sequence
from typing import Any

from agentguid.agents import claude_steer as steer
from agentguid.agents import claude_system as system
from agentguid.agents import claude_turns as turns
from agentguid.agents import claude_wire as wire
from agentguid.agents import claude_write as write
from agentguid.agents import exits, jsonl
from agentguid.agents.base import Fact, Launch, Line, Output, Write
from agentguid.agents.claude_asks import OPEN, TOO_MANY, Asks, deny
from agentguid.agents.claude_blocks import Blocks
from agentguid.agents.claude_errors import api_error, exit_error, forgotten
from agentguid.agents.claude_state import ID, NAME, STDERR, TRIES, State, keep
from agentguid.agents.jsonl import NotUnderstoodError, carried, mapping, text_of
from agentguid.protocol.events import HostEnded, TurnEnded
from agentguid.protocol.ids import item_id

REQUESTS = 100
"""Control requests of ours whose answers are waited for."""
REASON = 300
"""Characters of why it refuses one."""
LAST_PART = 0xFFFF
"""Part of a line's id for what closes a run of lines before it."""


class Reading:
    """The half of the adapter that reads. `name` is how the agent is called in sentences."""

    def __init__(
        self, host: str, launch: Launch, carry: bytes | None = None, name: str = "Claude Code"
    ) -> None:
        self.host = host
        self.launch = launch
        self.name = name
        fresh = State(mode=launch.mode, wanted_model=launch.model)
        self.state = fresh if carry is None else carried(carry, State)
        self.blocks = Blocks(self.state, self._item)
        self.asks = Asks(self.state, self.blocks.calls)
        self._offset = 0
        self._part = 0

    def feed(self, line: Line) -> Sequence[Output]:
        self._offset, self._part = line.offset, 0
        out: list[Output] = []
        match line.direction:
            case "out":
                self._out(line, out)
            case "in":
                self._in(line)
            case "err":
                exits.complained(self.state, line)
            case "exit":
                self._exit(line, out)
        exits.went_on(self.state, line, out)
        return out

    def _item(self) -> str:
        """The id of the next item that begins in this line."""
        part, self._part = self._part, self._part + 1
        return item_id(self.host, self._offset, part)

    def _out(self, line: Line, out: list[Output]) -> None:
        unknown = self.state.unknown
        try:
            if line.piece:
                raise NotUnderstoodError("a piece of a line that is too long")  # noqa: TRY301
            if line.data.strip():
                self._understand(line.data, out)
        except NotUnderstoodError as error:
            exits.strayed(self.state, line)
            out += unknown.add(line, self._item(), self.state.turn, str(error))
        except Exception as error:
            out += unknown.add(line, self._item(), self.state.turn, f"{type(error).__name__}: {error}")
        else:
            if unknown.run:
                out[:0] = unknown.end(item_id(self.host, line.offset, LAST_PART), self.state.turn)

    def _understand(self, data: bytes, out: list[Output]) -> None:
        line = wire.read(data)
        match line:
            case wire.StreamEvent():
                self.blocks.stream(_thread(line), line.event, out)
            case wire.Assistant():
                self._assistant(line, out)
            case wire.User():
                self._user(line, out)
            case wire.System():
                if line.subtype == "api_retry":
                    self.blocks.abandon_stopped(out)
                system.read(line.subtype, data, self.state, self.host, self._item, out)
            case wire.Result():
                self._result(jsonl.plain(data), out)
            case wire.ControlRequest():
                self._control_request(jsonl.plain(data), out)
            case wire.ControlResponse():
                self._control_response(jsonl.plain(data), out)
            case wire.ControlCancel():
                self.asks.cancel(line.request_id, out)
            case wire.Lifecycle():
                steer.lifecycle(line.command_uuid, line.state, self.state, out)
            case wire.RateLimit():
                system.rate_limit(jsonl.plain(data), self.state, self._item, out)

    def _assistant(self, line: wire.Assistant, out: list[Output]) -> None:
        synthetic = line.message.model == "<synthetic>"
        if synthetic and (line.is_api_error_message or line.error):
            self._api_error(line, out)
            return
        if synthetic and line.uuid:
            if line.uuid[:NAME] == self.state.local:
                return
            self.state.local = line.uuid[:NAME]
        self.blocks.whole(_thread(line), line.message, out, aborted=bool(line.aborted))

    def _api_error(self, line: wire.Assistant, out: list[Output]) -> None:
        """The result says the same again: it is shown there. A sub-agent's failure has no result of its own."""
        content = line.message.content
        text = content if isinstance(content, str) else "\n".join(block.text for block in content)
        if thread := _thread(line):
            parent = self.blocks.calls.parent(thread)
            out.append(system.notice(self._item(), self.state.turn, text, "warning", parent))
        else:
            self.state.failure = text[:STDERR]

    def _user(self, line: wire.User, out: list[Output]) -> None:
        """Tool results; also what Claude Code puts into the user's mouth."""
        content = line.message.content
        if isinstance(content, str):
            said = [] if line.isSynthetic else [content]
        else:
            for block in content:
                if block.type.endswith("tool_result"):
                    self.blocks.calls.result(block, out)
            said = [block.text for block in content if block.type == "text"]
        if not line.parent_tool_use_id:  # a sub-agent's prompt is the input of the call that began it
            for text in said:
                system.said(text, self.state.turn, self._item, out)

    def _result(self, result: dict[str, Any], out: list[Output]) -> None:
        state = self.state
        turn = state.turn if turns.own(result) else None
        if turn is not None and steer.goes_on(state, out):
            turn = None
        if turns.failed(result):
            self._look_for_loss(api_error(result))
        self.blocks.abandon(out, "")
        self.blocks.abandon_gone(out, turn_over=turn is not None)
        if turn is None:
            state.unbilled += turns.spend(result, state)
            if turns.failed(result):
                self._failed_alone(result, out)
            return
        self.blocks.calls.abandon(out, all_of_them=False)
        self.asks.withdraw("The turn ended.", out, all_of_them=False)
        ended = turns.ended(turn, result, state, self.name)
        if state.failure and ended.outcome == "complete":
            out.append(system.notice(self._item(), turn, state.failure, "error"))
        self._complaints(out)
        out.append(Fact(ended))
        self._turn_is_over()

    def _failed_alone(self, result: dict[str, Any], out: list[Output]) -> None:
        """An error while no turn of the user's is being worked on, such as a session that cannot be resumed."""
        text = api_error(result, self.name)
        if forgotten(text) and self.state.lost:
            self._tell_loss(out)
        else:
            out.append(system.notice(self._item(), self.state.turn, text, "error"))

    def _look_for_loss(self, said: str) -> bool:
        """Whether Claude Code says now for the first time that the session is gone. Not believed of one that it has."""
        found = forgotten(said) and not self.state.session and not self.state.lost
        self.state.lost = self.state.lost or found
        return found

    def _tell_loss(self, out: list[Output]) -> None:
        text = f"{self.name} does not have this conversation any more. It begins anew, without memory."
        out.append(system.notice(self._item(), self.state.turn, text, "error"))

    def _turn_is_over(self) -> None:
        self.state.turn, self.state.stopping, self.state.steers = None, False, {}
        self.state.failure, self.state.stderr_size, self.state.reset = "", 0, False

    def _control_request(self, line: dict[str, Any], out: list[Output]) -> None:
        request, request_id = mapping(line.get("request")), text_of(line.get("request_id"))
        subtype = text_of(request.get("subtype"))
        if subtype == "can_use_tool":
            if not self.asks.full:
                self.asks.ask(item_id(self.host, self._offset), request_id, request, out)
                return
            out.append(Write(f"auto:{self._offset}", write.answer(request_id, deny(TOO_MANY))))
            raise NotUnderstoodError(
                f"more than {OPEN} permission requests at once, or too large ones; it was refused"
            )
        refusal = write.refusal(request_id, f"agentguid does not know the control request {subtype!r}")
        out.append(Write(f"auto:{self._offset}", refusal))
        raise NotUnderstoodError(f"control request {subtype}"[:200])

    def _control_response(self, line: dict[str, Any], out: list[Output]) -> None:
        response = mapping(line.get("response"))
        request = text_of(response.get("request_id"))[:ID]
        asked = self.state.requests.pop(request, None)
        if asked == "initialize":
            self.state.initialised = True
            system.greeted(mapping(response.get("response")), self.state)
        if asked and response.get("subtype") == "error":
            self._refused(request, asked, text_of(response.get("error"))[:REASON], out)
        elif asked == "set_permission_mode" and self.state.turn:
            self.state.foreign = ""  # it says that it has left it: worth telling when it is there again

    def _refused(self, request: str, asked: str, why: str, out: list[Output]) -> None:
        """What could not be set is not set: the next prompt tries again. One that waits for it is not written."""
        state = self.state
        text = f"{self.name} refused the request {asked}: {why}"
        out.append(system.notice(self._item(), state.turn, text, "warning"))
        if asked == "set_permission_mode":
            what = f"{self.name} would not work in the mode of this conversation ({why.rstrip('.')})"
            state.refusal = f"{what}. Choose another mode, then send the message again."
            state.mode, state.refused = "", request
        elif asked == "set_model":
            state.wanted_model = ""

    # -- what we wrote ------------------------------------------------------------------------------------------------
    def _in(self, line: Line) -> None:
        kind, _, of = (line.id or "").partition(":")
        match kind:
            case "prompt":
                self.state.turn, self.state.stopping, self.state.tried = of, False, []
            case "steer":
                steer.written(of, self.state)
            case "answer":
                self.asks.answered(of)
            case "start" | "stop":
                self.state.started = True
                self.state.stopping = self.state.stopping or (kind == "stop" and of == self.state.turn)
                self._requested(line.data)

    def _requested(self, data: bytes) -> None:
        try:
            line = jsonl.plain(data)
        except NotUnderstoodError:
            return
        request = mapping(line.get("request"))
        subtype = text_of(request.get("subtype"))[:NAME]
        keep(self.state.requests, text_of(line.get("request_id"))[:ID], subtype, REQUESTS)
        self.state.adjusted += subtype.startswith("set_")
        if subtype == "set_model":
            self.state.wanted_model = text_of(request.get("model")) or None
        elif subtype == "set_permission_mode":
            self.state.reset = self.state.reset or bool(self.state.foreign and self.state.turn)
            self.state.mode = system.OUR_MODES.get(text_of(request.get("mode")), self.state.mode)
            if self.state.turn is None:
                self.state.tried = [*self.state.tried, text_of(line.get("request_id"))[:ID]][-TRIES:]

    # -- the end ------------------------------------------------------------------------------------------------------
    def _complaints(self, out: list[Output]) -> None:
        if said := exits.complaint(self.name, self.state):
            out.append(system.notice(self._item(), self.state.turn, said, "warning"))

    def _exit(self, line: Line, out: list[Output]) -> None:
        state = self.state
        out += state.unknown.end(item_id(self.host, line.offset, LAST_PART), state.turn)
        self.blocks.abandon(out)
        self.blocks.calls.abandon(out, all_of_them=True)
        self.asks.withdraw(f"{self.name} ended.", out, all_of_them=True)
        state.unstarted = " ".join(line.data[:STDERR].decode("utf-8", "replace").split())
        if self._look_for_loss(state.stderr) and not state.turn:  # a turn's error says it
            self._tell_loss(out)
        if state.turn:
            self._complaints(out)
            out.append(Fact(self._cut_short(state.turn, line.code)))
            self._turn_is_over()
        words = state.stderr[-STDERR:] or state.unstarted or state.said
        out.append(Fact(HostEnded(host=self.host, code=line.code, stderr=words)))
        state.initialised, state.background, state.running = False, 0, []

    def farewell(self, code: int | None) -> str:
        """Why the agent is gone and what to do, in a sentence: also for a turn whose prompt it never got."""
        return exit_error(self.name, code, self.state)

    def _cut_short(self, turn: str, code: int | None) -> TurnEnded:
        error = self.state.failure or self.farewell(code)
        if self.state.stopping:
            return TurnEnded(turn=turn, outcome="interrupted")
        return TurnEnded(turn=turn, outcome="interrupted" if code is None else "error", error=error)


def _thread(line: wire.StreamEvent | wire.Assistant) -> str:
    """The call of the sub-agent that it belongs to, or empty."""
    return (line.parent_tool_use_id or "")[:NAME]
