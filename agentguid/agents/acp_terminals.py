"""Commands that an ACP agent has us run: whether they may be, which there are, and what is asked about them.

Nothing runs that the user did not allow: by the conversation's mode, by an answer to the agent's own request for this
very command, or by an answer to ours, which is raised when the agent did not ask.
"""

from typing import Any

import msgspec

from agentguid.agents import acp_commands as commands
from agentguid.agents import acp_wire as wire
from agentguid.agents import acp_write as write
from agentguid.agents.acp_asks import GRANTED, Ask
from agentguid.agents.acp_asks import OPEN as ASKED
from agentguid.agents.acp_calls import Call
from agentguid.agents.acp_session import Session
from agentguid.agents.acp_state import Command
from agentguid.agents.base import Answer, Errand, Fact, Output, Write
from agentguid.agents.commands import Run, Shown, Wish, command_of
from agentguid.agents.jsonl import mapping, text_of
from agentguid.protocol.events import ApprovalRequested
from agentguid.protocol.items import Body

MOST = 16
"""Commands of one agent at a time."""
ERRANDS = 100
"""More errands than this at once are refused."""
BAD, TOO_MANY = "The parameters are not understood.", "Too many requests wait already."
BUSY = f"{MOST} commands run already. Wait for one, or kill and release it."
OUTSIDE = "{cwd} lies outside the working directory; agentguid runs nothing there."
NO, STOPPING = "The user does not want this command to be run.", "The user stops this turn."


