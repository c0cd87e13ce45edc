"""The environment that agents are started in, and where their programs may lie."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentguid.protocol.errors import AgentFailed

USUAL = (
    ".local/bin",
    ".claude/local",
    ".npm-global/bin",
    ".bun/bin",
    ".volta/bin",
    ".yarn/bin",
    ".local/share/pnpm",
    "bin",
)
EVERYWHERE = ("/opt/homebrew/bin", "/usr/local/bin", "/home/linuxbrew/.linuxbrew/bin")
NOT_FOR_AGENTS = ("AGENTGUID_", "LISTEN_", "WATCHDOG_", "CLAUDE_CODE_SESSION", "CLAUDE_AGENT_SDK")
NOT_FOR_AGENTS_EITHER = frozenset(
    [
        "NOTIFY_SOCKET",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
        "SYSTEMD_EXEC_PID",
        "MAINPID",
        "CLAUDECODE",
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_CODE_SSE_PORT",
        "CLAUDE_CODE_EXECPATH",
    ]
)


def folders(environ: Mapping[str, str]) -> list[str]:
    """Where programs are looked for: PATH, then where package managers put them for one user."""
    path = [folder for folder in environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    home = environ.get("HOME")
    usual = [os.path.join(home, folder) for folder in USUAL] if home else []
    return list(dict.fromkeys([*path, *usual, *EVERYWHERE]))


def child_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """What an agent's process inherits: everything but what concerns only the daemon, and marks of an outer agent.

    Folders where programs were found but that PATH lacks are added to PATH, because agents run programs by name.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(NOT_FOR_AGENTS) and name not in NOT_FOR_AGENTS_EITHER
    }
    extra = [folder for folder in folders(environ) if Path(folder).is_dir()]
    kept["PATH"] = os.pathsep.join(extra)
    return kept


def laid_over(name: str, users: str, ours: str) -> str:
    """A variable that holds a JSON object: the user's, with ours in it. What is new in an object comes last. Raises AgentFailed."""
    try:
        under = json.loads(users)
    except (ValueError, RecursionError):
        under = None
    if not isinstance(under, dict):
        raise AgentFailed(
            f"{name} is set for the daemon and is no JSON object (it may have no comments), so that what makes this agent ask cannot "
            "be put in. Mend or unset it, start the daemon anew, then send the message again."
        )
    return json.dumps(_merged(under, json.loads(ours)))


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {**under, **over}
    for key in under.keys() & over.keys():
        if isinstance(under[key], dict) and isinstance(over[key], dict):
            both[key] = _merged(under[key], over[key])
    return both
