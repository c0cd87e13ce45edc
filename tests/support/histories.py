"""Histories as the genuine programs wrote them (against the scripted model), and how a home gets them."""

import gzip
import json
from pathlib import Path
from typing import Any

GENUINE = Path(__file__).parent.parent / "agents" / "histories"
FOLDERS = {
    "claude-code": ".claude",
    "codex": ".codex",
    "gemini": ".gemini",
    "qwen": ".qwen",
    "opencode": ".local",
}
CLAUDE = "11111111-1111-4111-8111-11111111111"
"""What the ids of the sessions of Claude Code begin with; a digit from 2 to 6 follows."""


def unpack(home: Path, *sources: str) -> None:
    """Puts the histories of these agents, or of all, into a home."""
    for source in sources or FOLDERS:
        for packed in (GENUINE / FOLDERS[source]).rglob("*.gz"):
            file = home / packed.relative_to(GENUINE).with_suffix("")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(gzip.decompress(packed.read_bytes()))


def claude_file(home: Path, session: str) -> Path:
    return home / ".claude" / "projects" / "-work-demo" / f"{session}.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def said(session: str, number: int, prompt: str, answer: str, at: str, cwd: str) -> list[dict[str, Any]]:
    """A turn as Claude Code writes it, in few lines: prompt and answer."""
    common = {
        "cwd": cwd,
        "sessionId": session,
        "version": "2.1.330",
        "isSidechain": False,
        "entrypoint": "cli",
    }
    uuid = f"22222222-2222-4222-8222-{number:012d}"
    message = {
        "id": f"msg_{number:020d}",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [{"type": "text", "text": answer}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }
    asked = {"type": "user", "uuid": uuid, "timestamp": at, "message": {"role": "user", "content": prompt}}
    told = {"type": "assistant", "uuid": f"{uuid}-a", "parentUuid": uuid, "timestamp": at, "message": message}
    return [{**common, **asked}, {**common, **told}]


def call(id: str, name: str, **given: str) -> dict[str, Any]:
    """A tool call, as a block of an answer."""
    return {"type": "tool_use", "id": id, "name": name, "input": given}
