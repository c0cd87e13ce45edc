"""Lines of `codex app-server`, as far as we read them: JSON-RPC, of which the parameters of what comes all the time have a struct.

What is told of an item differs by its type and by version; all its fields may therefore be anything, and are looked at
by those who need them.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from agentguid.agents import jsonrpc
from agentguid.agents.codex_state import NAME


class Item(Struct):
    """Something in a thread that begins and is completed: a message, a thought, a call of a tool."""

    type: str
    id: str
    """As much of it as tells items apart."""
    text: Any = None
    """Of a message or a plan."""
    client: Any = field(default=None, name="clientId")
    """Of a message of the user's: the id that we sent it under."""
    summary: Any = None
    content: Any = None
    """Of a thought."""
    status: Any = None
    command: Any = None
    cwd: Any = None
    printed: Any = field(default=None, name="aggregatedOutput")
    code: Any = field(default=None, name="exitCode")
    changes: Any = None
    """Of files."""
    server: Any = None
    namespace: Any = None
    tool: Any = None
    arguments: Any = None
    result: Any = None
    error: Any = None
    items: Any = field(default=None, name="contentItems")
    success: Any = None
    prompt: Any = None
    """For another agent."""
    receivers: Any = field(default=None, name="receiverThreadIds")
    states: Any = field(default=None, name="agentsStates")
    query: Any = None
    action: Any = None
    path: Any = None
    saved: Any = field(default=None, name="savedPath")
    revised: Any = field(default=None, name="revisedPrompt")
    review: Any = None

    def __post_init__(self) -> None:
        self.id = self.id[:NAME]


class OfItem(Struct):
    """Parameters of `item/started` and `item/completed`."""

    item: Item
    thread: str = field(default="", name="threadId")
    turn: str = field(default="", name="turnId")


class Delta(Struct):
    """Parameters of `item/…/delta`: a piece of an item."""

    item: str = field(name="itemId")
    delta: str
    thread: str = field(default="", name="threadId")


_items = msgspec.json.Decoder(OfItem)
_deltas = msgspec.json.Decoder(Delta)


def item(params: Raw, method: str) -> OfItem:
    """Raises `NotUnderstoodError`."""
    return jsonrpc.params(_items, params, method)


def delta(params: Raw, method: str) -> Delta:
    """Raises `NotUnderstoodError`."""
    return jsonrpc.params(_deltas, params, method)


def name_of(identity: Raw) -> str:
    """The id of a request of ours, as an answer names it."""
    return bytes(identity).decode("utf-8", "replace").strip(' "')
