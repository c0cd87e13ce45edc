"""Gemini CLI's chats: `~/.gemini/tmp/PROJECT/chats/session-TIME-ID.jsonl`. See docs/import.md.

A message is written again, whole, when something is added to it; a session that is resumed repeats what it had.
What an id has told is not told twice.
"""

from typing import Any

from agentguid.agents.histories.base import Ours, State, Story, whole
from agentguid.agents.jsonl import NotUnderstoodError, count, mapping, objects, plain, text_of
from agentguid.protocol.items import Body

FINISHED = ("success", "error", "cancelled")
ASIDE = ("<session_context>", "<system-reminder>")
KNOWN = 200_000
"""Messages and calls of one telling that are remembered."""


class Gemini(Story):
    SOURCE = "gemini"

    def __init__(self, session: str, state: State, ours: Ours | None = None) -> None:
        super().__init__(session, state, ours)
        self._told: set[str] = set()

    def feed(self, data: bytes, offset: int) -> None:
        self.line = f"@{offset:x}"
        try:
            line = plain(data)
            changed = mapping(line.get("$set"))
            for message in objects(changed.get("messages")) if changed else [line]:
                self._message(message)
        except NotUnderstoodError as error:
            self.unknown(data, str(error))
        except Exception as error:
            self.unknown(data, f"{type(error).__name__}: {error}"[:200])

    def _message(self, message: dict[str, Any]) -> None:
        name, kind = text_of(message.get("id")), text_of(message.get("type"))
        if not name:
            return  # the head of the file, or a change of something else
        self.line = name
        if self._new(f"{name}{kind}"):
            self.time(message.get("timestamp"))
            self._first(kind, message)
        if kind == "gemini":
            self._calls(objects(message.get("toolCalls")))

    def _new(self, name: str) -> bool:
        if name in self._told or len(self._told) >= KNOWN:
            return False
        self._told.add(name)
        return True

    def _first(self, kind: str, message: dict[str, Any]) -> None:
        text = said(message.get("content"))
        match kind:
            case "user":
                if text and not text.startswith(ASIDE):
                    self.prompt(text)
            case "gemini":
                if thought := _thought(objects(message.get("thoughts"))):
                    self.add("thought", Body(thought, "text/markdown"))
                if text:
                    self.add("message", Body(text, "text/markdown"))
                self.state.done = True
                self.state.model = text_of(message.get("model")) or self.state.model
                self._count(mapping(message.get("tokens")))
            case "info" | "warning" | "error":
                self.notice(text, "info" if kind == "info" else "warning")
                if kind == "error":
                    self.state.failure = text
            case _:
                raise NotUnderstoodError(f"message of type {kind}"[:200])

    def _calls(self, calls: list[dict[str, Any]]) -> None:
        for one in calls:
            call, status = text_of(one.get("id")), text_of(one.get("status"))
            if call and self._new(f"call-{call}"):
                self.call(call, text_of(one.get("name")), whole(mapping(one.get("args"))))
                self.state.done = False
            if call and status in FINISHED and self._new(f"result-{call}"):
                self.time(one.get("timestamp"))
                self.result(call, result(one.get("result")), status != "success")

    def _count(self, tokens: dict[str, Any]) -> None:
        spent, read = self.state.spent, count(tokens.get("cached"))
        spent.input += max(0, count(tokens.get("input")) - read)
        spent.output += count(tokens.get("output")) + count(tokens.get("thoughts"))
        spent.read += read
        spent.used = count(tokens.get("total")) or spent.used


def said(content: Any) -> str:
    """The text of a content: a string, or parts."""
    if isinstance(content, str):
        return content.strip()
    return "\n".join(text_of(part.get("text")) for part in objects(content) if part.get("text")).strip()


def result(value: Any) -> Body:
    """What a tool answered: parts with a function's response in each."""
    texts = []
    for part in objects(value):
        response = mapping(mapping(part.get("functionResponse")).get("response"))
        text = response.get("output", response.get("error"))
        if not isinstance(text, str):
            return whole(objects(value))
        texts.append(text)
    return Body("\n".join(texts))


def _thought(thoughts: list[dict[str, Any]]) -> str:
    parts = [(text_of(one.get("subject")), text_of(one.get("description"))) for one in thoughts]
    if not any(subject for subject, _ in parts):
        return "".join(text for _, text in parts).strip()
    return "\n\n".join(f"**{subject}**\n{text}".strip() for subject, text in parts).strip()
