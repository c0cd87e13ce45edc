"""The demo agent: a real process that speaks Claude Code's stream-json and does what its prompt scripts.

Standard library only; it is run by its path, in an interpreter that sees nothing else. Directives, joined by `;` or
line ends, run in order:

    emit N [rate R] [size S] [deltas]   N finished messages (or N pieces of one), each with a token @seq:K:NANOSECONDS@
    think | tool | ask                  a thought; a command that really runs; a file that is written if you allow it
    question | plan                     two questions to choose from; a plan that is carried out if you agree (demo_forms.py)
    long N | sleep S                    one message of N characters; nothing for S seconds
    fail | crash                        an answer as when the provider fails; an end in the middle of a message
    tour [fast]                         what a page can show, in a minute; fast: without pauses (demo_tour.py)
    NAME                                the lines of that file in the working directory

A slash before a directive means nothing. Of pictures and files it says what came. Anything else gets a greeting.
"""

import json
import os
import re
import runpy
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

DIRECTIVE = re.compile(
    r"(?P<verb>emit|long|sleep)\s+(?P<amount>\d+(?:\.\d+)?)(?P<rest>(?:\s+(?:rate|size)\s+\d+|\s+deltas)*)"
    r"|(?P<plain>think|tool|ask|question|plan|fail|crash|tour(?: fast)?)"
)
OPTION = re.compile(r"(rate|size)\s+(\d+)|(deltas)")
CHUNK = 256
LOREM = "The quick brown fox jumps over the lazy dog, and nobody minds. "
THOUGHT = "The user wants to see what happens when an agent thinks. I look at the folder first, then I say what I found."


class InterruptedTurn(Exception):  # noqa: N818 - it is no error
    pass


class FailedTurn(Exception):  # noqa: N818
    pass


