"""The demo agent's lines, in and out. Loaded by demo_agent.py from beside it."""

import base64
import json
import os
import queue
import re
import sys
import threading
from typing import Any

BUFFER = 64 * 1024
COMMANDS = [
    {"name": name, "description": about, "argumentHint": hint}
    for name, about, hint in (
        ("tour", "What a page can show, in a minute", "[fast]"),
        ("think", "Think aloud", ""),
        ("tool", "Run a command: list the folder", ""),
        ("ask", "Ask before a file is written", ""),
        ("question", "Ask two questions to choose from", ""),
        ("plan", "Make a plan and wait for your yes", ""),
        ("emit", "Say so many finished messages", "N [rate R] [size S] [deltas]"),
        ("long", "One message of so many characters", "N"),
        ("sleep", "Do nothing for a while", "SECONDS"),
        ("fail", "Fail as when the provider is overloaded", ""),
        ("crash", "End in the middle of a message", ""),
    )
]
FILE = re.compile(r'<file name="([^"]*)">\n(.*)\n</file>', re.DOTALL)


def taken(blocks: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """A message's words, and what came with them."""
    words, got = [], []
    for block in blocks:
        if block["type"] == "image":
            source = block["source"]
            size = len(base64.b64decode(source["data"]))
            got.append(f"You sent a picture ({source['media_type']}, {size} bytes).")
        elif found := FILE.fullmatch(block["text"]):
            got.append(f"You sent the file {found[1]} ({len(found[2].splitlines())} lines).")
        else:
            words.append(block["text"])
    return "\n".join(words), got


class Wire:
    """Lines out, buffered; lines in, sorted by a thread into prompts and answers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pending: list[bytes] = []
        self.size = 0
        self.prompts: queue.SimpleQueue[tuple[str, list[str]] | None] = queue.SimpleQueue()
        """What was written, and a sentence for each file that came with it."""
        self.answers: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self.stop = threading.Event()
        self.steers: list[tuple[str, str]] = []
        """Messages for the turn that runs: uuid, text."""
        self.open = 0
        self.mode = "default"

    def write(self, line: bytes) -> None:
        with self.lock:
            self.pending.append(line)
            self.size += len(line)
            if self.size >= BUFFER:
                self._flush()

    def flush(self) -> None:
        with self.lock:
            self._flush()

    def _flush(self) -> None:
        data, self.pending, self.size = memoryview(b"".join(self.pending)), [], 0
        while data:
            data = data[os.write(1, data) :]

    def send(self, value: dict[str, Any]) -> None:
        self.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")

    def read(self) -> None:
        """Runs in its own thread until stdin ends."""
        for raw in sys.stdin.buffer:
            try:
                self._take(json.loads(raw))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                print(f"demo agent: a line that means nothing: {error!r}", file=sys.stderr, flush=True)
        self.prompts.put(None)
        self.answers.put(("end", {"behavior": "deny", "message": "nobody is there"}))

    def _take(self, line: dict[str, Any]) -> None:
        match line["type"]:
            case "user":
                prompt, got = taken(line["message"]["content"])
                if self.open and (name := line.get("uuid")):
                    self.steers.append((name, " ".join([prompt, *got]).strip()))
                    self.lifecycle(name, "queued")
                    return
                self.open += 1
                self.prompts.put((prompt, got))
            case "control_response":
                self.answers.put((line["response"]["request_id"], line["response"].get("response") or {}))
            case "control_request":
                self._control(line["request_id"], line["request"])

    def _control(self, request_id: str, request: dict[str, Any]) -> None:
        answer: dict[str, Any] = {}
        match request["subtype"]:
            case "initialize":
                answer = {"commands": COMMANDS, "models": [], "pid": os.getpid()}
            case "interrupt" if self.open:
                self.stop.set()
                self.answers.put(("stop", {}))
            case "cancel_async_message":
                self.steers = [one for one in self.steers if one[0] != request["message_uuid"]]
            case "set_permission_mode":
                self.mode = answer["mode"] = request["mode"]
        response = {"subtype": "success", "request_id": request_id, "response": answer}
        self.send({"type": "control_response", "response": response})
        self.flush()

    def next_steered(self) -> str | None:
        """The next message for the turn, which is told to be read now."""
        if not self.steers:
            return None
        name, text = self.steers.pop(0)
        self.lifecycle(name, "started")
        return text

    def lifecycle(self, name: str, state: str) -> None:
        self.send({"type": "command_lifecycle", "command_uuid": name, "state": state})
        self.flush()
