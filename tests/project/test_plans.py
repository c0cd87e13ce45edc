"""No query reads a whole table or sorts: each goes through an index, whatever the size."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import apsw
import apsw.ext
import pytest

from agentguid.project import approvals, conversations, credentials, hosts, queue, transcript, turns
from agentguid.project.all import INLINE
from agentguid.protocol import events as e
from agentguid.protocol import names
from agentguid.protocol.events import Recorded
from tests.decide.given import asked, ended, hosted, queued, said, started
from tests.project.test_transcript import TOOL

SMALL = re.compile(r"SCAN \w+ USING (COVERING )?INDEX (host_living|turn_open)$")
"""Partial indexes of what is open right now: reading all of them is the question."""

QUERIES: list[Callable[[apsw.Connection], object]] = [
    partial(conversations.get, conversation="c1"),
    conversations.page,
    partial(conversations.page, before="1.7.c1", archived=True),
    partial(conversations.search, text="a"),
    partial(conversations.search, text="a", before="1.7.c1", archived=True),
    partial(conversations.touched, after=3),
    partial(conversations.find, prefix="c"),
    conversations.waiting_total,
    partial(turns.get, turn="tm1"),
    partial(turns.latest, conversation="c1"),
    partial(turns.page, conversation="c1", before=4),
    turns.active,
    partial(transcript.get, item="i1"),
    partial(transcript.newest, conversation="c1"),
    partial(transcript.before, conversation="c1", sequence=4),
    partial(transcript.after, conversation="c1", sequence=4),
    partial(transcript.around, conversation="c1", sequence=4),
    partial(transcript.touched, conversation="c1", position=4),
    partial(transcript.count, conversation="c1"),
    partial(transcript.messages, conversation="c1", offset=4),
    partial(transcript.by_turn, turn="tm1"),
    partial(transcript.page_of_turn, turn="tm1", kind=None, offset=1, limit=2),
    partial(transcript.page_of_turn, turn="tm1", kind="tool", offset=1, limit=2),
    partial(queue.get, message="m1"),
    partial(queue.list, conversation="c1"),
    partial(approvals.get, approval="a1"),
    approvals.pending,
    partial(approvals.pending, conversation="c1"),
    partial(approvals.settled, after=3),
    approvals.latest,
    partial(approvals.decided, conversation="c1", turn="tm1"),
    partial(hosts.get, host="h1"),
    hosts.living,
    partial(hosts.of, conversation="c1"),
    partial(hosts.session, conversation="c1", agent="claude"),
    partial(credentials.get, kind="token", credential="x"),
    partial(credentials.by_hash, digest="x"),
    partial(credentials.list, kind="token"),
]
EVENTS: list[e.Event] = [
    e.ConversationCreated(title="", agent="claude", cwd="/w"),
    e.ConversationConfigured(model="big"),
    e.ConversationRead(upto=2),
    started("m1"),
    e.TurnStopRequested(turn="tm1"),
    hosted(),
    e.SessionIdentified(host="h1", session="s1"),
    said("i1"),
    TOOL,
    asked("a1"),
    e.ApprovalRequested(approval="a2", turn="tm1", item="i1", tool="Bash", input=TOOL.input, options=[]),
    e.ApprovalDecided(approval="a1", decision="allow_once"),
    e.ApprovalWithdrawn(approval="a2", reason="r"),
    e.ToolFinished(item="i1", output=TOOL.input),
    queued("m2"),
    queued("m3"),
    e.MessageEdited(message="m2", body=TOOL.input),
    e.QueueReordered(order=["m3", "m2"]),
    e.MessageRemoved(message="m2"),
    e.HostEnded(host="h1"),
    ended("m1"),
    e.Unreadable(redacted=True),
    e.ConversationDeleted(),
    e.DeviceSignedIn(name="x", hash="x"),
    e.DeviceRevoked(),
]


@pytest.fixture
def db() -> Iterator[apsw.Connection]:
    db = apsw.Connection(":memory:")
    for projection in INLINE:
        db.execute(projection.SCHEMA)
    yield db
    db.close()


def statements(db: apsw.Connection, work: Callable[[], object]) -> list[str]:
    seen: list[str] = []

    def note(_: apsw.Cursor, sql: str, __: Any) -> bool:
        seen.append(sql)
        return True

    db.exec_trace = note
    try:
        work()
    finally:
        db.exec_trace = None
    return seen


def steps(plan: Any) -> Iterator[str]:
    yield plan.detail
    for sub in plan.sub or ():
        yield from steps(sub)


def slow(db: apsw.Connection, sql: str) -> list[str]:
    """The steps of the plan that cost more the more there is."""
    plan = apsw.ext.query_info(db, sql, explain_query_plan=True).query_plan
    return [
        step
        for step in steps(plan)
        if (step.startswith("SCAN") and step != "SCAN CONSTANT ROW" and not SMALL.match(step))
        or "TEMP B-TREE" in step
    ]


def fold(db: apsw.Connection, *recorded: Recorded) -> None:
    for one in recorded:
        for projection in INLINE:
            projection.apply(db, one)


def named(query: Any) -> str:
    inner = getattr(query, "func", query)
    return f"{inner.__module__.rpartition('.')[2]}.{inner.__name__}"


@pytest.mark.parametrize("query", QUERIES, ids=named)
def test_a_query_goes_through_an_index(
    db: apsw.Connection, query: Callable[[apsw.Connection], object]
) -> None:
    found = statements(db, lambda: query(db))

    assert found
    assert {sql: found_slow for sql in found if (found_slow := slow(db, sql))} == {}


def placed(position: int, event: e.Event) -> Recorded:
    name = names.NAMES.get(type(event), "item.added")
    stream = "device-d1" if name.startswith("device") else "conversation-c1"
    return Recorded(position, stream, position, name, 1, "user", None, None, event)


def test_folding_goes_through_indexes(db: apsw.Connection) -> None:
    found = statements(
        db, lambda: fold(db, *(placed(position, event) for position, event in enumerate(EVENTS, 1)))
    )

    assert len(set(found)) > 30
    assert {sql: found_slow for sql in set(found) if (found_slow := slow(db, sql))} == {}


@pytest.mark.parametrize("projection", INLINE, ids=lambda one: one.NAME)
def test_clearing_a_stream_goes_through_an_index(db: apsw.Connection, projection: Any) -> None:
    found = statements(db, lambda: projection.clear(db, "conversation-c1"))

    assert {sql: found_slow for sql in found if (found_slow := slow(db, sql))} == {}


def test_a_finished_tool_call_costs_one_update(db: apsw.Connection) -> None:
    """The most frequent facts must stay the cheapest."""
    fold(db, placed(1, started("m1")), placed(2, TOOL))
    finished = placed(3, e.ToolFinished(item="i1", output=TOOL.input))

    assert len(statements(db, lambda: fold(db, finished))) == 1
