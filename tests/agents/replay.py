"""Plays a recording as if it were the agent: the agent's side of stdin and stdout. Standard library only.

    replay.py TRANSCRIPT[.gz] [--part N] [--state FOLDER] [--speed FACTOR] -- [the agent's own arguments]

Where the recording has a line that the client wrote, it waits for one of the same kind (a user message, the same
request, the answer to the same request); ids of the client's requests are translated. Requests that the recording does
not know are answered with an empty success; settings that it has are not waited for, because each client sets what it
likes. What the agent wrote is written as it stands. At the end it waits for stdin to close and exits as recorded. Of a
recording with several processes `--part` is played; with `--state` each start plays the next one.
"""

import argparse
import gzip
import json
import queue
import shlex
import sys
import threading
import time
from pathlib import Path
from typing import Any

PATIENCE = 120.0
"""Seconds that it waits for a line of the client's before it gives up (status 3)."""


def install(
    folder: Path,
    transcript: str | Path,
    name: str = "claude",
    version: str = "2.1.330 (Claude Code)",
    speed: float = 0.0,
) -> Path:
    """Puts a program NAME into `folder` that plays a recording (its name here, or a path). Each start plays the next part."""
    path = Path(transcript)
    if not path.exists():
        path = Path(__file__).with_name("transcripts") / f"{transcript}.ndjson.gz"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    words = [sys.executable, "-I", str(Path(__file__).resolve()), str(path.resolve())]
    words += ["--state", str(folder.resolve()), "--speed", str(speed), "--"]
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = --version ] && {{ echo {shlex.quote(version)}; exit 0; }}\n'
        f'exec {shlex.join(words)} "$@"\n'
    )
    program.chmod(0o755)
    return program


def load(path: Path, part: int) -> list[dict[str, Any]]:
    """The records of one process."""
    parts: list[list[dict[str, Any]]] = []
    data = path.read_bytes()
    for raw in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines():
        record = json.loads(raw)
        if record["dir"] == "meta":
            parts.append([])
        else:
            parts[-1].append(record)
    return parts[min(part, len(parts)) - 1]


def kind(line: Any) -> tuple[str, ...]:
    """What a line of the client's is."""
    if not isinstance(line, dict):
        return ("other",)
    if "method" in line:
        return ("request" if "id" in line else "note", line["method"])
    if "type" not in line and "id" in line:
        return ("answer", json.dumps(line["id"]))
    if line.get("type") == "control_request":
        return ("control", line["request"]["subtype"])
    if line.get("type") == "control_response":
        return ("answer", line["response"]["request_id"])
    return (str(line.get("type")),)


def parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


SETTINGS = (
    "session/set_mode",
    "session/set_model",
    "session/set_config_option",
    "account/read",
    "account/rateLimits/read",
    "thread/list",
    "config/read",
    "permissionProfile/list",
)
"""Requests that clients make when they like: recorded ones are passed over, others are answered with nothing."""


class Player:
    def __init__(self, records: list[dict[str, Any]], speed: float) -> None:
        self.records, self.speed = records, speed
        self.ids: dict[str, str] = {}
        self.numbers: dict[str, Any] = {}
        """Ids of JSON-RPC requests, recorded → of this client; None: it never sent that one."""
        self.held: list[Any] = []
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.later = [kind(parse(record["line"])) for record in records if record["dir"] == "in"]
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        for raw in sys.stdin:
            self.inbox.put(parse(raw))
        self.inbox.put(EOFError)

    def play(self) -> None:
        """Ends the process as the recorded one ended."""
        last = 0
        for record in self.records:
            if self.speed and record["dir"] == "out":
                time.sleep(min(record["t"] - last, 2000) / 1000 / self.speed)
            last = record["t"]
            match record["dir"]:
                case "in":
                    self.later.pop(0)
                    self.take(parse(record["line"]))
                case "err":
                    print(record["line"], file=sys.stderr, flush=True)
                case "out":
                    self.write(record["line"])
                case "exit":
                    code = int(record["line"])
                    if not self.records_end_alone():
                        self.drain()
                    sys.exit(code if code >= 0 else 128 - code)
        self.drain()

    def records_end_alone(self) -> bool:
        """The recorded process ended in an error before it was asked anything."""
        asked = ('"user"', '"session/prompt"', '"turn/start"')
        lines = [record["line"] for record in self.records if record["dir"] == "in"]
        return not any(words in line for line in lines for words in asked)

    def take(self, recorded: Any) -> None:
        """Waits for the line that the recording has here."""
        wanted = kind(recorded)
        if wanted[-1] in SETTINGS:
            self.numbers[json.dumps(recorded["id"])] = None
            return
        got = next((line for line in self.held if kind(line) == wanted), None)
        if got is not None:
            self.held.remove(got)
        while got is None:
            line = self.next()
            got = line if kind(line) == wanted else self.unexpected(line)
        if wanted[0] == "control":
            self.ids[recorded["request_id"]] = got["request_id"]
        if wanted[0] == "request":
            self.numbers[json.dumps(recorded["id"])] = got["id"]

    def next(self) -> Any:
        try:
            line = self.inbox.get(timeout=PATIENCE)
        except queue.Empty:
            sys.exit(3)
        if line is EOFError:
            sys.exit(0)
        return line

    def unexpected(self, line: Any) -> None:
        if kind(line) in self.later and kind(line)[-1] not in SETTINGS:
            self.held.append(line)
        elif kind(line)[0] == "request":
            self.say({"jsonrpc": "2.0", "id": line["id"], "result": {}})
        elif kind(line)[0] == "control":
            response = {"subtype": "success", "request_id": line["request_id"], "response": {}}
            self.write(json.dumps({"type": "control_response", "response": response}))

    def drain(self) -> None:
        self.later = []
        while (line := self.inbox.get()) is not EOFError:
            self.unexpected(line)

    def write(self, text: str) -> None:
        line = parse(text)
        if isinstance(line, dict) and line.get("type") == "control_response":
            response = line["response"]
            response["request_id"] = self.ids.get(response["request_id"], response["request_id"])
            text = json.dumps(line, ensure_ascii=False)
        if kind(line)[0] == "answer" and (number := json.dumps(line.get("id"))) in self.numbers:
            if self.numbers[number] is None:
                return
            text = json.dumps({**line, "id": self.numbers[number]}, ensure_ascii=False)
        self.print(text)

    def say(self, line: Any) -> None:
        self.print(json.dumps(line))

    def print(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def started(folder: Path, transcript: Path) -> int:
    """Counts the starts of one recording."""
    file = folder / f"{transcript.name}.starts"
    number = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(number))
    return number


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("transcript", type=Path)
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--speed", type=float, default=0.0)
    given, _ = parser.parse_known_args()
    part = given.part or (started(given.state, given.transcript) if given.state else 1)
    Player(load(given.transcript, part), given.speed).play()


if __name__ == "__main__":
    main()
