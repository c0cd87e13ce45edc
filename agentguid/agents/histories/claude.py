"""Claude Code's transcripts: `~/.claude/projects/FOLDER/SESSION.jsonl`, sub-agents beside it. See docs/import.md.

Lines with a `uuid` belong to the thread; the many others are its bookkeeping.
"""

import re
from pathlib import Path
from typing import Any

from agentguid.agents.histories.base import Story, one_line, whole
from agentguid.agents.jsonl import (
    NotUnderstoodError,
    count,
    mapping,
    number,
    objects,
    plain,
    text_of,
)
from agentguid.protocol.events import ConversationRenamed
from agentguid.protocol.items import Body

THREAD = frozenset(["user", "assistant", "system", "attachment", "progress"])
QUIET = frozenset(
    [
        "api_metrics",
        "away_summary",
        "bridge_status",
        "file_snapshot",
        "hook_started",
        "memory_saved",
        "stop_hook_summary",
        "thinking",
        "turn_duration",
    ]
)
"""Remarks of the program about itself, of no interest afterwards."""
INTERRUPTED = "[Request interrupted by user"
_TAGS = re.compile(
    r"</?(?:local-command-(?:stdout|stderr)|bash-(?:input|stdout|stderr)|command-(?:name|message|args))>"
)
_COMMAND = re.compile(
    r"<command-name>(.*?)</command-name>.*?(?:<command-args>(.*?)</command-args>|$)", re.DOTALL
)
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
ASIDE = (
    "<task-notification>",
    "<local-command-",
    "<bash-stdout>",
    "<bash-stderr>",
    "Caveat: The messages below",
)
"""What a user line begins with that nobody typed."""
SIDE = 1000
"""So many lines of sub-agents within the session's own file are remembered."""


