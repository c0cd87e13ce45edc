"""What tests of the scripted ACP agent do again and again. The agent is the user's own, named in config.toml."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import acpagent
from tests.support.daemon import Daemon, wait_for

Mine = Callable[..., Daemon]


@contextmanager
def maker(folder: Path, **environ: str) -> Iterator[Mine]:
    """Makes a daemon whose config.toml names an agent `mine`, with these habits."""
    running: list[Daemon] = []

    def make(*habits: str, **more: Any) -> Daemon:
        daemon = Daemon(folder, AGENTGUID_SILENT_SECONDS="1" if "mute" in habits else "60", **environ)
        command = [sys.executable, "-I", acpagent.__file__, "--home", str(folder / "agent")]
        command += [word for habit in habits for word in ("--habit", habit)]
        settings = {"command": command, "login": "Run `mine login` in a terminal.", **more}
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        (folder / "config").mkdir()
        (folder / "config" / "config.toml").write_text("\n".join(["[agents.mine]", *lines]) + "\n")
        running.append(daemon)
        return daemon.start()

    try:
        yield make
    finally:
        for daemon in running:
            daemon.close()


def told(daemon: Daemon, *methods: str) -> list[dict[str, Any]]:
    """What the agent was told, over all its processes."""
    file = daemon.root / "agent" / "told"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if not methods or line.get("method") in methods]


def texts(daemon: Daemon, conversation: str, kind: str = "message") -> list[str]:
    events = daemon.events(0, conversation)
    items = [event["data"] for event in events if event["type"] == "item.added"]
    return [item["body"]["text"] for item in items if item["kind"] == kind]


def types(daemon: Daemon, conversation: str) -> list[str]:
    return [event["type"] for event in daemon.events(0, conversation)]


def ask(daemon: Daemon, conversation: str, text: str) -> dict[str, Any]:
    sent = daemon.send(conversation, text)
    return daemon.ended(conversation, sent["session"]["id"])


def pending(daemon: Daemon) -> dict[str, Any]:
    (approval,) = wait_for(
        lambda: daemon.api("GET", "/approvals")["approvals"], f"a request\n{daemon.log()[-2000:]}"
    )
    found: dict[str, Any] = approval
    return found
