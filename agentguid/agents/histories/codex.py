"""Codex's rollouts: `~/.codex/sessions/YYYY/MM/DD/rollout-TIME-SESSION.jsonl`. See docs/import.md.

`response_item` lines are what the model was told and said; `event_msg` lines say when a turn began, ended and failed.
"""

from typing import Any

from agentguid.agents.histories.base import Story, whole
from agentguid.agents.jsonl import NotUnderstoodError, count, mapping, objects, plain, text_of
from agentguid.protocol.items import Body

QUIET = frozenset(["session_meta", "turn_context", "world_state", "token_usage_record", "ghost_snapshot", ""])
HARNESS = (
    "<environment_context>",
    "<user_instructions>",
    "<permissions instructions>",
    "<skills_instructions>",
    "<turn_aborted>",
    "<subagent_notification>",
    "# AGENTS.md instructions",
)
"""What a user message begins with that Codex wrote itself, where it does not say so otherwise."""
FAILED = 1000
"""So many failed calls are remembered until their output comes."""


class Codex(Story):
    SOURCE = "codex"

    def feed(self, data: bytes, offset: int) -> None:
        self.line = f"@{offset:x}"
        try:
            line = plain(data)
            if type(ordinal := line.get("ordinal")) is int:
                self.line = f"o{ordinal}"
            self.time(line.get("timestamp"))
            self._read(text_of(line.get("type")), mapping(line.get("payload")))
        except NotUnderstoodError as error:
            self.unknown(data, str(error))
        except Exception as error:
            self.unknown(data, f"{type(error).__name__}: {error}"[:200])

    def _read(self, kind: str, payload: dict[str, Any]) -> None:
        match kind:
            case "response_item":
                self._item(text_of(payload.get("type")), payload)
            case "event_msg":
                self._event(text_of(payload.get("type")), payload)
            case "compacted":
                self.notice("The conversation so far was replaced by a summary.")
            case "session_meta" | "turn_context":
                self.state.cwd = text_of(payload.get("cwd")) or self.state.cwd
                self.state.model = text_of(payload.get("model")) or self.state.model

    # -- what was said ------------------------------------------------------------------------------------------------
    def _item(self, kind: str, item: dict[str, Any]) -> None:
        names = [name for name in (text_of(item.get("id")), text_of(item.get("call_id"))) if name]
        if item.get("role") not in ("user", "developer", "system"):
            self.settle(names, sure=False)
        match kind:
            case "message":
                self._message(text_of(item.get("role")), item)
            case "reasoning":
                parts = objects(item.get("summary")) + objects(item.get("content"))
                if text := "\n\n".join(text_of(part.get("text")) for part in parts).strip():
                    self.add("thought", Body(text, "text/markdown"))
            case (
                "function_call"
                | "custom_tool_call"
                | "local_shell_call"
                | "web_search_call"
                | "tool_search_call"
            ):
                self._call(kind, item)
            case "function_call_output" | "custom_tool_call_output" | "tool_search_output":
                call = text_of(item.get("call_id"))
                failed = self.state.more.get("failed", {}).pop(call, False)
                self.result(call, output(item.get("output")), failed)
            case _ if kind not in QUIET:
                raise NotUnderstoodError(f"item of type {kind}"[:200])

    def _message(self, role: str, item: dict[str, Any]) -> None:
        parts = objects(item.get("content"))
        text = "\n".join(text_of(part.get("text")) for part in parts if part.get("text")).strip()
        if role == "assistant":
            if text:
                self.add("message", Body(text, "text/markdown"))
        elif role == "user" and self._typed(item, text):
            pictures = [part for part in parts if part.get("type") == "input_image"]
            about = mapping(item.get("internal_chat_message_metadata_passthrough"))
            turn = text_of(about.get("turn_id"))
            if turn and turn == self.state.more.get("turn") and self.state.turn:
                self.notice(f"You, while it worked: {text}")
                return
            self.state.more["turn"] = turn
            self.prompt(text or "(a picture)")
            if pictures:
                call = f"pictures-{self.line}"
                self.call(call, "Attached", Body("{}", "application/json"))
                self.result(call, whole(pictures))

    def _typed(self, item: dict[str, Any], text: str) -> bool:
        about = mapping(item.get("internal_chat_message_metadata_passthrough"))
        kinds = about.get("content_item_kinds")
        if isinstance(kinds, list) and kinds:
            return any(text_of(kind).startswith("user") for kind in kinds)
        return not text.startswith(HARNESS)

    def _call(self, kind: str, item: dict[str, Any]) -> None:
        call = text_of(item.get("call_id")) or text_of(item.get("id")) or self.line
        given = item.get("arguments") if kind == "function_call" else item.get("input", item.get("action"))
        if isinstance(given, str):
            body = Body(given, "application/json") if given.startswith("{") else whole({"input": given})
        else:
            body = whole(mapping(given))
        self.call(call, text_of(item.get("name")) or kind.removesuffix("_call"), body)
        if kind == "web_search_call":
            self.result(call, Body(""))

    # -- what happened ------------------------------------------------------------------------------------------------
    def _event(self, kind: str, event: dict[str, Any]) -> None:
        match kind:
            case "task_started":
                self.state.spent.window = count(event.get("model_context_window"))
            case "task_complete":
                self.state.failure = text_of(mapping(event.get("error")).get("message")) or self.state.failure
                self.state.done = not self.state.failure
                self.end_turn()
            case "turn_aborted":
                self.end_turn("interrupted")
            case "error" | "stream_error":
                self.state.failure = text_of(event.get("message"))
            case "token_count":
                self._count(mapping(event.get("info")))
            case "item_completed":
                self._outcome(mapping(event.get("item")), text_of(mapping(event.get("item")).get("id")))
            case "exec_command_end":
                self._outcome(event, text_of(event.get("call_id")))

    def _outcome(self, item: dict[str, Any], call: str) -> None:
        """Whether a call failed is said before its output."""
        if call and (item.get("status") == "failed" or item.get("exit_code") not in (0, None)):
            failed: dict[str, bool] = self.state.more.setdefault("failed", {})
            failed[call] = True
            while len(failed) > FAILED:
                del failed[next(iter(failed))]

    def _count(self, info: dict[str, Any]) -> None:
        last, spent = mapping(info.get("last_token_usage")), self.state.spent
        read, written = count(last.get("cached_input_tokens")), count(last.get("cache_write_input_tokens"))
        spent.input += max(0, count(last.get("input_tokens")) - read - written)
        spent.output += count(last.get("output_tokens"))
        spent.read, spent.written = spent.read + read, spent.written + written
        spent.used = count(last.get("total_tokens")) or spent.used
        spent.window = count(info.get("model_context_window")) or spent.window


def output(value: Any) -> Body:
    """What a tool answered: text, or a list of contents, or an object around either."""
    if isinstance(value, str):
        return Body(value)
    if isinstance(value, dict) and "content" in value:
        return output(value["content"])
    parts = objects(value)
    if parts and all("text" in part for part in parts):
        return Body("\n".join(text_of(part.get("text")) for part in parts))
    return whole(value) if isinstance(value, list | dict) else Body("")
