"""Draws a conversation in a terminal: the agent's words on stdout, everything about them on stderr."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from agentguid.cli.output import one_line, paint, safe, say

_TELLING = ("command", "file_path", "path", "pattern", "url", "query", "description", "prompt")
"""The arguments that say most about a tool call, most telling first."""
_OUTCOMES = {
    "complete": ("done", "green"),
    "error": ("failed", "red"),
    "interrupted": ("interrupted", "yellow"),
}


class Transcript:
    """Draws events as they come, and live text before its item is finished, each character once."""

    def __init__(self, *, prompts: bool = True) -> None:
        self._prompts = prompts
        self._item: str | None = None
        """The item whose live text stands on the screen, unfinished."""
        self._shown: list[str] = []
        self._written = 0
        """Characters of it so far, which are those of `_shown`."""

    def live(self, piece: Mapping[str, Any]) -> None:
        """Writes a piece of an unfinished message. One message at a time: others are drawn when they are finished."""
        item, text, offset = piece.get("item"), piece.get("text") or "", piece.get("offset") or 0
        if piece.get("kind") != "message" or piece.get("parent") or self._item not in (None, item):
            return
        if self._item is None and offset:
            return  # its beginning was never here; it is drawn whole when it is finished
        self._item = item
        fresh = text[max(0, self._written - offset) :]
        if fresh and offset <= self._written:
            self._shown.append(fresh)
            self._written += len(fresh)
            self._write(safe(fresh))

    def event(self, envelope: Mapping[str, Any]) -> None:
        """Draws what one event adds to the transcript."""
        data = envelope.get("data")
        if data is None:
            self._note(f"({envelope.get('type')}: redacted)", "dim")
            return
        match envelope.get("type"):
            case "turn.started":
                if self._prompts:
                    self._note(f"\n> {safe(body(data))}", "bold")
            case "item.added":
                self._added(data)
            case "tool.started":
                self._note(f"→ {call(data.get('name'), data.get('input'))}", "cyan")
            case "tool.finished":
                self._finished(data)
            case "approval.requested":
                self._asked(data)
            case "approval.decided":
                self._note(f"  {data.get('decision', '').replace('_', ' ')}", "dim")
            case "approval.withdrawn":
                self._note(f"  withdrawn: {one_line(data.get('reason', ''))}", "dim")
            case "turn.ended":
                self._ended(data)

    # -- below: one kind of event each ---------------------------------------------------------------------------
    def _added(self, data: Mapping[str, Any]) -> None:
        text, kind = body(data), data.get("kind")
        if kind != "message":
            self._note(f"· {kind}: {one_line(text)}", "red" if data.get("level") == "error" else "dim")
        elif data.get("parent"):
            self._note(f"  · {one_line(text)}", "dim")
        else:
            self._write(safe(self._rest(data, text)).rstrip("\n") + "\n")

    def _rest(self, data: Mapping[str, Any], text: str) -> str:
        """What of a finished message is not on the screen yet."""
        if data.get("item") != self._item:
            self._break()
            return text
        shown = "".join(self._shown)
        self._item, self._shown, self._written = None, [], 0
        return text.removeprefix(shown) if text.startswith(shown) else f"\n{text}"

    def _finished(self, data: Mapping[str, Any]) -> None:
        if data.get("failed"):
            self._note(f"  failed: {one_line(body(data, 'output'))}", "red")
        elif data.get("incomplete"):
            self._note("  cut off", "yellow")

    def _asked(self, data: Mapping[str, Any]) -> None:
        self._note(f"? {call(data.get('tool'), data.get('input'))}", "yellow")
        if reason := data.get("reason"):
            self._note(f"  {one_line(reason)}", "yellow")
        self._note(
            f"  answer with: agentguictl approvals allow {data.get('approval')}   (or: deny)", "yellow"
        )

    def _ended(self, data: Mapping[str, Any]) -> None:
        word, style = _OUTCOMES.get(data.get("outcome", ""), ("ended", "dim"))
        facts = [f"{data['duration'] / 1000:.1f} s"] if data.get("duration") is not None else []
        facts += [f"${data['cost']:.4f}"] if data.get("cost") else []
        error = f": {one_line(data['error'], 300)}" if data.get("error") else ""
        self._note(f"{word}{error}" + (f" ({', '.join(facts)})" if facts else ""), style)

    def _note(self, text: str, style: str) -> None:
        self._break()
        say(paint(text, style, sys.stderr))

    def _break(self) -> None:
        """Ends the line of a message that is still being written. The rest of it comes when it is finished."""
        if self._item is not None and self._written:
            self._write("\n")

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def body(data: Mapping[str, Any], field: str = "body") -> str:
    """The text of a Body; of one that lies beside the log its beginning, saying so."""
    value = data.get(field) or {}
    text = str(value.get("text") or "")
    return f"{text}\n… ({value.get('size')} bytes in all)" if value.get("blob") else text


def call(name: object, arguments: Mapping[str, Any] | None) -> str:
    """A tool call on one line: its name and the argument that says most."""
    text = str((arguments or {}).get("text") or "")
    try:
        values = json.loads(text)
        told = next((str(values[key]) for key in _TELLING if values.get(key)), text)
    except (ValueError, AttributeError):
        told = text
    return one_line(f"{name} {told}", 120)
