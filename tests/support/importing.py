"""What the tests of import, and of its counterpart, do again and again."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentguid.hosts.tape import OUT, Reader
from tests.support.daemon import Daemon, wait_for

ROUNDS = """
import agentguid.effects.importing as one
one.WATCH, one.SHARE = 0.2, 1
look_after = one.Importer._look_after_all
async def counted(importer):
    await look_after(importer)
    print("looked after all", flush=True)
one.Importer._look_after_all = counted
"""
"""It looks every fifth of a second, and says in the daemon's log when it has."""


def home(daemon: Daemon) -> Path:
    return daemon.root / "home"


def finished(daemon: Daemon, request: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        progress: dict[str, Any] = daemon.api("GET", "/import/progress")
        return progress if progress["request"] == request and not progress["running"] else None

    progress: dict[str, Any] = wait_for(done, f"the import to end\n{daemon.log()[-2000:]}", 90)
    return progress


def take_in(daemon: Daemon, **wanted: Any) -> dict[str, Any]:
    return finished(daemon, daemon.api("POST", "/import", wanted)["request"])


def transcript(daemon: Daemon, conversation: str) -> list[dict[str, Any]]:
    ignored = ("conversation.imported", "conversation.created")
    return [event for event in daemon.events(0, conversation) if event["type"] not in ignored]


def prompts(daemon: Daemon, conversation: str) -> list[str]:
    started = [event for event in daemon.events(0, conversation) if event["type"] == "turn.started"]
    return [event["data"]["body"]["text"] for event in started]


def rows(daemon: Daemon) -> dict[str, dict[str, Any]]:
    return {row["title"]: row for row in daemon.api("GET", "/conversations?limit=100")["conversations"]}


def prints(root: Path) -> dict[str, tuple[str, int]]:
    """Everything in a home, by content and time."""
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def iso(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat().replace("+00:00", "Z")


def every_event(daemon: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = 0
    while batch := daemon.events(after):
        found += batch
        after = batch[-1]["position"]
    return found


def session_of(daemon: Daemon, conversation: str) -> str:
    """The agent's own id of the session that a conversation was run in."""
    events = daemon.events(0, conversation)
    return next(str(event["data"]["session"]) for event in events if event["type"] == "session.identified")


def forgotten(daemon: Daemon, conversation: str) -> bool:
    return all(
        event["data"] is None
        for event in daemon.events()
        if event["stream"] == f"conversation-{conversation}"
        and event["type"] not in ("conversation.deleted", "session.identified")
    )


def said_by_the_agent(daemon: Daemon) -> str:
    """The id of a message that the demo agent gave, as its tape has it."""
    for folder in (daemon.data / "tapes").iterdir():
        for record in Reader(folder).records():
            if record.direction == OUT and b'"type":"assistant"' in record.payload.replace(b" ", b""):
                for line in record.payload.splitlines():
                    if b'"assistant"' in line and (name := json.loads(line).get("message", {}).get("id")):
                        return str(name)
    raise AssertionError("the demo agent names no message")


def some_rounds(daemon: Daemon) -> None:
    """The importer has begun and ended a look since, and another."""
    before = daemon.log().count("looked after all")
    wait_for(lambda: daemon.log().count("looked after all") > before + 2, "the importer to look")
