"""What the API shows of a conversation, and what its log says."""

from typing import Any

from tests.support.daemon import Daemon


def row(daemon: Daemon, conversation: str) -> dict[str, Any]:
    return dict(daemon.api("GET", f"/conversations/{conversation}")["conversation"])


def facts(daemon: Daemon, conversation: str, kind: str) -> list[dict[str, Any]]:
    return [event["data"] for event in daemon.events(0, conversation) if event["type"] == kind]