class Terminals(Session):
    @property
    def commands(self) -> list[str]:
        """Those that the agent has not released; also after its end, so that they are ended too."""
        return list(self.state.commands)

    @property
    def shown(self) -> list[Shown]:
        """Open calls that show commands."""
        found = []
        for call in self.calls.open.values():
            if names := self.calls.commands(call):
                found.append(Shown(call.item, call.turn, call.name, names))
        return found

    def _create(self, message: wire.Envelope, out: list[Output]) -> None:
        params = mapping(wire.value(message.params))
        run = commands.run_of(params, f"serve:{self._offset}", command_of(self.host, self._offset))
        why = self._impossible(run) if run else BAD
        if run is None or why:
            self._refuse(message, write.FAILED, why, out)
        elif self._freely(run):
            self._open(run, message.id)
        else:
            self._ask_for(run, message.id, out)

    def _impossible(self, run: Run) -> str:
        """Why it is not even asked for."""
        if self.state.stopping:
            return STOPPING
        if not self.asks.inside(run.cwd or "."):
            return OUTSIDE.format(cwd=run.cwd[:200])
        if len(self.open_errands) >= ERRANDS or len(self.asks.open) >= ASKED:
            return TOO_MANY
        return "" if self._room() else BUSY

    def _room(self) -> bool:
        """Whether one more may run. Who never releases what has ended is helped."""
        held = self.state.commands
        begun = sum(isinstance(errand, Run) for errand in self.open_errands.values())
        while len(held) + begun >= MOST and (old := next((one for one in held if held[one].ended), "")):
            del held[old]
        return len(held) + begun < MOST

    def _freely(self, run: Run) -> bool:
        mark = commands.mark_of(run, self.launch.cwd)
        return self.state.mode == "bypass" or mark in self.state.allowed or mark in self.state.always

    def _ask_for(self, run: Run, identity: msgspec.Raw, out: list[Output]) -> None:
        """The agent did not, so we do."""
        self.flush(out)
        self.texts.close(out)
        approval, root = self._item(), self.launch.cwd
        run = msgspec.structs.replace(run, id=f"answer:{approval}")
        self.asks.open[approval] = Ask(bytes(identity), commands.OPTIONS, [], run=run)
        call = self._call_of(run, out)
        given = {"command": commands.line_of(run.command, run.args)}
        asked = ApprovalRequested(
            approval=approval,
            turn=self.state.turn,
            item=call.item if call else None,
            tool="Shell",
            input=Body(msgspec.json.encode(given).decode(), "application/json"),
            options=commands.OPTIONS,
            reason=commands.reason(run, root),
        )
        out.append(Fact(asked))

    def _call_of(self, run: Run, out: list[Output]) -> Call | None:
        """The call that the agent has announced for it, if it has."""
        wanted = commands.mark_of(msgspec.structs.replace(run, env={}), self.launch.cwd)
        for call in self.calls.open.values():
            if commands.mark_of_call(call, self.launch.cwd) == wanted:
                if not call.started:
                    self.calls.start(call, out)
                return call
        return None

    def _open(self, errand: Run | Wish, identity: msgspec.Raw | bytes) -> None:
        self.open_errands[errand.id] = errand
        self.identities[errand.id] = bytes(identity)

    def _wish(self, message: wire.Envelope, out: list[Output]) -> None:
        terminal = text_of(mapping(wire.value(message.params)).get("terminalId"))
        held = self.state.commands.get(terminal)
        if held is None:
            why = f"There is no terminal {terminal[:100]!r}: it was released, or never made."
            self._refuse(message, write.FAILED, why, out)
        elif len(self.open_errands) >= ERRANDS:
            self._refuse(message, write.FAILED, TOO_MANY, out)
        else:
            what: Any = commands.WISHES[message.method]
            self._open(Wish(f"serve:{self._offset}", terminal, what, held.limit), message.id)

    def _refuse(self, message: wire.Envelope, code: int, why: str, out: list[Output]) -> None:
        out.append(Write(f"auto:{self._offset}", write.error(bytes(message.id), code, why)))

    # -- what the user says, and what we did ---------------------------------------------------------------------------
    def decided(self, answer: Answer) -> list[Write] | None:
        """The answer to a request of our own: what is to be written now; None: it is another's.

        What the user allows becomes an errand, which answers. Changed arguments are refused: the agent would not know.
        """
        ask = self.asks.open.get(answer.approval)
        if ask is None or ask.run is None:
            return None
        if ask.withdrawn or ask.run.id in self.open_errands:
            return []
        if answer.decision.startswith("allow") and answer.input is None:
            if self._room():
                ask.always = answer.decision == "allow_always"
                self._open(ask.run, ask.identity)
                return []
            return [Write(ask.run.id, write.error(ask.identity, write.FAILED, BUSY))]
        why = f"{NO} {answer.message}" if answer.message else NO
        return [Write(ask.run.id, write.error(ask.identity, write.FAILED, why))]

    def made(self, run: Run) -> dict[str, Any]:
        """The answer to `terminal/create`; what the user said for good stands in it, because the fold reads it there."""
        ask = self.asks.open.get(run.id.removeprefix("answer:"))
        more = {"_meta": {"agentguid": {"always": True}}} if ask and ask.always else {}
        return {"terminalId": run.terminal, **more}

    def over(self, name: str, message: wire.Envelope) -> None:
        """The answer to an errand is on the tape."""
        errand: Errand | None = self.open_errands.pop(name, None)
        self.identities.pop(name, None)
        self.unlooked.pop(name, None)
        if errand is None and (ask := self.asks.open.get(name.removeprefix("answer:"))):
            errand = ask.run
        if not message.result:
            return
        result = mapping(self.plain(message.result))
        if isinstance(errand, Run):
            self.state.commands[errand.terminal] = Command(errand.limit)
            if mapping(mapping(result.get("_meta")).get("agentguid")).get("always") is True:
                mark = commands.mark_of(errand, self.launch.cwd)
                self.state.always = [*self.state.always, mark][-GRANTED:]
        elif isinstance(errand, Wish) and (held := self.state.commands.get(errand.terminal)):
            held.ended = held.ended or commands.has_ended(result)
            if errand.what == "release":
                del self.state.commands[errand.terminal]