class Demo:
    """One session."""

    def __init__(self, wire: Any, session: str, model: str) -> None:
        self.wire, self.session, self.model = wire, session, model
        self.words = 0

    def wait(self, seconds: float = 0.0) -> None:
        """Lets time pass; whatever was written is out before."""
        if seconds > 0:
            self.wire.flush()
        if self.wire.stop.wait(seconds) if seconds > 0 else self.wire.stop.is_set():
            raise InterruptedTurn

    def send(self, kind: str, **fields: Any) -> None:
        self.wire.send({"type": kind, **fields, "session_id": self.session})

    def steered(self) -> None:
        """Messages that came in while it worked are read between two steps."""
        while message := self.wire.next_steered():
            self.message({"type": "text", "text": f"While I worked you said: {message}"})

    # -- messages -----------------------------------------------------------------------------------------------------
    def message(self, block: dict[str, Any], name: str | None = None, **fields: Any) -> None:
        """A finished block."""
        self.words += len(block.get("text", "")) // 4
        usage = {"input_tokens": 10, "output_tokens": self.words}
        model, name = fields.pop("model", self.model), name or f"msg_{uuid.uuid4().hex}"
        message = {"id": name, "role": "assistant", "model": model, "content": [block], "usage": usage}
        self.send("assistant", message=message, parent_tool_use_id=None, **fields)

    def event(self, kind: str, **fields: Any) -> None:
        self.send("stream_event", event={"type": kind, **fields}, parent_tool_use_id=None)

    def stream(self, pieces: Iterator[str], kind: str = "text", pause: float = 0.0, end: bool = True) -> None:
        """One block, piece by piece."""
        name, said = f"msg_{uuid.uuid4().hex}", list[str]()
        self.event("message_start", message={"id": name, "content": []})
        self.event("content_block_start", index=0, content_block={"type": kind, kind: ""})
        try:
            for piece in pieces:
                self.wait(pause)
                said.append(piece)
                self.event("content_block_delta", index=0, delta={"type": f"{kind}_delta", kind: piece})
        except InterruptedTurn:
            self.message({"type": kind, kind: "".join(said)}, name, aborted=True)
            raise
        if end:
            self.message({"type": kind, kind: "".join(said)}, name)
            self.event("content_block_stop", index=0)
            self.event(
                "message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": self.words}
            )
            self.event("message_stop")

    def call(self, tool: str, arguments: dict[str, Any], run: Callable[[str], tuple[str, bool]]) -> None:
        """A tool call and its result. `run` gets the call's id; it says the output and whether it failed."""
        call = f"toolu_{uuid.uuid4().hex[:20]}"
        self.message({"type": "tool_use", "id": call, "name": tool, "input": arguments})
        self.wire.flush()
        try:
            output, failed = run(call)
        except InterruptedTurn:
            self.result_of(call, "The user stopped this.", True)
            raise
        self.result_of(call, output, failed)

    def result_of(self, call: str, output: str, failed: bool) -> None:
        block = {"type": "tool_result", "tool_use_id": call, "content": output, "is_error": failed}
        self.send("user", message={"role": "user", "content": [block]}, parent_tool_use_id=None)

    # -- directives ---------------------------------------------------------------------------------------------------
    def run(self, prompt: str, depth: int = 0) -> None:
        parts = [part.strip() for part in re.split(r"[;\n]", prompt) if part.strip()]
        for place, part in enumerate(parts):
            self.steered()
            found = DIRECTIVE.fullmatch(part.removeprefix("/"))
            if found:
                self.directive(found)
            elif depth < 4 and (script := read_script(part)):
                self.run(script, depth + 1)
            elif place == 0:
                beside("demo_tour", "greet")(self)
                return
            else:
                self.message({"type": "text", "text": f"I do not know what `{part[:200]}` means."})

    def directive(self, found: re.Match[str]) -> None:
        verb, amount = found["verb"] or found["plain"], float(found["amount"] or 0)
        options = {name or flag: int(value or 1) for name, value, flag in OPTION.findall(found["rest"] or "")}
        match verb:
            case "emit" if "deltas" in options:
                self.stream(self.tokens(int(amount), options))
            case "emit":
                self.emit(int(amount), options)
            case "long":
                self.stream(self.long(int(amount)))
            case "sleep":
                self.wait(amount)
            case "think":
                self.stream(pieces(THOUGHT, 12), "thinking", 0.02)
            case "tool":
                self.call("Bash", {"command": "ls", "description": "Look at the folder"}, self.ls)
            case "ask":
                arguments = {"file_path": str(Path("demo-note.txt").absolute()), "content": "A note.\n"}
                self.call("Write", arguments, lambda call: self.ask(call, arguments))
            case "question" | "plan":
                beside("demo_forms", verb)(self)
            case "fail":
                raise FailedTurn
            case "crash":
                self.crash()
            case _:
                beside("demo_tour", "go")(self, 0.0 if "fast" in verb else 1.0)

    def tokens(self, amount: int, options: dict[str, int]) -> Iterator[str]:
        rate, size, begun = options.get("rate", 0), options.get("size", 0), time.monotonic()
        for number in range(amount):
            if rate:
                self.wait(max(begun + number / rate - time.monotonic(), 1e-6))
            elif number % 64 == 0:
                self.wait()
            yield f"@seq:{number}:{time.monotonic_ns()}@".ljust(size, ".")

    def emit(self, amount: int, options: dict[str, int]) -> None:
        mark, usage = "\x00", {"input_tokens": 10, "output_tokens": 10}
        block = {"type": "text", "text": mark}
        message = {"id": mark, "role": "assistant", "model": self.model, "content": [block], "usage": usage}
        line = {
            "type": "assistant",
            "message": message,
            "parent_tool_use_id": None,
            "session_id": self.session,
        }
        before, middle, after = json.dumps(line, separators=(",", ":")).split(json.dumps(mark))
        name = uuid.uuid4().hex
        for number, token in enumerate(self.tokens(amount, options)):
            if self.wire.steers:
                self.steered()
            text = f'{before}"msg_{name}{number}"{middle}"{token}"{after}\n'
            self.wire.write(text.encode())

    def long(self, size: int) -> Iterator[str]:
        for begin in range(0, size, CHUNK):
            piece = f"{begin} {LOREM * 4}"[:CHUNK]
            yield piece.ljust(CHUNK, "~")[: size - begin]

    def ls(self, _call: str) -> tuple[str, bool]:
        return self.execute("ls")

    def execute(self, *command: str) -> tuple[str, bool]:
        """What a command says, and whether it failed."""
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=10, check=False
            )
        except (OSError, subprocess.SubprocessError) as error:
            return f"{command[0]}: {error}", True
        said = f"{done.stdout}{done.stderr}".rstrip("\n") or "(it said nothing)"
        return (f"Exit code {done.returncode}\n{said}" if done.returncode else said), done.returncode != 0

    def ask(self, call: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        allowed, answer = self.permitted(call, "Write", arguments, "demo-note.txt")
        if not allowed:
            return str(answer.get("message") or "The user said no."), True
        try:
            Path("demo-note.txt").write_text(str(answer.get("content", "")))
        except OSError as error:
            return f"demo-note.txt cannot be written: {error}", True
        return "Wrote demo-note.txt.", False

    def permitted(
        self, call: str, tool: str, arguments: dict[str, Any], about: str
    ) -> tuple[bool, dict[str, Any]]:
        """Asks the user, unless edits need no asking: the arguments as they may be used, or the answer that says no."""
        if self.wire.mode in ("acceptEdits", "bypassPermissions"):
            return True, arguments
        suggestion = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}
        about_it = {"description": about, "permission_suggestions": [suggestion]}
        answer = self.permission(call, tool, arguments, about_it)
        if answer.get("behavior") != "allow":
            return False, answer
        return True, answer.get("updatedInput") or arguments

    def permission(
        self, call: str, tool: str, arguments: dict[str, Any], about: dict[str, Any]
    ) -> dict[str, Any]:
        """Asks the user, and works from then on in the mode that goes with the answer."""
        request_id = str(uuid.uuid4())
        request = {"subtype": "can_use_tool", "tool_name": tool, "tool_use_id": call, "input": arguments}
        self.wait()
        self.wire.send({"type": "control_request", "request_id": request_id, "request": request | about})
        self.wire.flush()
        while True:
            of, answer = cast(tuple[str, dict[str, Any]], self.wire.answers.get())
            if self.wire.stop.is_set():
                self.wire.send({"type": "control_cancel_request", "request_id": request_id})
                raise InterruptedTurn
            if of in (request_id, "end"):
                break
        for change in answer.get("updatedPermissions") or []:
            if change.get("type") == "setMode":
                self.wire.mode = change["mode"]
                self.send("system", subtype="status", status=None, permissionMode=self.wire.mode)
        return answer

    def crash(self) -> None:
        self.stream(iter(["I was just about to say something importa"]), end=False)
        self.wire.flush()
        print("demo agent: crashed, as it was told to", file=sys.stderr, flush=True)
        os._exit(3)

    # -- turns --------------------------------------------------------------------------------------------------------
    def turn(self, prompt: str, got: list[str]) -> None:
        begun, self.words = time.monotonic(), 0
        self.send(
            "system", subtype="init", cwd=str(Path.cwd()), model=self.model, permissionMode=self.wire.mode
        )
        end: dict[str, Any] = {"subtype": "success", "is_error": False, "terminal_reason": "completed"}
        try:
            for sentence in got:
                self.message({"type": "text", "text": sentence})
            if prompt.strip() or not got:
                self.run(prompt)
            self.steered()
        except InterruptedTurn:
            text = {"type": "text", "text": "[Request interrupted by user]"}
            self.send("user", message={"role": "user", "content": [text]}, parent_tool_use_id=None)
            end = {
                "subtype": "error_during_execution",
                "is_error": True,
                "terminal_reason": "aborted_streaming",
            }
        except FailedTurn:
            end = self.failure()
        spent = {"inputTokens": 10, "outputTokens": self.words, "costUSD": 0.0, "contextWindow": 200_000}
        end |= {"duration_ms": int((time.monotonic() - begun) * 1000), "total_cost_usd": 0.0}
        end |= {"modelUsage": {self.model: spent}, "model_usage_since_last_result": {self.model: spent}}
        self.send("result", **end)
        self.wire.open -= 1
        self.wire.stop.clear()
        self.wire.flush()

    def failure(self) -> dict[str, Any]:
        text = "API Error: 529 Overloaded. This is only the demo agent, which was told to fail."
        self.message(
            {"type": "text", "text": text},
            model="<synthetic>",
            is_api_error_message=True,
            error="server_error",
        )
        how = {"terminal_reason": "api_error", "api_error_status": 529, "result": text}
        return {"subtype": "success", "is_error": True, **how}


def read_script(name: str) -> str | None:
    path = Path(name)
    try:
        return path.read_text() if path.is_file() and path.stat().st_size < 1 << 20 else None
    except (OSError, ValueError):
        return None


def beside(file: str, name: str) -> Any:
    """Something of a file beside this one; an isolated interpreter does not look there by itself."""
    return runpy.run_path(str(Path(__file__).with_name(f"{file}.py")))[name]


def pieces(text: str, size: int) -> Iterator[str]:
    for begin in range(0, len(text), size):
        yield text[begin : begin + size]


def after(option: str, default: str) -> str:
    """The value of a command line option."""
    return sys.argv[sys.argv.index(option) + 1] if option in sys.argv[:-1] else default


def main() -> None:
    wire = beside("demo_wire", "Wire")()
    wire.mode = after("--permission-mode", "default")
    demo = Demo(wire, after("--resume", "") or str(uuid.uuid4()), after("--model", "demo"))
    threading.Thread(target=wire.read, daemon=True).start()
    try:
        while (prompt := wire.prompts.get()) is not None:
            demo.turn(*prompt)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)


if __name__ == "__main__":
    main()
