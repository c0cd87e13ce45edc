"""Lines of the Agent Client Protocol, version 1, as far as we read them.

What comes all the time has a struct. What differs between agents is read as plain JSON by those who need it, so that
a strange detail cannot hide what matters.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from agentguid.agents.jsonl import NotUnderstoodError, mended, syntax


class Envelope(Struct):
    """A JSON-RPC message: a request (method and id), a notification (method) or an answer (id)."""

    method: str = ""
    id: Raw = Raw()
    """As it was written: 0 and texts are valid, and it has to be sent back like that."""
    params: Raw = Raw()
    result: Raw = Raw()
    error: Raw = Raw()


class Content(Struct):
    """A content block."""

    type: str = ""
    text: str = ""
    uri: str = ""
    name: str = ""
    mime: str | None = field(default=None, name="mimeType")


class Chunk(Struct):
    content: Content
    message: str | None = field(default=None, name="messageId")
    meta: Any = field(default=None, name="_meta")


class Said(Chunk, tag_field="sessionUpdate", tag="agent_message_chunk"):
    pass


class Thought(Chunk, tag_field="sessionUpdate", tag="agent_thought_chunk"):
    pass


class Echo(Struct, tag_field="sessionUpdate", tag="user_message_chunk"):
    """What the user said: repeated when a session is loaded, and by some agents at each prompt."""


class Call(Struct):
    """A tool call, or what is new about it. Agents differ in what they fill in, and when."""

    id: str = field(name="toolCallId")
    title: Any = None
    kind: Any = None
    status: Any = None
    given: Any = field(default=None, name="rawInput")
    answered: Any = field(default=None, name="rawOutput")
    content: Any = None
    places: Any = field(default=None, name="locations")
    name: Any = None
    meta: Any = field(default=None, name="_meta")


class ToolCall(Call, tag_field="sessionUpdate", tag="tool_call"):
    pass


class ToolCallUpdate(Call, tag_field="sessionUpdate", tag="tool_call_update"):
    pass


class Plan(Struct, tag_field="sessionUpdate", tag="plan"):
    entries: list[Any] = []


class Commands(Struct, tag_field="sessionUpdate", tag="available_commands_update"):
    """May be half a megabyte long: nothing of it is kept."""


class CurrentMode(Struct, tag_field="sessionUpdate", tag="current_mode_update"):
    mode: str = field(name="currentModeId")


class Options(Struct, tag_field="sessionUpdate", tag="config_option_update"):
    options: Any = field(default=None, name="configOptions")


class Info(Struct, tag_field="sessionUpdate", tag="session_info_update"):
    meta: Any = field(default=None, name="_meta")


class Used(Struct, tag_field="sessionUpdate", tag="usage_update"):
    used: Any = None
    size: Any = None
    cost: Any = None


Update = (
    Said | Thought | Echo | ToolCall | ToolCallUpdate | Plan | Commands | CurrentMode | Options | Info | Used
)


class Session(Struct):
    """Parameters of `session/update`."""

    update: Update
    session: str = field(default="", name="sessionId")


class Asked(Struct):
    """Parameters of `session/request_permission`."""

    call: Call = field(name="toolCall")
    options: Any = None
    session: str = field(default="", name="sessionId")


class Error(Struct):
    code: Any = 0
    message: Any = ""
    data: Any = None


T = TypeVar("T")
_envelopes = msgspec.json.Decoder(Envelope)
_sessions = msgspec.json.Decoder(Session)
_asked = msgspec.json.Decoder(Asked)
_values: "msgspec.json.Decoder[Any]" = msgspec.json.Decoder()


def read(data: bytes) -> Envelope:
    """A line from the agent, or one of ours. Raises `NotUnderstoodError`."""
    try:
        message = _decode(_envelopes, data)
    except msgspec.ValidationError as error:
        raise NotUnderstoodError("JSON, but no message of this protocol") from error
    if not message.method and not message.id:
        raise NotUnderstoodError("JSON, but neither a request nor an answer")
    return message


def update(params: Raw) -> Session:
    """Raises `NotUnderstoodError`, also for a kind of update that we do not know."""
    try:
        return _decode(_sessions, bytes(params))
    except msgspec.ValidationError as error:
        raise NotUnderstoodError(f"session/update: {error}"[:200]) from error


def asked(params: Raw) -> Asked:
    """Raises `NotUnderstoodError`."""
    try:
        return _decode(_asked, bytes(params))
    except msgspec.ValidationError as error:
        raise NotUnderstoodError(f"session/request_permission: {error}"[:200]) from error


def value(raw: Raw) -> Any:
    """Raises `NotUnderstoodError`. Nothing at all is None."""
    return _decode(_values, bytes(raw)) if raw else None


def number_of(identity: Raw) -> int | None:
    """The number of a request of ours, as an answer names it. Some agents send it back as text."""
    text = bytes(identity).strip(b' "')
    return int(text) if text.isdigit() and len(text) < 16 else None


def _decode(decoder: "msgspec.json.Decoder[T]", data: bytes) -> T:
    """Raises msgspec.ValidationError for JSON of another shape, `NotUnderstoodError` for what is no JSON."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text = mended(data, error)
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstoodError(syntax(error)) from error
