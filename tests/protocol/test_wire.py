"""Events keep their bytes: what is in the log today must read the same for ever."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from agentguid.protocol import events, names, wire
from agentguid.protocol.items import Attachment, Body, Choice, Limit, Option, Question, Reply, Usage

GOLDEN = Path(__file__).parent / "golden" / "events.ndjson"

BODY = Body("text", "text/markdown")
FILES = Body(
    "see",
    attached=(
        Attachment("a.png", "image/png", "cd" * 32, 24_000, 640, 400),
        Attachment("b.txt", "text/plain", "ef" * 32, 7),
    ),
)
BIG = Body("previ", "text/plain", blob="ab" * 32, size=70_000)
SAMPLES: list[events.Event] = [
    events.ConversationCreated(title="Greet", agent="claude-code", cwd="/src", model="opus", mode="plan"),
    events.ConversationCreated(title="", agent="demo", cwd="/src"),
    events.ConversationRenamed(title="New"),
    events.ConversationConfigured(model="sonnet"),
    events.ConversationArchived(),
    events.ConversationUnarchived(),
    events.ConversationPinned(),
    events.ConversationUnpinned(),
    events.ConversationRead(upto=7),
    events.ConversationDeleted(),
    events.MessageQueued(message="m", body=BODY),
    events.MessageEdited(message="m", body=BIG),
    events.MessageRemoved(message="m"),
    events.QueueReordered(order=["b", "a"]),
    events.MessageSteerRequested(message="m", turn="tm"),
    events.MessageSteered(message="m", turn="tm", body=BODY),
    events.QueueHeld(turn="tm"),
    events.QueueReleased(),
    events.TurnStarted(
        turn="tm", message="m", body=BODY, agent="claude-code", cwd="/src", model="opus", mode="bypass"
    ),
    events.TurnStarted(turn="tn", message="n", body=BODY, agent="codex", cwd="/src", imported=True),
    events.ConversationImported(source="codex", session="s"),
    events.ImportRequested(request="r", sources=["codex"], sessions=["codex:s"]),
    events.ImportFinished(request="r", sessions=3, failed=1),
    events.ImportWatchChosen(watch="ours"),
    events.TurnStopRequested(turn="tm"),
    events.TurnEnded(
        turn="tm",
        outcome="complete",
        usage=Usage(input_tokens=1, output_tokens=2, context_window=3),
        cost=0.5,
        duration=12,
    ),
    events.TurnEnded(turn="tm", outcome="error", error="No."),
    events.TurnStarted(turn="tn", message="n", body=BODY, agent="demo", cwd="/src", retries="tm", attempt=2),
    events.TurnEnded(
        turn="tn", outcome="error", error="Full.", limit=Limit("account", 1_795_700_000_000_000)
    ),
    events.TurnEnded(turn="tn", outcome="error", error="Full.", limit=Limit("provider")),
    events.RetryScheduled(turn="tn", at=1_795_700_002_000_000, attempt=3, of=3, reason="account"),
    events.RetryCancelled(turn="tn"),
    events.HostRequested(host="h", agent="claude-code", cwd="/src", resume="s"),
    events.HostEnded(host="h", code=-9, stderr="bye"),
    events.SessionIdentified(host="h", session="s", model="opus"),
    events.SessionLost(host="h", session="s"),
    events.ItemAdded(
        item="h-1f", turn="tm", kind="notice", body=BODY, level="warning", parent="p", incomplete=True
    ),
    events.ToolStarted(
        item="h-20", turn="tm", name="Bash", input=Body('{"command":"ls"}', "application/json")
    ),
    events.ToolFinished(item="h-20", output=BIG, failed=True),
    events.ApprovalRequested(
        approval="h-30",
        turn="tm",
        item="h-20",
        tool="Bash",
        input=BODY,
        options=[Option("1", "allow_once", "Yes")],
        reason="r",
    ),
    events.ApprovalDecided(approval="h-30", decision="reject_once", message="no", option="3", input=BODY),
    events.ApprovalWithdrawn(approval="h-30", reason="the turn ended"),
    events.ApprovalRequested(
        approval="h-31",
        turn="tm",
        item=None,
        tool="AskUserQuestion",
        input=BODY,
        options=[],
        questions=[
            Question(
                "q", "Which?", "Head", choices=[Choice("A", "a", "[a]"), Choice("B")], many=True, free=True
            ),
            Question(
                "n",
                "How many?",
                kind="number",
                required=True,
                hint="h",
                low=0,
                high=2.5,
                step=0.5,
                unit="m",
                preset="1",
            ),
        ],
    ),
    events.ApprovalDecided(
        approval="h-31", decision="allow_once", answers={"q": Reply(["A"], "and c"), "n": Reply(words="2")}
    ),
    events.DeviceSignedIn(name="phone", hash="00"),
    events.DeviceRevoked(),
    events.TokenCreated(name="ci", hash="00", scope="read", expires=9),
    events.TokenRevoked(),
    events.MessageQueued(message="m", body=FILES),
    events.MessageEdited(message="m", body=FILES),
    events.MessageSteered(message="m", turn="tm", body=FILES),
    events.TurnStarted(turn="tm", message="m", body=FILES, agent="demo", cwd="/src"),
]


def test_every_type_has_a_sample() -> None:
    assert {type(sample) for sample in SAMPLES} == set(names.TYPES.values())


def test_bytes_are_as_they_were() -> None:
    """Run with AGENTGUID_WRITE_GOLDEN=1 to add a type; a line that is there already may never change."""
    lines = []
    for sample in SAMPLES:
        name, schema, data = wire.encode(sample)
        lines.append(json.dumps([name, schema, data.decode()]))
    if os.environ.get("AGENTGUID_WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text("\n".join(lines) + "\n")

    assert GOLDEN.read_text().splitlines() == lines


def test_old_bytes_read_back() -> None:
    read = [wire.decode(*json.loads(line)) for line in GOLDEN.read_text().splitlines()]

    assert read == SAMPLES


def test_a_redacted_event_is_unreadable() -> None:
    assert wire.decode("turn.ended", 1, None) == events.Unreadable(redacted=True)


def test_a_type_or_schema_from_the_future_is_unreadable_and_raises_nothing() -> None:
    assert wire.decode("turn.teleported", 1, b"{}") == events.Unreadable(redacted=False)
    assert wire.decode("turn.ended", 99, b"{}") == events.Unreadable(redacted=False)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"turn":7,"outcome":"complete"}', b'{"turn":"t"}', b"\xff"]
)
def test_damaged_data_is_unreadable_and_raises_nothing(data: bytes) -> None:
    assert wire.decode("turn.ended", 1, data) == events.Unreadable(redacted=False)


def test_unknown_fields_are_passed_over() -> None:
    data = b'{"turn":"t","outcome":"complete","mood":"good"}'

    assert wire.decode("turn.ended", 1, data) == events.TurnEnded(turn="t", outcome="complete")


def test_old_schemas_are_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(wire.SCHEMA, "conversation.renamed", 3)
    monkeypatch.setitem(wire.UPCASTERS, ("conversation.renamed", 1), lambda data: {"name": data["label"]})
    monkeypatch.setitem(wire.UPCASTERS, ("conversation.renamed", 2), lambda data: {"title": data["name"]})

    assert wire.decode("conversation.renamed", 1, b'{"label":"x"}') == events.ConversationRenamed(title="x")


def test_the_envelope_is_the_public_one() -> None:
    event = events.ConversationRenamed(title="x")
    recorded = events.Recorded(
        5, "conversation-c", 2, "conversation.renamed", 123, "user", "key", None, event
    )

    assert msgspec.json.decode(wire.envelope(recorded)) == {
        "position": 5,
        "stream": "conversation-c",
        "version": 2,
        "type": "conversation.renamed",
        "at": 123,
        "actor": "user",
        "cause": "key",
        "origin": None,
        "data": {"title": "x"},
    }
