"""A scripted agent that speaks ACP, as a program of its own: it does what its prompt says. Standard library only.

    acpagent.py [--habit NAME]… --home FOLDER

A prompt is a list of steps, separated by `;`: say WORDS, late WORDS, think WORDS, plan, tool, ask, edit PATH, read PATH, write PATH, slow,
until PATH, remember WORD, recall, settings, strange, twice, asked PATH, end REASON,
run LINE, asked_run LINE, start LINE, create JSON, output, kill, release, wait, hasty LINE, form FILE, fail WORDS, crash, silent, deaf. Sessions lie in FOLDER, so that another process
can take them up. What it was told (every line) lies in FOLDER/told. Beside FOLDER, a file `expired` signs it out and `outgrown` takes its models.
"""

import argparse
import json
import os
import queue
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as `python -I` of a file
from tests.support.acpcommands import Commands
from tests.support.acpsettings import ProtocolError, Settings


class CancelledError(Exception):
    pass


class Agent(Commands, Settings):
    def __init__(self, habits: list[str], home: Path) -> None:
        self.habits, self.home = habits, home
        self.lines = queue.SimpleQueue()
        self.held = []
        self.late: list[str] = []
        self.session, self.number, self.terminal = "", 0, ""
        self.chosen: dict[str, str] = {}
        self.mode, self.model = "auto", "small"
        self.signed_in = "login" not in habits and not (home.parent / "expired").exists()
        self.cancelled = threading.Event()

    # -- lines --------------------------------------------------------------------------------------------------------
    def read(self) -> None:
        with (self.home / "told").open("a") as told:
            for raw in sys.stdin:
                told.write(raw)
                told.flush()
                line = json.loads(raw)
                if line.get("method") == "session/cancel":
                    self.cancelled.set()
                self.lines.put(line)
        self.lines.put(None)

    def send(self, **line: Any) -> None:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **line}) + "\n")
        sys.stdout.flush()

    def update(self, variant: str, /, **fields: Any) -> None:
        update = {"sessionUpdate": variant, **fields}
        self.send(method="session/update", params={"sessionId": self.session, "update": update})

    def text(self, text: str, kind: str = "agent_message_chunk") -> None:
        self.update(kind, content={"type": "text", "text": text})

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        """Asks the client; meanwhile other lines are kept. The first id is 0, the second is text."""
        identity: Any = f"r{self.number}" if self.number % 2 else self.number
        self.number += 1
        self.send(id=identity, method=method, params={"sessionId": self.session, **params})
        while True:
            line = self.lines.get()
            if line is None:
                sys.exit(0)
            if "method" not in line and line.get("id") == identity:
                return line
            if line.get("method") != "session/cancel":
                self.held.append(line)

    # -- the protocol -------------------------------------------------------------------------------------------------
    def serve(self) -> None:
        threading.Thread(target=self.read, daemon=True).start()
        while True:
            line = self.held.pop(0) if self.held else self.lines.get()
            if line is None:
                return
            method, params = line.get("method"), line.get("params") or {}
            if "id" not in line or method is None:
                continue
            try:
                self.send(id=line["id"], result=self.answer(str(method), params))
            except ProtocolError as error:
                self.send(id=line["id"], error={"code": error.code, "message": str(error)})
            while self.late:
                self.text(self.late.pop(0) + " ")

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        match method:
            case "initialize":
                return self.initialize()
            case "authenticate":
                if params["methodId"] != "by-itself" or "stubborn" in self.habits:
                    raise ProtocolError(-32000, "That did not work")
                self.signed_in = True
                return {}
            case "session/new" | "session/load" | "session/resume":
                return self.begin(method, params)
            case "session/list":
                return self.sessions(params)
            case "session/close":
                if "lingers" in self.habits:
                    time.sleep(600)
                return {}
            case "session/delete":
                (self.home / params["sessionId"]).unlink()
                return {}
            case "session/set_mode" | "session/set_model" | "session/set_config_option":
                return self.set(method, params)
            case "session/prompt":
                return self.prompt(params)
        raise ProtocolError(-32601, f"no method {method}")

    def sessions(self, params: dict[str, Any]) -> dict[str, Any]:
        """One a page."""
        names = sorted(file.name for file in self.home.iterdir() if file.name != "told")
        at = int(params.get("cursor") or 0)
        found = [{"sessionId": name, "cwd": "/"} for name in names[at : at + 1]]
        return {"sessions": found, **({"nextCursor": str(at + 1)} if at + 1 < len(names) else {})}

    def initialize(self) -> dict[str, Any]:
        if "mute" in self.habits:
            time.sleep(600)
        if "dead" in self.habits:
            os._exit(9)
        if "future" in self.habits:
            return {"protocolVersion": 2}
        sessions = {} if "load" in self.habits else {"resume": {}}
        can = {"loadSession": "forgetful" not in self.habits, "sessionCapabilities": sessions}
        if "forgetful" in self.habits:
            can["sessionCapabilities"] = {}
        if "tidy" in self.habits:
            sessions = can["sessionCapabilities"] = {"resume": {}, "close": {}, "delete": {}, "list": {}}
        if "sees" in self.habits:
            can["promptCapabilities"] = {"image": True, "embeddedContext": True}
        methods = [{"id": "by-hand", "name": "In a browser"}, {"id": "by-itself", "name": "By itself"}]
        return {"protocolVersion": 1, "agentCapabilities": can, "authMethods": methods}

    def begin(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if not self.signed_in:
            raise ProtocolError(-32000, "Authentication required")
        if method == "session/new":
            self.session = str(uuid.uuid4())
            self.remember("")
        else:
            if "grumpy" in self.habits:
                raise ProtocolError(-32603, "Something went wrong")
            if not (self.home / params["sessionId"]).exists():
                raise ProtocolError(-32603, "Session not found")
            self.session = params["sessionId"]
            self.take_up()
            if method == "session/load":
                self.text("An old prompt", "user_message_chunk")
                self.text("An old answer")
                self.update("tool_call", toolCallId="old", title="old", kind="read", status="completed")
        found = self.offered()
        if method == "session/new":
            return {"sessionId": self.session, **found}
        return {} if "terse" in self.habits else found

    def remember(self, word: str) -> None:
        (self.home / self.session).write_text(word)

    def prompt(self, params: dict[str, Any]) -> dict[str, Any]:
        self.cancelled.clear()
        text = "".join(block["text"] for block in params["prompt"] if block["type"] == "text")
        try:
            for step in text.split(";"):
                verb, _, rest = step.strip().partition(" ")
                getattr(self, f"do_{verb}")(rest)
        except CancelledError:
            return {"stopReason": "cancelled"}
        except StoppedError as stopped:
            return {"stopReason": str(stopped)}
        usage = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}
        return {"stopReason": "end_turn", "usage": usage}

    # -- what it can do -----------------------------------------------------------------------------------------------
    def do_say(self, words: str) -> None:
        for word in words.split():
            self.text(word + " ")

    def do_late(self, words: str) -> None:
        """Said when the turn is over."""
        self.late += words.split()

    def do_think(self, words: str) -> None:
        self.text(words, "agent_thought_chunk")

    def do_plan(self, _: str) -> None:
        for state in ("pending", "completed", "completed"):
            self.update("plan", entries=[{"content": "Do it", "priority": "high", "status": state}])

    def do_tool(self, _: str) -> None:
        call = {"toolCallId": f"c{self.number}", "kind": "execute"}
        self.number += 2
        self.update("tool_call", **call, title="Terminal", status="pending", rawInput={})
        self.update("tool_call_update", **call, title="ls", rawInput={"command": "ls"})
        self.update(
            "tool_call_update",
            toolCallId=call["toolCallId"],
            status="completed",
            content=[{"type": "content", "content": {"type": "text", "text": "a\nb"}}],
        )

    def do_ask(self, _: str, path: str = "made.txt", kind: str = "edit") -> None:
        """As Gemini does it: the request is the first that is heard of the call."""
        whole = str(Path(path).absolute())
        diff = {"type": "diff", "path": whole, "oldText": None, "newText": "made\n"}
        call = {"toolCallId": f"c{self.number}", "title": f"Write {path}", "kind": kind, "status": "pending"}
        options = [
            {"optionId": "ever", "name": "Always", "kind": "allow_always"},
            {"optionId": "now", "name": "Once", "kind": "allow_once"},
            {"optionId": "now2", "name": "Once, and quickly", "kind": "allow_once"},
            {"optionId": "no", "name": "No", "kind": "reject_once"},
        ]
        asked = {"toolCall": {**call, "content": [diff]}, "options": options}
        if self.mode not in ("auto", "yolo"):
            outcome = self.request("session/request_permission", **asked)["result"]["outcome"]
            if outcome["outcome"] == "cancelled":
                raise CancelledError
            if outcome["optionId"] == "no":
                self.update("tool_call_update", toolCallId=call["toolCallId"], status="failed", content=[])
                self.text("You said no.")
                return
        Path(path).write_text("made\n")
        self.update("tool_call_update", toolCallId=call["toolCallId"], status="completed", content=[diff])
        self.text(f"Done by {self.mode}.")

    def do_edit(self, path: str) -> None:
        self.do_ask("", path)

    def do_write(self, path: str) -> None:
        answer = self.request("fs/write_text_file", path=str(Path(path).absolute()), content="written\n")
        self.text(f"Answer: {json.dumps(answer.get('result', answer.get('error')))}")

    def do_asked(self, path: str) -> None:
        """As OpenCode does it: permission first, and then the client shall write the file."""
        whole = str(Path(path).absolute())
        call = {
            "toolCallId": f"c{self.number}",
            "title": path,
            "kind": "edit",
            "locations": [{"path": whole}],
        }
        options = [
            {"optionId": "y", "name": "Yes", "kind": "allow_once"},
            {"optionId": "n", "name": "No", "kind": "reject_once"},
        ]
        self.request("session/request_permission", toolCall=call, options=options)
        self.do_write(path)
        self.update("tool_call_update", toolCallId=call["toolCallId"], status="completed")

    def do_read(self, path: str) -> None:
        answer = self.request("fs/read_text_file", path=path, line=2, limit=1)
        self.text(f"Answer: {json.dumps(answer.get('result', answer.get('error')))}")

    def do_slow(self, _: str) -> None:
        for number in range(10_000):
            self.text(f"tick {number} ")
            if self.cancelled.wait(0.02):
                raise CancelledError

    def do_until(self, path: str) -> None:
        """Works until the file is there. Settings it takes on meanwhile."""
        self.text("At work. ")
        while not Path(path).exists():
            try:
                line = self.lines.get(timeout=0.02)
            except queue.Empty:
                continue
            if line is None:
                sys.exit(0)
            if line.get("method") == "session/set_mode":
                self.send(id=line["id"], result=self.answer("session/set_mode", line["params"]))
            elif line.get("method") != "session/cancel":
                self.held.append(line)

    def do_deaf(self, _: str) -> None:
        """Works on, whatever is asked of it."""
        self.text("I hear nothing.")
        time.sleep(600)

    def do_remember(self, word: str) -> None:
        self.remember(word)
        self.text("Noted.")

    def do_recall(self, _: str) -> None:
        self.text(f"It was {(self.home / self.session).read_text() or 'nothing'}.")

    def do_settings(self, _: str) -> None:
        effort = f", effort {self.chosen.get('effort', 'low')}" if "thinks" in self.habits else ""
        self.text(f"mode {self.mode}, model {self.model}{effort}")

    def do_strange(self, _: str) -> None:
        self.send(method="session/novelty", params={})
        self.update("hologram", content=[])
        answer = self.request("mcp/connect", acpId="x")
        self.text(f"Answer: {answer['error']['code']}")

    def do_twice(self, _: str) -> None:
        """Two requests at once, of which it takes one back."""
        for identity in ("first", "second"):
            call = {"toolCallId": identity, "title": identity, "kind": "execute"}
            options = [{"optionId": "y", "name": "Yes", "kind": "allow_once"}]
            asked = {"sessionId": self.session, "toolCall": call, "options": options}
            self.send(id=identity, method="session/request_permission", params=asked)
        self.send(method="$/cancel_request", params={"requestId": "first"})
        answers = {}
        while len(answers) < 2:
            line = self.lines.get()
            if line is None:
                sys.exit(0)
            if line.get("id") in ("first", "second"):
                answers[line["id"]] = "error" if "error" in line else line["result"]["outcome"]["outcome"]
        self.text(json.dumps(answers))

    def do_end(self, reason: str) -> None:
        raise StoppedError(reason)

    def do_fail(self, words: str) -> None:
        raise ProtocolError(-32603, f"Internal error: {words}")

    def do_crash(self, _: str) -> None:
        self.text("I was just about to")
        print("segmentation fault, as I was told", file=sys.stderr, flush=True)
        os._exit(9)

    def do_silent(self, _: str) -> None:
        time.sleep(600)


class StoppedError(Exception):
    pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--habit", action="append", default=[])
    parser.add_argument("--home", type=Path, required=True)
    given = parser.parse_args()
    given.home.mkdir(parents=True, exist_ok=True)
    Agent(given.habit, given.home).serve()


if __name__ == "__main__":
    main()
