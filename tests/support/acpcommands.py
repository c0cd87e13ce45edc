"""What the scripted ACP agent does with commands that its client runs. Standard library only."""

import json
import queue
from typing import Any


class Commands:
    """Mixed into `acpagent.Agent`."""

    lines: "queue.SimpleQueue[dict[str, Any] | None]"
    held: list[dict[str, Any]]
    session: str
    number: int
    terminal: str

    def send(self, **line: Any) -> None:
        raise NotImplementedError

    def update(self, variant: str, /, **fields: Any) -> None:
        raise NotImplementedError

    def text(self, text: str, kind: str = "agent_message_chunk") -> None:
        raise NotImplementedError

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        raise NotImplementedError

    # -- the steps of prompts -----------------------------------------------------------------------------------------
    def ask_for(self, line: str, kind: str = "allow_once") -> str:
        call = {
            "toolCallId": f"c{self.number}",
            "title": line,
            "kind": "execute",
            "rawInput": {"command": line},
        }
        options = [
            {"optionId": "y", "name": "Yes", "kind": kind},
            {"optionId": "n", "name": "No", "kind": "reject_once"},
        ]
        self.request("session/request_permission", toolCall=call, options=options)
        return str(call["toolCallId"])

    def answered(self, answer: dict[str, Any]) -> None:
        self.text(f"Answer: {json.dumps(answer.get('result', answer.get('error')))}")

    def do_run(self, line: str, call: str = "") -> None:
        """As the protocol's documentation has it: create, show, wait, read, release."""
        call = call or f"c{self.number}"
        announced = {"toolCallId": call, "title": line, "kind": "execute", "rawInput": {"command": line}}
        self.update("tool_call", **announced, status="pending")
        answer = self.request("terminal/create", command=line, outputByteLimit=1000)
        if "error" in answer:
            self.update("tool_call_update", toolCallId=call, status="failed", content=[])
            self.answered(answer)
            return
        self.terminal = answer["result"]["terminalId"]
        content = [{"type": "terminal", "terminalId": self.terminal}]
        self.update("tool_call_update", toolCallId=call, status="in_progress", content=content)
        ended = self.request("terminal/wait_for_exit", terminalId=self.terminal)
        said = self.request("terminal/output", terminalId=self.terminal)
        self.request("terminal/release", terminalId=self.terminal)
        self.update("tool_call_update", toolCallId=call, status="completed")
        self.text(f"Answer: {json.dumps([ended['result'], said['result']])}")

    def do_asked_run(self, line: str) -> None:
        self.do_run(line, self.ask_for(line))

    def do_always_run(self, line: str) -> None:
        self.do_run(line, self.ask_for(line, "allow_always"))

    def do_start(self, line: str) -> None:
        self.do_create(json.dumps({"command": line}))

    def do_create(self, params: str) -> None:
        answer = self.request("terminal/create", **json.loads(params))
        self.terminal = answer.get("result", {}).get("terminalId", "")
        self.answered(answer)

    def of_terminal(self, method: str) -> None:
        self.answered(self.request(f"terminal/{method}", terminalId=self.terminal))

    def do_output(self, _: str) -> None:
        self.of_terminal("output")

    def do_heard(self, _: str) -> None:
        """Until the command has said something."""
        while not self.request("terminal/output", terminalId=self.terminal)["result"]["output"]:
            pass

    def do_kill(self, _: str) -> None:
        self.of_terminal("kill")

    def do_release(self, _: str) -> None:
        self.of_terminal("release")

    def do_wait(self, _: str) -> None:
        self.of_terminal("wait_for_exit")

    def do_hasty(self, line: str) -> None:
        """Wants to know the end of a command, and then does not."""
        self.do_start(line)
        params = {"sessionId": self.session, "terminalId": self.terminal}
        self.send(id="hasty", method="terminal/wait_for_exit", params=params)
        self.send(method="$/cancel_request", params={"requestId": "hasty"})
        while (got := self.lines.get()) is not None and got.get("id") != "hasty":
            self.held.append(got)
        self.answered(got or {})
