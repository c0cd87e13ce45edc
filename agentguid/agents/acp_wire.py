"""Lines of the Agent Client Protocol, version 1, as far as we read them.

What comes all the time has a struct. What differs between agents is read as plain JSON by those who need it, so that
a strange detail cannot hide what matters.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from agentguid.agents import jsonrpc
from agentguid.agents.jsonrpc import Envelope, Error, number_of, read, value

__all__ = ["Asked", "Envelope", "Error", "Session", "asked", "number_of", "read", "update", "value"]


class Content(Struct):
    """A content block."""

    type: str = ""
    text: str = ""
    uri: str = ""
    name: str = ""
    mime: str | None = field(default=None, name="mimeType")
    data: Any = None
    """Of a picture or sound: base64."""
    resource: Any = None
    """What is embedded."""


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


class PlanUpdate(Struct, tag_field="sessionUpdate", tag="plan_update"):
    """One of several plans: steps, prose, or a file. Not in the published protocol yet, and not offered."""

    plan: Any = None


class PlanRemoved(Struct, tag_field="sessionUpdate", tag="plan_removed"):
    pass


class Commands(Struct, tag_field="sessionUpdate", tag="available_commands_update"):
    """May be half a megabyte long."""

    listed: Raw = field(default=Raw(b"[]"), name="availableCommands")


class Command(Struct):
    """What is read of each: the rest, which may be long, is passed over."""

    name: Any = None
    description: Any = None
    input: Any = None


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
    Said
    | Thought
    | Echo
    | ToolCall
    | ToolCallUpdate
    | Plan
    | PlanUpdate
    | PlanRemoved
    | Commands
    | CurrentMode
    | Options
    | Info
    | Used
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


_sessions = msgspec.json.Decoder(Session)
_asked = msgspec.json.Decoder(Asked)
_commands = msgspec.json.Decoder(list[Command])


def update(params: Raw) -> Session:
    """Raises `NotUnderstoodError`, also for a kind of update that we do not know."""
    return jsonrpc.params(_sessions, params, "session/update")


def commands(listed: Raw) -> list[Command]:
    """None of a list that is no list of commands: it is an offer, and nothing that must be shown."""
    try:
        return _commands.decode(listed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def asked(params: Raw) -> Asked:
    """Raises `NotUnderstoodError`."""
    return jsonrpc.params(_asked, params, "session/request_permission")
