"""What the agent asks of us: permission, files, commands. Whatever else it asks is refused, so that it does not wait."""

from typing import Any

from msgspec import Raw

from agentguid.agents import acp_commands as commands
from agentguid.agents import acp_wire as wire
from agentguid.agents import acp_write as write
from agentguid.agents import elicitation as forms
from agentguid.agents.acp_asks import offered, yes_of
from agentguid.agents.acp_terminals import BAD, ERRANDS, STOPPING, TOO_MANY, Terminals
from agentguid.agents.base import Errand, FileErrand, InsideErrand, Output, Served, Write
from agentguid.agents.commands import Ran, Run, Wish
from agentguid.agents.jsonl import NotUnderstoodError, count, mapping, text_of

QUIET = ("_", "qwen/", "craft/", "cursor/", "kiro")
"""Beginnings of methods that are an agent's own, beyond the protocol: refused without a word to the user."""
UNASKED = "The user wants to be asked first: request permission for this edit, then write the file."


class Requests(Terminals):
    def _request(self, message: wire.Envelope, out: list[Output]) -> None:
        match message.method:
            case "session/request_permission":
                self._permission(message, out)
            case forms.METHOD:
                self._questions(message, out)
            case "fs/read_text_file" | "fs/write_text_file":
                self._errand(message, out)
            case commands.CREATE:
                self._create(message, out)
            case method if method in commands.WISHES:
                self._wish(message, out)
            case method:
                self._refuse(message, write.NO_METHOD, f"agentguid does not offer {method}"[:200], out)
                if not method.startswith(QUIET):
                    raise NotUnderstoodError(f"request {method}"[:200])

    def _permission(self, message: wire.Envelope, out: list[Output]) -> None:
        try:
            asked = wire.asked(message.params)
        except NotUnderstoodError:
            self._refuse(message, write.FAILED, BAD, out)
            raise
        self.flush(out)
        self.texts.close(out)
        approval = self._item()
        call = self.calls.meant(asked.call) or self.calls.told(asked.call, out, asked=True)
        if call:
            call.at = self._at
        if (paths := self.asks.free(call, asked)) and len(self.open_errands) < ERRANDS:
            name = f"auto:{self._offset}"
            self.open_errands[name] = InsideErrand(name, tuple(paths))
            self.identities[name] = bytes(message.id)
            self.unlooked[name] = (self.state.turn, call, asked)
        elif (answer := self.asks.ask(approval, message.id, call, asked, out)) is not None:
            out.append(Write(f"auto:{self._offset}", answer))

    def looked(self, name: str, out: list[Output]) -> None:
        """A file of the edit lies elsewhere, by its real path: so the user is asked."""
        identity = self.identities.pop(name, None)
        turn, call, asked = self.unlooked.pop(name, (None, None, None))
        self.open_errands.pop(name, None)
        if identity is None or asked is None:
            return
        answer: bytes | None = write.chosen(identity, None)
        if turn == self.state.turn:
            answer = self.asks.ask(self._item(), Raw(identity), call, asked, out)
        if answer is not None:
            out.append(Write(name, answer))

    def _questions(self, message: wire.Envelope, out: list[Output]) -> None:
        params = mapping(wire.value(message.params))
        self.flush(out)
        self.texts.close(out)
        answer = self.asks.inquire(self._item(), message.id, params, out)
        if answer is not None:
            out.append(Write(f"auto:{self._offset}", answer))
            if not forms.questions(params):
                raise NotUnderstoodError(
                    f"a form that cannot be shown: {text_of(params.get('message'))}"[:200]
                )

    def _errand(self, message: wire.Envelope, out: list[Output]) -> None:
        """Done outside, by who may touch files; the answer's id tells that it was."""
        params = mapping(wire.value(message.params))
        path, text = text_of(params.get("path")), params.get("content")
        writes = message.method == "fs/write_text_file"
        if not path or (writes and not isinstance(text, str)):
            self._refuse(message, write.FAILED, BAD, out)
        elif writes and self.state.stopping:
            self._refuse(message, write.CANCELLED, STOPPING, out)
        elif writes and not self.asks.may_write(path):
            self._refuse(message, write.FAILED, UNASKED, out)
        elif len(self.open_errands) >= ERRANDS:
            self._refuse(message, write.FAILED, TOO_MANY, out)
        else:
            name = f"serve:{self._offset}"
            line, limit = count(params.get("line")) or None, params.get("limit")
            self.open_errands[name] = FileErrand(
                name, path, text if writes else None, line, None if limit is None else count(limit)
            )
            self.identities[name] = bytes(message.id)

    def stops(self, out: list[Output]) -> None:
        """The turn is to stop: no file is written for it any more."""
        for name, errand in self.open_errands.items():
            if isinstance(errand, InsideErrand):
                out.append(Write(name, write.chosen(self.identities[name], None)))
            elif isinstance(errand, FileErrand) and errand.text is not None:
                out.append(Write(name, write.error(self.identities[name], write.CANCELLED, STOPPING)))

    def served(self, errand: Errand, result: Served) -> list[Write]:
        """The answer to an errand that is still open."""
        identity = self.identities.get(errand.id)
        if identity is None:
            return []
        if isinstance(errand, InsideErrand):
            return [self._free(errand, identity, result)]
        if result.error:
            return [Write(errand.id, write.error(identity, write.FAILED, result.error))]
        return [Write(errand.id, write.result(identity, self._result(errand, result)))]

    def _free(self, errand: InsideErrand, identity: bytes, result: Served) -> Write:
        """The answer of the user's mode, if it is that still."""
        if self.state.stopping:
            return Write(errand.id, write.chosen(identity, None))
        if result.error or self.state.mode not in ("accept_edits", "bypass"):
            return Write(f"noted:outside-{errand.id}", b"")
        _, _, asked = self.unlooked[errand.id]
        return Write(errand.id, write.chosen(identity, yes_of(offered(asked.options))))

    def _result(self, errand: Errand, result: Served) -> dict[str, Any]:
        match errand:
            case Run():
                return self.made(errand)
            case Wish():
                return commands.answer(errand, result if isinstance(result, Ran) else Ran())
            case FileErrand(text=None):
                return {"content": result.text}
        return {}

    def _taken_back(self, identity: bytes, out: list[Output]) -> None:
        """`$/cancel_request`: answered with the error that the protocol has for it."""
        waiting = [name for name, known in self.identities.items() if known == identity]
        for name in waiting:
            del self.open_errands[name], self.identities[name]
            self.unlooked.pop(name, None)
        if self.asks.taken_back(identity, out) or waiting:
            data = write.error(identity, write.CANCELLED, "Cancelled as you asked.")
            out.append(Write(f"auto:{self._offset}", data))
