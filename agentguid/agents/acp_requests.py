"""What the agent asks of us: permission, files. Whatever else it asks is refused, so that it does not wait."""

from agentguid.agents import acp_forms as forms
from agentguid.agents import acp_wire as wire
from agentguid.agents import acp_write as write
from agentguid.agents.acp_session import Session
from agentguid.agents.base import Errand, Output, Served, Write
from agentguid.agents.jsonl import NotUnderstoodError, count, mapping, text_of

OPEN = 100
"""More errands than this at once are refused."""
QUIET = ("_", "qwen/", "craft/", "cursor/", "kiro")
"""Beginnings of methods that are an agent's own, beyond the protocol: refused without a word to the user."""
UNASKED = "The user wants to be asked first: request permission for this edit, then write the file."
BAD, TOO_MANY = "The parameters are not understood.", "Too many requests wait already."


class Requests(Session):
    def _request(self, message: wire.Envelope, out: list[Output]) -> None:
        match message.method:
            case "session/request_permission":
                self._permission(message, out)
            case forms.METHOD:
                self._questions(message, out)
            case "fs/read_text_file" | "fs/write_text_file":
                self._errand(message, out)
            case method:
                self._refuse(message, write.NO_METHOD, f"agentguid does not offer {method}"[:200], out)
                if not method.startswith(QUIET):
                    raise NotUnderstoodError(f"request {method}"[:200])

    def _refuse(self, message: wire.Envelope, code: int, why: str, out: list[Output]) -> None:
        out.append(Write(f"auto:{self._offset}", write.error(bytes(message.id), code, why)))

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
        answer = self.asks.ask(approval, message.id, call, asked, out)
        if answer is not None:
            out.append(Write(f"auto:{self._offset}", answer))

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
        elif writes and not self.asks.may_write(path):
            self._refuse(message, write.FAILED, UNASKED, out)
        elif len(self.open_errands) >= OPEN:
            self._refuse(message, write.FAILED, TOO_MANY, out)
        else:
            name = f"serve:{self._offset}"
            line, limit = count(params.get("line")) or None, params.get("limit")
            self.open_errands[name] = Errand(
                name, path, text if writes else None, line, None if limit is None else count(limit)
            )
            self.identities[name] = bytes(message.id)

    def served(self, errand: Errand, result: Served) -> list[Write]:
        """The answer to an errand that is still open."""
        identity = self.identities.get(errand.id)
        if identity is None:
            return []
        if result.error:
            return [Write(errand.id, write.error(identity, write.FAILED, result.error))]
        value = {} if errand.text is not None else {"content": result.text}
        return [Write(errand.id, write.result(identity, value))]

    def _taken_back(self, identity: bytes, out: list[Output]) -> None:
        """`$/cancel_request`: answered with the error that the protocol has for it."""
        if self.asks.taken_back(identity, out):
            data = write.error(identity, write.CANCELLED, "Cancelled as you asked.")
            out.append(Write(f"auto:{self._offset}", data))

    def over(self, name: str) -> None:
        """The answer to an errand is on the tape."""
        self.open_errands.pop(name, None)
        self.identities.pop(name, None)
