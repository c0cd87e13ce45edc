"""Histories of any kind: events that fit together, and events that do not."""

import apsw
from hypothesis import strategies as some

from agentguid.project.all import INLINE
from agentguid.protocol import events as e
from agentguid.protocol import names
from agentguid.protocol.events import Event
from agentguid.protocol.items import Body, Option, Usage

STREAMS = ["conversation-c1", "conversation-c2", "device-d1", "token-k1"]

message = some.sampled_from([f"m{number}" for number in range(5)])
turn = message.map(lambda one: f"t{one}")
item = some.sampled_from([f"i{number}" for number in range(8)])
approval = some.sampled_from([f"a{number}" for number in range(4)])
host = some.sampled_from(["h1", "h2"])
maybe_turn = some.none() | turn
body = some.sampled_from([Body("text"), Body("\n  two\nlines"), Body("")])
OPTIONS = [Option("y", "allow_once", "Yes")]

KNOWN: dict[type[Event], dict[str, some.SearchStrategy[object]]] = {
    e.ConversationCreated: {
        "title": some.sampled_from(["", "Work"]),
        "agent": some.just("claude"),
        "cwd": some.just("/w"),
    },
    e.ConversationRenamed: {"title": some.just("Renamed")},
    e.ConversationConfigured: {
        "agent": some.none() | some.just("codex"),
        "model": some.sampled_from([None, "", "big"]),
    },
    e.ConversationRead: {"upto": some.integers(0, 100)},
    e.MessageQueued: {"message": message, "body": body},
    e.MessageEdited: {"message": message, "body": body},
    e.MessageRemoved: {"message": message},
    e.MessageSteerRequested: {"message": message, "turn": turn},
    e.MessageSteered: {"message": message, "turn": turn, "body": body},
    e.QueueReordered: {"order": some.lists(message, unique=True)},
    e.TurnStarted: {
        "message": message,
        "turn": turn,
        "body": body,
        "agent": some.just("claude"),
        "cwd": some.just("/w"),
    },
    e.TurnStopRequested: {"turn": turn},
    e.TurnEnded: {
        "turn": turn,
        "outcome": some.sampled_from(["complete", "error", "interrupted"]),
        "error": some.sampled_from([None, "broken"]),
        "usage": some.sampled_from([None, Usage(input_tokens=3)]),
    },
    e.RetryScheduled: {
        "turn": turn,
        "at": some.integers(0, 1 << 60),
        "attempt": some.integers(1, 3),
        "of": some.integers(1, 3),
    },
    e.HostRequested: {"host": host, "agent": some.just("claude"), "cwd": some.just("/w")},
    e.HostEnded: {"host": host},
    e.SessionIdentified: {"host": host, "session": some.sampled_from(["s1", "s2"])},
    e.ItemAdded: {
        "item": item,
        "turn": maybe_turn,
        "kind": some.sampled_from(["message", "thought", "notice"]),
        "body": body,
        "parent": some.none() | item,
    },
    e.ToolStarted: {
        "item": item,
        "turn": maybe_turn,
        "name": some.just("Bash"),
        "input": body,
        "parent": some.none(),
    },
    e.ToolFinished: {"item": item, "output": body},
    e.ApprovalRequested: {
        "approval": approval,
        "turn": maybe_turn,
        "item": some.none() | item,
        "tool": some.just("Bash"),
        "input": body,
        "options": some.just(OPTIONS),
    },
    e.ApprovalDecided: {"approval": approval, "decision": some.just("allow_once")},
    e.ApprovalWithdrawn: {"approval": approval, "reason": some.just("r")},
    e.DeviceSignedIn: {"name": some.just("Phone"), "hash": some.sampled_from(["h1", "h2"])},
    e.TokenCreated: {
        "name": some.just("CI"),
        "hash": some.sampled_from(["h1", "h2"]),
        "scope": some.just("read"),
    },
}
event = some.sampled_from(list(names.TYPES.values())).flatmap(
    lambda kind: some.builds(kind, **KNOWN.get(kind, {}))
)
"""Any event of the vocabulary, on names that often meet."""
SHOWN: list[type[Event]] = [
    e.TurnStarted,
    e.ItemAdded,
    e.ToolStarted,
    e.ToolStarted,
    e.ToolFinished,
    e.ApprovalRequested,
    e.ApprovalDecided,
    e.ApprovalWithdrawn,
    e.TurnEnded,
]
shown = some.sampled_from(SHOWN).flatmap(lambda kind: some.builds(kind, **KNOWN[kind]))
"""Those that the transcript is made of."""


def rows(db: apsw.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the read models hold, row ids aside."""
    return {
        table: sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
        for one in INLINE
        for table in one.TABLES
    }
