"""What Codex asks of us. Whatever we do not know is refused, so that it does not wait."""

from typing import Any

from agentguid.agents import codex_forms as forms
from agentguid.agents import codex_wishes as wishes
from agentguid.agents import codex_write as write
from agentguid.agents import jsonrpc
from agentguid.agents.base import Output, Write
from agentguid.agents.codex_asks import Wish
from agentguid.agents.codex_session import Session
from agentguid.agents.codex_state import NAME
from agentguid.agents.jsonl import NotUnderstoodError, mapping, text_of
from agentguid.agents.jsonrpc import Envelope

KINDS = {
    "item/commandExecution/requestApproval": wishes.command,
    "item/fileChange/requestApproval": wishes.files,
    "item/permissions/requestApproval": wishes.permissions,
}
QUIET = ("account/chatgptAuthTokens/refresh", "attestation/generate", "currentTime/read")
"""Refused without a word to the user: these are offers that we never made."""


class Requests(Session):
    def _request(self, message: Envelope, out: list[Output]) -> None:
        method = message.method
        params = mapping(jsonrpc.value(message.params))
        call = self.items.open.get(text_of(params.get("itemId"))[:NAME])
        if method == "mcpServer/elicitation/request":
            self._form(message, params, forms.elicitation_of(params), forms.DECLINED, out)
        elif method == "item/tool/requestUserInput":
            self._form(message, params, forms.inquiry(params, call), forms.UNANSWERED, out)
        elif method in KINDS and params:
            self._wish(message, text_of(params.get("threadId")), KINDS[method](params, call), out)
        elif method in KINDS:
            self._refuse(message, write.BAD, "The parameters are not understood.", out)
            raise NotUnderstoodError(f"request {method} without parameters")
        else:
            self._refuse(message, write.NO_METHOD, f"agentguid does not offer {method}"[:200], out)
            if method not in QUIET:
                raise NotUnderstoodError(f"request {method}"[:200])

    def _wish(self, message: Envelope, thread: str, wish: Wish, out: list[Output]) -> None:
        answer = self.asks.ask(self._item(), f"auto:{self._offset}", bytes(message.id), thread, wish, out)
        if answer is not None:
            out.append(Write(f"auto:{self._offset}", answer))

    def _form(
        self, message: Envelope, params: dict[str, Any], wish: Wish | None, declined: Any, out: list[Output]
    ) -> None:
        """What wants answers. None: it cannot be shown; it is declined, and the user is told."""
        if wish is not None:
            self._wish(message, text_of(params.get("threadId")), wish, out)
            return
        out.append(Write(f"auto:{self._offset}", write.result(bytes(message.id), declined)))
        server, asked = text_of(params.get("serverName"))[:200], text_of(params.get("message"))[:500]
        who = f"The tool server {server}" if server else self.entry.name
        text = f"{who} asks something by a form that agentguid cannot show. It was declined"
        out.append(self.notice(f"{text}: {asked}" if asked else f"{text}.", "warning"))

    def _refuse(self, message: Envelope, code: int, why: str, out: list[Output]) -> None:
        out.append(Write(f"auto:{self._offset}", write.error(bytes(message.id), code, why)))
