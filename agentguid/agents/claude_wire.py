"""Claude Code's stream-json lines, as far as we read them.

What comes all the time has a struct; what comes once a turn is read as plain JSON by those who need it, so that
a strange detail in it cannot hide that a turn ended.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from agentguid.agents.claude_state import NAME
from agentguid.agents.jsonl import NotUnderstoodError, mended, plain, syntax


class Delta(Struct, gc=False):
    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""


class Block(Struct):
    """One content block, of any type."""

    type: str
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: Raw = Raw()
    tool_use_id: str = ""
    content: Any = None
    is_error: bool | None = None

    def __post_init__(self) -> None:
        self.id, self.tool_use_id = self.id[:NAME], self.tool_use_id[:NAME]


class Tokens(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None

    @property
    def total(self) -> int:
        read, written = self.cache_read_input_tokens or 0, self.cache_creation_input_tokens or 0
        return (self.input_tokens or 0) + (self.output_tokens or 0) + read + written


class Message(Struct):
    id: str = ""
    model: str | None = None
    content: str | list[Block] = ""
    usage: Tokens | None = None

    def __post_init__(self) -> None:
        self.id = self.id[:NAME]


class Event(Struct):
    """One event of the model's own stream."""

    type: str
    index: int = 0
    delta: Delta | None = None
    content_block: Block | None = None
    message: Message | None = None
    usage: Tokens | None = None


class StreamEvent(Struct, tag_field="type", tag="stream_event"):
    event: Event
    parent_tool_use_id: str | None = None


class Assistant(Struct, tag_field="type", tag="assistant"):
    message: Message
    parent_tool_use_id: str | None = None
    uuid: str | None = None
    is_api_error_message: bool | None = None
    error: Any = None
    aborted: bool | None = None


class User(Struct, tag_field="type", tag="user"):
    message: Message
    parent_tool_use_id: str | None = None
    isReplay: bool | None = None  # noqa: N815 - as it stands on the wire
    isSynthetic: bool | None = None  # noqa: N815


class System(Struct, tag_field="type", tag="system"):
    subtype: str = ""


class Result(Struct, tag_field="type", tag="result"):
    pass


class ControlRequest(Struct, tag_field="type", tag="control_request"):
    pass


class ControlResponse(Struct, tag_field="type", tag="control_response"):
    pass


class ControlCancel(Struct, tag_field="type", tag="control_cancel_request"):
    request_id: str


class RateLimit(Struct, tag_field="type", tag="rate_limit_event"):
    pass


class Lifecycle(Struct, tag_field="type", tag="command_lifecycle"):
    """What becomes of a prompt that had a uuid."""

    command_uuid: str = ""
    state: str = ""


class KeepAlive(Struct, tag_field="type", tag="keep_alive"):
    pass


class ToolProgress(Struct, tag_field="type", tag="tool_progress"):
    pass


class ToolSummary(Struct, tag_field="type", tag="tool_use_summary"):
    pass


class AuthStatus(Struct, tag_field="type", tag="auth_status"):
    pass


class PromptSuggestion(Struct, tag_field="type", tag="prompt_suggestion"):
    pass


Quiet = KeepAlive | ToolProgress | ToolSummary | AuthStatus | PromptSuggestion
"""Understood, and nothing to show."""
Known = (
    StreamEvent
    | Assistant
    | User
    | System
    | Result
    | ControlRequest
    | ControlResponse
    | ControlCancel
    | RateLimit
    | Lifecycle
    | Quiet
)

_lines: msgspec.json.Decoder[Known] = msgspec.json.Decoder(Known)


def read(data: bytes) -> Known:
    """A line from Claude Code. Raises `NotUnderstoodError`."""
    try:
        return _lines.decode(data)
    except msgspec.ValidationError as error:
        raise NotUnderstoodError(_why(data, error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        try:
            return _lines.decode(mended(data, error))
        except msgspec.DecodeError as second:
            raise NotUnderstoodError(syntax(second)) from second


def _why(data: bytes, error: Exception) -> str:
    value = plain(data)
    kind = value.get("type")
    return f"{kind}: {error}"[:200] if isinstance(kind, str) else "a JSON object without a known type"