class Claude(Story):
    SOURCE = "claude-code"

    def feed(self, data: bytes, offset: int, call: str = "") -> None:
        """Reads one line; `call` is the id of the tool call that began the sub-agent whose file it is from."""
        self.line = f"@{offset:x}"
        try:
            line = plain(data)
            self._read(line, self.item_of(call) if call else None)
        except NotUnderstoodError as error:
            self.unknown(data, str(error))
        except Exception as error:
            self.unknown(data, f"{type(error).__name__}: {error}"[:200])

    def _read(self, line: dict[str, Any], parent: str | None) -> None:
        kind, uuid = text_of(line.get("type")), text_of(line.get("uuid"))
        if not uuid:
            self._bookkeeping(kind, line)
            return
        self.line = uuid
        self.time(line.get("timestamp"))
        self.state.cwd = text_of(line.get("cwd")) or self.state.cwd
        if parent is None and line.get("isSidechain"):
            parent = self._side(line)
        match kind:
            case "user":
                self._user(line, parent)
            case "assistant":
                self._assistant(line, parent)
            case "system":
                self._system(line, parent)
            case "attachment":
                self._attachment(mapping(line.get("attachment")), parent)
            case "progress":
                pass
            case _:
                raise NotUnderstoodError(f"line of type {kind}"[:200])

    def _bookkeeping(self, kind: str, line: dict[str, Any]) -> None:
        match kind:
            case "cost-state":
                self.state.cost = number(line.get("totalCostUSD")) or self.state.cost
            case "custom-title" | "agent-name" | "ai-title" | "summary":
                names = ("customTitle", "agentName", "aiTitle", "title", "summary")
                self._title(kind, next((line[name] for name in names if text_of(line.get(name))), ""))
            case "":
                raise NotUnderstoodError("a line without a type")

    def _title(self, kind: str, title: str) -> None:
        """The user's own name for it is kept, whatever Claude Code thinks of later."""
        title = one_line(title)
        if title and not (self.state.more.get("named") and kind != "custom-title"):
            self.state.more["named"] = kind == "custom-title"
            self.tell(ConversationRenamed(title=title))

    # -- who speaks ---------------------------------------------------------------------------------------------------
    def _user(self, line: dict[str, Any], parent: str | None) -> None:
        content = mapping(line.get("message")).get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else objects(content)
        said = [text_of(block.get("text")) for block in blocks if block.get("type") == "text"]
        for block in blocks:
            if block.get("type") == "tool_result":
                self._result(block)
        text = _REMINDER.sub("", "\n".join(said)).strip()
        pictures = [block for block in blocks if block.get("type") in ("image", "document")]
        if parent is not None or line.get("isMeta") or not (text or pictures):
            return  # a sub-agent's prompt is the input of the call that began it
        if line.get("isCompactSummary"):
            self.add("thought", Body(text, "text/markdown"))
        elif text.startswith(INTERRUPTED):
            self.settle([self.line])
            self.end_turn("interrupted")
        elif text.startswith(ASIDE) or line.get("isVisibleInTranscriptOnly"):
            self.notice(_plain(text))
            # A command of the program's own needs no model to answer.
            self.state.done = self.state.done or text.startswith("<local-command-")
        else:
            self.prompt(_plain(text) or "(a picture)")
            self._pictures(pictures)

    def _pictures(self, pictures: list[dict[str, Any]]) -> None:
        """They stand behind the prompt as what a tool would have shown."""
        if pictures:
            call = f"pictures-{self.line}"
            self.call(call, "Attached", Body("{}", "application/json"))
            self.result(call, whole(pictures))

    def _assistant(self, line: dict[str, Any], parent: str | None) -> None:
        message = mapping(line.get("message"))
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else objects(content)
        calls = [text_of(block.get("id")) for block in blocks if block.get("type") == "tool_use"]
        names = [name for name in (self.line, text_of(message.get("id")), *calls) if name]
        if message.get("model") == "<synthetic>":
            if not parent:
                self._synthetic(line, blocks)
            return
        if not parent:
            self.settle(names)
            self._count(message)
            self.state.done = message.get("stop_reason") in (
                "end_turn",
                "stop_sequence",
                "max_tokens",
                "refusal",
            )
        for block in blocks:
            self._block(block, parent)

    def _synthetic(self, line: dict[str, Any], blocks: list[dict[str, Any]]) -> None:
        """Claude Code speaks in the model's name: why there is no answer."""
        text = "\n".join(text_of(block.get("text")) for block in blocks).strip()
        if line.get("isApiErrorMessage") or line.get("error"):
            self.state.failure = text or "The model provider refused."
        elif text != "No response requested.":
            self.notice(text)

    def _block(self, block: dict[str, Any], parent: str | None) -> None:
        kind = text_of(block.get("type"))
        if kind in ("text", "thinking"):
            if text := text_of(block.get("text" if kind == "text" else "thinking")).strip("\n"):
                self.add("message" if kind == "text" else "thought", Body(text, "text/markdown"), parent)
        elif kind.endswith("tool_use"):
            given = block.get("input")
            self.call(text_of(block.get("id")), text_of(block.get("name")), whole(mapping(given)), parent)
        elif kind.endswith("tool_result"):
            self._result(block)
        elif kind != "redacted_thinking":
            raise NotUnderstoodError(f"a block of type {kind}"[:200])

    def _result(self, block: dict[str, Any]) -> None:
        call = text_of(block.get("tool_use_id"))
        if not self.result(call, output(block.get("content")), bool(block.get("is_error"))) and not self.open:
            raise NotUnderstoodError("the result of a tool call that has not begun")

    def _count(self, message: dict[str, Any]) -> None:
        """Each line of an answer repeats its tokens."""
        usage, spent = mapping(message.get("usage")), self.state.spent
        self.state.model = text_of(message.get("model")) or self.state.model
        if not usage or self.state.answer == (answer := text_of(message.get("id"))):
            return
        self.state.answer = answer
        given, read = count(usage.get("input_tokens")), count(usage.get("cache_read_input_tokens"))
        written, said = count(usage.get("cache_creation_input_tokens")), count(usage.get("output_tokens"))
        spent.input, spent.output = spent.input + given, spent.output + said
        spent.read, spent.written = spent.read + read, spent.written + written
        spent.used = given + read + written + said

    # -- what happened beside -----------------------------------------------------------------------------------------
    def _system(self, line: dict[str, Any], parent: str | None) -> None:
        subtype, text = text_of(line.get("subtype")), text_of(line.get("content"))
        if subtype == "api_error":
            error = mapping(line.get("error"))
            said = text_of(error.get("formatted")) or text_of(error.get("message")) or "did not answer"
            attempt, most = count(line.get("retryAttempt")), count(line.get("maxRetries"))
            self.notice(f"The model provider: {said}. Attempt {attempt} of {most}.", "warning", parent)
        elif subtype == "compact_boundary":
            self.notice("The conversation so far was replaced by a summary.", "info", parent)
        elif text and subtype not in QUIET:
            self.state.done = (
                self.state.done or subtype == "local_command"
            )  # a command needs no model to answer
            level = "warning" if line.get("level") in ("warning", "error") else "info"
            self.notice(_plain(text), level, parent)  # type: ignore[arg-type]

    def _attachment(self, attachment: dict[str, Any], parent: str | None) -> None:
        """Mostly what the program tells the model; a message that was sent while it worked is the user's."""
        if attachment.get("type") == "queued_command" and not (parent or attachment.get("isMeta")):
            prompt = attachment.get("prompt")
            text = (
                prompt
                if isinstance(prompt, str)
                else "\n".join(text_of(one.get("text")) for one in objects(prompt))
            )
            if text and not text.startswith(ASIDE):
                self.notice(f"You, while it worked: {text}")

    def _side(self, line: dict[str, Any]) -> str | None:
        """Older versions wrote sub-agents into the same file: the prompt of the call is their first line."""
        known: dict[str, str] = self.state.more.setdefault("side", {})
        call = known.get(text_of(line.get("parentUuid")), "")
        if not call:
            prompt = mapping(line.get("message")).get("content")
            wanted: dict[str, str] = self.state.more.get("tasks", {})
            call = wanted.get(prompt[:200], "") if isinstance(prompt, str) else ""
        known[self.line] = call
        while len(known) > SIDE:
            del known[next(iter(known))]
        return self.item_of(call or "side")

    def call(self, call: str, name: str, given: Body, parent: str | None = None) -> None:
        if name in ("Task", "Agent"):
            tasks: dict[str, str] = self.state.more.setdefault("tasks", {})
            prompt = text_of(plain(given.text.encode()).get("prompt"))
            tasks[prompt[:200]] = call
            while len(tasks) > 50:
                del tasks[next(iter(tasks))]
        super().call(call, name, given, parent)


def output(content: Any) -> Body:
    """What a tool answered: plain text where it is, else its blocks as JSON (images among them)."""
    if isinstance(content, str):
        return Body(content)
    blocks = objects(content)
    if all(block.get("type") == "text" for block in blocks):
        return Body("\n".join(text_of(block.get("text")) for block in blocks))
    return whole(blocks)


def _plain(text: str) -> str:
    """Without the marks that Claude Code puts around commands."""
    if text.startswith("<command-") and (command := _COMMAND.search(text)):
        return f"{command[1]} {command[2] or ''}".strip()
    return _TAGS.sub(" ", text).strip() if text.startswith("<") else text.strip()


def subagents(path: Path) -> dict[str, str]:
    """Files of a session's sub-agents → the tool call that began each."""
    found = {}
    for file in sorted(path.with_suffix("").glob("subagents/agent-*.jsonl")):
        try:
            meta = plain(file.with_suffix(".meta.json").read_bytes()[: 64 * 1024])
        except (OSError, NotUnderstoodError):
            meta = {}
        found[str(file)] = text_of(meta.get("toolUseId")) or f"file-{file.stem}"
    return found
