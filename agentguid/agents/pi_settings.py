"""The user's settings of Pi, which are read and never written. Touches the disk: not for the event loop."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentguid.agents.jsonl import mapping, text_of

VARIABLE, FOLDER, FILE = "PI_CODING_AGENT_DIR", ".pi", "settings.json"
LARGEST = 1024 * 1024


def default_model(cwd: str, environ: Mapping[str, str]) -> str:
    """The model that Pi begins a session with, `provider/name`; nothing when it chooses one by itself."""
    home = Path(environ.get("HOME") or Path.home())
    users = Path(environ.get(VARIABLE) or home / FOLDER / "agent")
    told = _read(users / FILE) | _read(Path(cwd) / FOLDER / FILE)
    provider, name = (text_of(told.get(key)) for key in ("defaultProvider", "defaultModel"))
    model = f"{provider}/{name}"
    return model if provider and name and len(model) <= 200 and model.isprintable() else ""


def _read(path: Path) -> dict[str, Any]:
    """Nothing when there is no such file, or none that can be understood: Pi says that itself."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            known = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return mapping(msgspec.json.decode(file.read(LARGEST))) if known else {}
    except (OSError, ValueError, RecursionError):
        return {}
