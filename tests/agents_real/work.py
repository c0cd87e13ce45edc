"""What the tests of genuine agents do again and again."""

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.daemon import PATIENCE, Daemon, wait_for
from tests.support.model.server import ModelServer
from tests.support.pictures import attachment, png

STEPS = (
    "turn.started", "turn.ended", "item.added", "tool.started", "tool.finished", "approval.requested",
    "approval.decided", "approval.withdrawn",
)  # fmt: skip


@dataclass(frozen=True)
class Work:
    daemon: Daemon
    model: ModelServer
    agent: str = "claude-code"
    """Catalogue id."""
    words: tuple[str, ...] = ("claude", "--input-format")
    """Its program's name (or how that begins), and an argument that only the agent itself is started with."""
    patience: float = PATIENCE
    """Seconds that one step may take."""

    def start(self, text: str, **more: Any) -> str:
        """A new conversation with this prompt; its id."""
        conversation = self.daemon.conversation(self.agent, **more)
        self.daemon.send(conversation, text)
        return conversation

    def ask(self, conversation: str, text: str) -> dict[str, Any]:
        """One turn from prompt to end."""
        sent = self.daemon.send(conversation, text)
        return self.daemon.ended(conversation, sent["session"]["id"], self.patience)

    def ended(self, conversation: str) -> dict[str, Any]:
        """The latest turn, once it has ended."""
        return self.daemon.ended(conversation, patience=self.patience)

    def events(self, conversation: str, *types: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = 0
        while batch := self.daemon.events(after, conversation):
            found += [event for event in batch if not types or event["type"] in types]
            after = batch[-1]["position"]
        return found

    def steps(self, conversation: str) -> list[str]:
        """What happened in the turns so far, in order, each in a few words."""
        return [_step(event) for event in self.events(conversation, *STEPS)]

    def texts(self, conversation: str, kind: str) -> list[str]:
        items = [event["data"] for event in self.events(conversation, "item.added")]
        return [item["body"]["text"] for item in items if item["kind"] == kind]

    def pending(self, conversation: str) -> dict[str, Any]:
        """The approval that waits, once one does."""

        def look() -> dict[str, Any] | None:
            found = self.daemon.api("GET", "/approvals")["approvals"]
            return next((one for one in found if one["conversationId"] == conversation), None)

        got: dict[str, Any] = wait_for(
            look, f"a permission request\n{self.daemon.log()[-2000:]}", self.patience
        )
        return got

    def reached(self, scenario: str, count: int = 1) -> None:
        """Returns when that many requests of a scenario have come to the model."""
        try:
            wait_for(
                lambda: len(self.model.of(scenario)) >= count,
                f"the model to be asked [[{scenario}]]",
                self.patience,
            )
        except AssertionError as error:
            error.add_note(self.report())
            raise

    def report(self) -> str:
        """For a failed test: what is known of everything."""
        tapes = [path.read_bytes()[-500:] for path in (self.daemon.data / "tapes").rglob("*.tape")]
        asked = [(request.place.scenario, request.place.turn) for request in self.model.requests]
        rows = self.daemon.api("GET", "/conversations")["conversations"]
        known = {
            "asked": asked,
            "strange": self.model.strange,
            "agents": self.agents(),
            "tapes": tapes,
            "rows": rows,
        }
        return "\n".join([*(f"{name}: {value}" for name, value in known.items()), self.daemon.log()[-3000:]])

    def decide(self, conversation: str, decision: str = "allow_once", **more: Any) -> str:
        """Answers the approval that waits; its id."""
        approval = str(self.pending(conversation)["id"])
        self.daemon.api("POST", f"/approvals/{approval}", {"decision": decision, **more})
        return approval

    def sessions(self, conversation: str) -> list[str]:
        """The agent's own session ids, one for each process that named one."""
        return [event["data"]["session"] for event in self.events(conversation, "session.identified")]

    def agents(self) -> dict[int, list[str]]:
        """The command lines of the living agents of this daemon, by pid."""
        found = {}
        for pid in self.daemon.descendants():
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            program, argument = self.words
            if argument in words and any(Path(word).name.startswith(program) for word in words[:2]):
                found[pid] = words
        return found

    def verifies(self) -> None:
        """The chain of the log holds, as the program itself sees it."""
        command = [sys.executable, "-m", "agentguid.cli", "--json", "verify"]
        done = subprocess.run(
            command, check=False, env=self.daemon.environ, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _step(event: dict[str, Any]) -> str:
    data = event["data"]
    match event["type"]:
        case "item.added":
            return f"{data['kind']}{' (incomplete)' if data.get('incomplete') else ''}"
        case "tool.started":
            return f"{data['name']} {_argument(data['input'])}".strip()
        case "tool.finished":
            return "failed" if data.get("failed") else "cut short" if data.get("incomplete") else "done"
        case "approval.requested":
            return f"asks for {data['tool']}"
        case "approval.decided":
            return str(data["decision"])
        case "turn.ended":
            return str(data["outcome"])
    return str(event["type"])


def _argument(body: dict[str, Any]) -> str:
    given = json.loads(body["text"])
    path = str(given.get("file_path", ""))
    return str(given.get("command") or Path(path).name)


def sees_what_is_attached(work: Work) -> None:
    """The model gets the picture's bytes and the text's words, and the transcript names both."""
    picture, notes = png(8, 8), b"A word to find: quokka.\n"
    files = [attachment("dot.png", picture), attachment("notes.md", notes)]
    conversation = work.daemon.conversation(work.agent)
    work.daemon.send(conversation, "[[simple]] look", attachments=files)
    turn = work.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    whole = [request.ask.raw for request in work.model.of("simple") if b"quokka" in request.ask.raw]
    assert any(base64.b64encode(picture).rstrip(b"=") in raw for raw in whole), whole
    [begun] = work.events(conversation, "turn.started")
    assert [one["name"] for one in begun["data"]["body"]["attached"]] == ["dot.png", "notes.md"]
    assert work.texts(conversation, "unknown") == []


def steered_into_the_turn(work: Work) -> None:
    """A message while a command runs: the model reads it with the command's result."""
    conversation = work.start("[[waits]] go", mode="bypass" if work.agent != "claude-code" else "ask")
    if work.agent == "claude-code":
        work.decide(conversation)
    began = work.daemon.work / "began.txt"
    wait_for(began.exists, "the command to run", work.patience)
    answer = work.daemon.send(conversation, "Be quick about it.", steer=True)
    assert answer["steering"] is True
    given = f"steer:{answer['message']['id']}"
    wait_for(lambda: given in work.daemon.inputs(), "the message to be given", work.patience)
    (work.daemon.work / "end.txt").touch()
    turn = work.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    steered = work.events(conversation, "message.steered")
    assert [event["data"]["body"]["text"] for event in steered] == ["Be quick about it."]
    assert len(work.events(conversation, "turn.started")) == 1
    asked = work.model.of("waits")
    assert not any("Be quick" in text for _, text in asked[0].ask.messages)
    assert any("Be quick" in text for _, text in asked[-1].ask.messages)
    assert work.texts(conversation, "message")[-1].startswith("The tool said:")
    assert work.texts(conversation, "unknown") == []
