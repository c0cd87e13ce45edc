"""Draws a conversation in a terminal, from the events of its log and the live text before an item is finished."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from agentguid.cli.attaching import listed
from agentguid.cli.calls import Line, body, call, changes, given, result, steps
from agentguid.cli.output import clock, one_line, safe, span
from agentguid.cli.plain import Plain
from agentguid.cli.quiz import shown, told
from agentguid.protocol.ids import conversation_of

_OUTCOMES = {
    "complete": ("done", "green"),
    "error": ("failed", "red"),
    "interrupted": ("interrupted", "yellow"),
}


HELD = 5000
"""Pieces of live text that may wait; the rest comes with the finished item."""


class Paper(Protocol):
    """What is drawn on: `Plain` for pipes, `Screen` for terminals."""

    streams_thoughts: bool

    def words(self, text: str) -> None: ...
    def thought(self, text: str) -> None: ...
    def end(self) -> None: ...
    def note(self, *lines: Line) -> None: ...
    def working(self, calls: Sequence[str]) -> None: ...


class Transcript:
    """Draws each character once, however often a connection is cut and taken up again."""

    def __init__(self, paper: Paper | None = None, *, prompts: bool = True, answers: bool = True) -> None:
        self._paper: Paper = paper or Plain()
        self._prompts = prompts
        self._answers = answers
        """Say by which command a request is answered."""
        self._item: str | None = None
        """The item whose live text stands there, unfinished."""
        self._shown: list[str] = []
        self._written = 0
        """Characters of it so far, which are those of `_shown`."""
        self._tools: dict[str, Mapping[str, Any]] = {}
        """Calls without a result, by item."""
        self.held: list[Mapping[str, Any]] = []
        """Live text that waits for what stands before it."""
        self._seen: set[str] = set()
        """Calls whose changes were shown when they were asked for."""

    def live(self, piece: Mapping[str, Any]) -> None:
        """Writes a piece of an unfinished text. One text at a time, and none before the tools that it comes after."""
        item, text, offset = piece.get("item"), piece.get("text") or "", piece.get("offset") or 0
        kinds = ("message", "thought") if self._paper.streams_thoughts else ("message",)
        if piece.get("kind") not in kinds or piece.get("parent"):
            return
        if self._item not in (None, item) or (self._item is None and self._hurried):
            self.held += [piece] if len(self.held) < HELD else []
            return
        if self._item is None and offset:
            return  # its beginning was never here; it is drawn whole when it is finished
        self._item = item
        fresh = text[max(0, self._written - offset) :]
        if fresh and offset <= self._written:
            self._shown.append(fresh)
            self._written += len(fresh)
            self._write(fresh, piece.get("kind") == "thought")

    @property
    def _hurried(self) -> bool:
        """Live text is ahead of the log: a tool that has ended is not told to have, yet."""
        return self._paper.streams_thoughts and any(not one.get("parent") for one in self._tools.values())

    def release(self) -> None:
        """Tools go on beside the text: what was held back comes now."""
        before, self._tools = self._tools, {}
        self._held_again()
        self._tools = before

    def _held_again(self) -> None:
        pieces, self.held = self.held, []
        for piece in pieces:
            self.live(piece)

    def event(self, envelope: Mapping[str, Any]) -> None:
        """Draws what one event adds to the transcript."""
        data = envelope.get("data")
        if data is None:
            self._note((f"({one_line(str(envelope.get('type')))}: redacted)", "dim"))
            return
        match envelope.get("type"):
            case "turn.started" | "message.steered":
                if self._prompts:
                    self._note(("", None), *((line, "bold") for line in _prompt(data)))
            case "item.added":
                self._added(data)
            case "tool.started":
                self._tools[str(data.get("item"))] = data
                self._working()
            case "tool.finished":
                self._finished(data)
            case "approval.requested":
                self._asked(data)
            case "approval.decided":
                self._decided(data)
            case "approval.withdrawn":
                self._note((f"  withdrawn: {one_line(data.get('reason', ''))}", "dim"))
            case "turn.ended":
                self._ended(data)
            case "retry.scheduled":
                named = (conversation_of(str(envelope.get("stream"))) or "CONV")[:8]
                when = f"trying again at {clock(int(data['at']) // 1000)}, {data['attempt']} of {data['of']}"
                self._note(
                    (
                        f"{when}   agentguictl retry {named}: now; agentguictl stop {named}: not at all",
                        "yellow",
                    )
                )
            case "retry.cancelled":
                self._note(("it is not tried again", "dim"))
            case "queue.held":
                named = conversation_of(str(envelope.get("stream"))) or "CONV"
                how = f"held back: agentguictl queue release {named[:8]}   (or send another message)"
                self._note(("what waits is " + how, "yellow"))

    # -- below: one kind of event each ---------------------------------------------------------------------------
    def _added(self, data: Mapping[str, Any]) -> None:
        text, kind = body(data), data.get("kind")
        if kind == "message" and not data.get("parent"):
            self._text(data, text, thinks=False)
        elif kind == "thought" and self._paper.streams_thoughts and not data.get("parent"):
            self._text(data, text, thinks=True)
        elif kind == "message":
            self._note((f"  · {one_line(text)}", "dim"))
        elif kind == "plan" and (found := steps(text)):
            self._note(("plan", "cyan"), *found)
        else:
            style = {"error": "red", "warning": "yellow"}.get(str(data.get("level")), "dim")
            self._note((f"· {one_line(f'{kind}: {text}')}", style))

    def _text(self, data: Mapping[str, Any], text: str, *, thinks: bool) -> None:
        if data.get("item") == self._item:
            shown = "".join(self._shown)
            text = text.removeprefix(shown) if text.startswith(shown) else f"\n{text}"
            self._item, self._shown, self._written = None, [], 0
        else:
            self._break()
            self._paper.end()
        self._write(text.rstrip("\n") + "\n", thinks)
        self._paper.end()
        self.held = [piece for piece in self.held if piece.get("item") != data.get("item")]
        self._held_again()

    def _working(self) -> None:
        """Tells what runs."""
        running = [call(one.get("name"), one.get("input")) for one in self._tools.values()]
        if self._item is not None and self._written and not self._paper.streams_thoughts:
            self._break()
        self._paper.working(running)

    def _finished(self, data: Mapping[str, Any]) -> None:
        begun = self._tools.pop(str(data.get("item")), {})
        name, arguments = begun.get("name", "tool"), begun.get("input")
        deep = "  " if begun.get("parent") else ""
        self._working()
        if name == "TodoWrite" and (found := steps(str((arguments or {}).get("text") or ""))):
            self._note(("plan", "cyan"), *found)
            self._held_again()
            return
        mark, style = ("✗", "red") if data.get("failed") else ("✓", "cyan")
        if data.get("incomplete"):
            mark, style = "…", "yellow"
        said = "cut off" if data.get("incomplete") else result(data)
        line = f"{deep}{mark} {call(name, arguments)}" + (f" · {said}" if said else "")
        seen = data.get("item") in self._seen or data.get("failed") or "command" in given(arguments)
        shown = [] if seen else changes(arguments)
        self._note((line, style), *((deep + text, colour) for text, colour in shown))
        self._held_again()

    def _asked(self, data: Mapping[str, Any]) -> None:
        lines: list[Line] = [(f"? {call(data.get('tool'), data.get('input'))}", "yellow")]
        questions = data.get("questions") or []
        lines += shown(questions) if questions else changes(data.get("input"))
        self._seen.add(str(data.get("item")))
        if reason := data.get("reason"):
            lines.append((f"  {one_line(reason, 300)}", "yellow"))
        if self._answers:
            more = " --answer 1=…" if questions else ""
            how = f"  answer with: agentguictl approvals allow {one_line(str(data.get('approval')))}{more}   (or: deny)"
            lines.append((how, "yellow"))
        self._note(*lines)

    def _decided(self, data: Mapping[str, Any]) -> None:
        message = f": {one_line(data['message'], 200)}" if data.get("message") else ""
        decision = one_line(str(data.get("decision") or "")).replace("_", " ")
        self._note(*told(data.get("answers") or {}), (f"  {decision}{message}", "dim"))

    def _ended(self, data: Mapping[str, Any]) -> None:
        self._break()
        self._item, self._shown, self._written = None, [], 0
        self._tools.clear()
        self._seen.clear()
        self.held.clear()
        self._working()
        word, style = _OUTCOMES.get(data.get("outcome", ""), ("ended", "dim"))
        facts = [took(data["duration"])] if data.get("duration") is not None else []
        facts += [f"${data['cost']:.4f}"] if data.get("cost") else []
        error = f": {one_line(data['error'], 300)}" if data.get("error") else ""
        self._note((f"{word}{error}" + (f" ({', '.join(facts)})" if facts else ""), style))

    # -- below: on paper -----------------------------------------------------------------------------------------
    def _note(self, *lines: Line) -> None:
        self._break()
        self._paper.note(*lines)

    def _break(self) -> None:
        """Ends the line of a text that is still being written. The rest of it comes when it is finished."""
        if self._item is not None and self._written and not self._paper.streams_thoughts:
            self._paper.words("\n")

    def _write(self, text: str, thinks: bool) -> None:
        (self._paper.thought if thinks else self._paper.words)(safe(text))


def took(milliseconds: int) -> str:
    """A length of time that is mostly short."""
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 60_000 else span(milliseconds / 1000)


def _prompt(data: Mapping[str, Any]) -> list[str]:
    """What the user said, and the files that went with it."""
    lines = [*safe(body(data)).rstrip().splitlines(), *listed((data.get("body") or {}).get("attached") or [])]
    first, *rest = lines or [""]
    return [f"> {first}", *(f"  {line}" for line in rest)]
