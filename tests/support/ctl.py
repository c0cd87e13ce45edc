"""`agentguictl` as a process of its own, beside a real daemon."""

import json
import subprocess
import sys
from typing import Any

from tests.support.daemon import Daemon, wait_for

PATIENCE = 60


class Here:
    """A daemon, and `agentguictl` in its working directory."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    def start(self, *args: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "agentguid.cli", *args],
            env=self.daemon.environ,
            cwd=self.daemon.work,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __call__(self, *args: str, code: int = 0, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        process = self.start(*args)
        out, err = process.communicate(stdin, timeout=PATIENCE)
        assert process.returncode == code, (
            f"{args}: {process.returncode}\n{out}\n{err}\n{self.daemon.log()[-3000:]}"
        )
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def json(self, *args: str) -> Any:
        return json.loads(self(*args, "--json").stdout)

    def new(self) -> str:
        return self("new", "--agent", "demo").stdout.strip()

    def said(self, conversation: str) -> list[str]:
        """What the agent said, by the log."""
        found = self.daemon.events(conversation=conversation)
        bodies = [event["data"] for event in found if event["type"] == "item.added"]
        return [data["body"]["text"] for data in bodies if data["kind"] == "message"]

    def running(self, conversation: str) -> None:
        wait_for(lambda: self.daemon.latest(conversation), "a turn to begin")
