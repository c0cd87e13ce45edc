"""Qwen Code's chats: `~/.qwen/projects/FOLDER/chats/SESSION.jsonl`. See docs/import.md."""

from typing import Any

from agentguid.agents.histories.base import Story, whole
from agentguid.agents.jsonl import NotUnderstoodError, count, mapping, objects, plain, text_of
from agentguid.protocol.items import Body

NOTICES = {"chat_compression": "The conversation so far was replaced by a summary."}


class Qwen(Story):
    SOURCE = "qwen"

    def feed(self, data: bytes, offset: int) -> None:
        self.line = f"@{offset:x}"
        try:
            self._read(plain(data))
        except NotUnderstoodError as error:
            self.unknown(data, str(error))
        except Exception as error:
            self.unknown(data, f"{type(error).__name__}: {error}"[:200])

    def _read(self, line: dict[str, Any]) -> None:
        kind, uuid = text_of(line.get("type")), text_of(line.get("uuid"))
        if not uuid:
            return
        self.line = uuid
        self.time(line.get("timestamp"))
        self.state.cwd = text_of(line.get("cwd")) or self.state.cwd
        parts = objects(mapping(line.get("message")).get("parts"))
        match kind:
            case "user":
                text = "\n".join(text_of(part.get("text")) for part in parts if part.get("text")).strip()
                if text:
                    self.prompt(text)
            case "assistant":
                self._assistant(line, parts)
            case "tool_result":
                self._results(parts)
            case "system":
                self.notice(NOTICES.get(text_of(line.get("subtype")), ""))
            case _:
                raise NotUnderstoodError(f"line of type {kind}"[:200])

    def _assistant(self, line: dict[str, Any], parts: list[dict[str, Any]]) -> None:
        calls = [mapping(part.get("functionCall")) for part in parts if part.get("functionCall")]
        self.settle([text_of(call.get("id")) for call in calls if call.get("id")], sure=False)
        self.state.model = text_of(line.get("model")) or self.state.model
        for part in parts:
            if text := text_of(part.get("text")).strip("\n"):
                self.add("thought" if part.get("thought") else "message", Body(text, "text/markdown"))
        for call in calls:
            self.call(
                text_of(call.get("id")) or self.line,
                text_of(call.get("name")),
                whole(mapping(call.get("args"))),
            )
        self.state.done = not calls
        self._count(mapping(line.get("usageMetadata")))

    def _results(self, parts: list[dict[str, Any]]) -> None:
        for part in parts:
            if answered := mapping(part.get("functionResponse")):
                response = mapping(answered.get("response"))
                text, error = response.get("output"), text_of(response.get("error"))
                body = Body(text) if isinstance(text, str) else Body(error) if error else whole(response)
                self.result(text_of(answered.get("id")), body, bool(error))

    def _count(self, usage: dict[str, Any]) -> None:
        spent, read = self.state.spent, count(usage.get("cachedContentTokenCount"))
        spent.input += max(0, count(usage.get("promptTokenCount")) - read)
        spent.output += count(usage.get("candidatesTokenCount"))
        spent.read += read
        spent.used = count(usage.get("totalTokenCount")) or spent.used
