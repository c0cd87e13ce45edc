"""The home that Gemini CLI is given while it works with an account of ours: the user's own, but for the sign-in.

By its protocol it takes an account only when its settings say so, and where it writes that is in the user's. So it gets
a folder in which everything is a link to what the user has, except the settings, which are a copy that says how to sign
in, and what it notes about an account. See docs/adr/0052.
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from agentguid.protocol.errors import AgentFailed

VARIABLE = "GEMINI_CLI_HOME"
FOLDER = ".gemini"
SETTINGS = "settings.json"
OWN = frozenset((SETTINGS, "oauth_creds.json", "google_accounts.json", "gemini-credentials.json"))
"""What is not the user's in that folder."""
BESIDE = (".agents", ".env")
"""What it reads in a home beside its own folder."""
LARGEST = 4 * 1024 * 1024
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


def prepare(home: Path, environ: Mapping[str, str]) -> None:
    """Makes the folder what it should be now. Touches the disk: not for the event loop.

    Raises AgentFailed when the user's settings cannot be read: without them it would not be their agent.
    """
    users = Path(environ.get(VARIABLE) or environ.get("HOME") or Path.home())
    try:
        (home / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        _link_all(users / FOLDER, home / FOLDER)
        for name in BESIDE:
            _link(users / name, home / name)
        _write(home / FOLDER / SETTINGS, _settings(users / FOLDER / SETTINGS))
    except OSError as error:
        raise AgentFailed(f"The home of Gemini CLI in {home} cannot be made: {error}.") from None


def _link_all(users: Path, ours: Path) -> None:
    names = {*os.listdir(ours)}
    with suppress(FileNotFoundError):
        names |= {*os.listdir(users)}
    for name in names - OWN:
        _link(users / name, ours / name)


def _link(users: Path, ours: Path) -> None:
    """A link to what the user has. A file that the agent has put in the place of one stays while it is the newer."""
    if ours.is_symlink():
        if users.exists() and os.readlink(ours) == str(users):
            return
        ours.unlink()
    elif ours.exists() and (
        ours.is_dir() or not users.is_file() or ours.stat().st_mtime >= users.stat().st_mtime
    ):
        return
    if users.exists():
        ours.unlink(missing_ok=True)
        ours.symlink_to(users)


def _settings(path: Path) -> dict[str, Any]:
    """The user's, with the way to sign in."""
    settings: Any = {}
    try:
        with suppress(FileNotFoundError), path.open("rb") as file:
            text = file.read(LARGEST).decode()
            settings = json.loads(_COMMENT.sub(lambda found: found[1] or "", text))
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        raise AgentFailed(f"{path} is not JSON that can be read. Mend it, then send the message again.")
    security = settings.get("security")
    security = security if isinstance(security, dict) else {}
    auth = security.get("auth")
    auth = auth if isinstance(auth, dict) else {}
    return {**settings, "security": {**security, "auth": {**auth, "selectedType": "oauth-personal"}}}


def _write(path: Path, settings: dict[str, Any]) -> None:
    """Whole or not at all, and not when it is so already: another agent may be reading it."""
    data = json.dumps(settings, ensure_ascii=False, indent=2).encode()
    with suppress(FileNotFoundError):
        if path.read_bytes() == data:
            return
    beside = path.with_name(f"{SETTINGS}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with open(beside, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(data)
    beside.replace(path)
