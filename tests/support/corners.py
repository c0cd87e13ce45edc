"""Corners of the world of `states` that no story leads to: another agent's options and forms, and a disk that is full."""

import json
import shlex
import sys
from pathlib import Path

from tests.support import acpagent
from tests.support.daemon import Daemon, wait_for

FULL = """
import os
from agentguid.dispatch import Dispatcher
from agentguid.protocol.errors import LogBroken
real = Dispatcher.__call__
async def call(self, command, **more):
    if type(command).__name__ == "Report" and os.path.exists("full-" + command.conversation):
        raise LogBroken("nothing was appended, the log cannot be written: database or disk is full")
    return await real(self, command, **more)
Dispatcher.__call__ = call
"""
"""Run in the daemon before it: for a conversation with such a file there is no room for what its agent says."""
FORM = {
    "message": "Which release is it, and who hears of it? Nothing is tagged before you press Send.",
    "requestedSchema": {
        "type": "object",
        "required": ["version", "channel", "notify"],
        "properties": {
            "version": {"type": "string", "title": "Version", "description": "As it stands in pyproject.toml", "default": "2.4.0"},
            "channel": {"type": "string", "title": "Channel", "oneOf": [
                {"const": "stable", "title": "Stable", "description": "Everybody gets it with the next update"},
                {"const": "next", "title": "Next", "description": "Only who has asked for it"}]},
            "notify": {"type": "array", "title": "Who is told?", "items": {"anyOf": [
                {"const": "users", "title": "Users, by the changelog"}, {"const": "ops", "title": "ops@ledger.example, by mail"}]}},
            "days": {"type": "integer", "title": "Days until the old version is taken away", "minimum": 0, "maximum": 90, "default": 14},
            "sign": {"type": "boolean", "title": "Sign the tag?"},
            "note": {"type": "string", "title": "A sentence for the top of the notes", "description": "May stay empty"},
        },
    },
}  # fmt: skip


def install(folder: Path, home: Path) -> None:
    """A `kimi` that has options, and asks by forms."""
    program = folder / "kimi"
    habits = [word for habit in ("thinks", "explains") for word in ("--habit", habit)]
    command = shlex.join([sys.executable, "-I", acpagent.__file__, "--home", str(home), *habits])
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo 2.1.0 && exit\nexec {command}\n')
    program.chmod(0o755)


def options(daemon: Daemon, conversation: str) -> None:
    """It has said what it offers, and one of it is chosen."""
    sent = daemon.send(conversation, "say The importer reads both kinds of statements now.")
    daemon.ended(conversation, sent["session"]["id"])
    daemon.api("PATCH", f"/conversations/{conversation}", {"options": {"detail": "every step, and why"}})


def form(daemon: Daemon, conversation: str, folder: str) -> None:
    Path(folder, "release.json").write_text(json.dumps(FORM))
    daemon.send(conversation, "form release.json")
    asked = f"/approvals?conversation={conversation}"
    wait_for(lambda: daemon.api("GET", asked)["approvals"], "the form")


def stuck(daemon: Daemon, conversation: str) -> None:
    """Its next turn has begun, and nothing of it can be written."""
    (daemon.root / f"full-{conversation}").touch()
    daemon.send(conversation, "And the ones of December?")
    path = f"/conversations/{conversation}"
    wait_for(lambda: daemon.api("GET", path)["conversation"]["status"] == "stuck", "it to say so")
