"""What each read model answers, on the real log."""

import apsw
import msgspec
import pytest

from agentguid.project import approvals, conversations, credentials, hosts, queue, retries, turns
from agentguid.project.conversations import first_line
from agentguid.protocol import events as e
from agentguid.protocol.errors import Invalid
from agentguid.protocol.items import Body, Limit, Usage
from tests.decide.given import asked, ended, hosted, queued, said, started, withdrawn
from tests.project.conftest import Filler

CREATED = e.ConversationCreated(title="", agent="claude", cwd="/w", mode="ask")
C1 = "conversation-c1"


def conversation(db: apsw.Connection, key: str = "c1") -> conversations.Conversation:
    row = conversations.get(db, key)
    assert row
    return row


def test_a_conversation_that_was_just_made(db: apsw.Connection, fill: Filler) -> None:
    fill(CREATED, at=10)

    assert conversation(db) == conversations.Conversation(
        id="c1",
        title="",
        agent="claude",
        model=None,
        mode="ask",
        cwd="/w",
        created_at=10,
        updated_at=10,
        archived=False,
        pinned=False,
        deleted=False,
        turn=None,
        stopping=False,
        last_outcome=None,
        last_error=None,
        held=False,
        cost=None,
        context_used=None,
        context_window=None,
        read_position=0,
        item_position=0,
        touched=1,
        created_position=1,
        messages=0,
        queued=0,
        waiting=0,
    )


def test_the_mode_of_a_turn_is_known_until_it_ends(db: apsw.Connection, fill: Filler) -> None:
    """Whatever is chosen for the conversation meanwhile, and whatever was imported into it."""
    fill(CREATED)
    begun = e.TurnStarted(turn="t1", message="m1", body=Body("hi"), agent="claude", cwd="/w", mode="bypass")
    old = e.TurnStarted(turn="t0", message="m0", body=Body("hi"), agent="claude", cwd="/w", imported=True)
    fill(begun, e.ConversationConfigured(mode="ask"), old, e.TurnEnded(turn="t0", outcome="complete"))
    row = conversation(db)
    assert (row.mode, row.turn, row.turn_mode) == ("ask", "t1", "bypass")

    fill(e.TurnEnded(turn="t1", outcome="complete"))
    assert conversation(db).turn_mode is None


def test_what_failed_elsewhere_is_not_to_be_tried_again_here(db: apsw.Connection, fill: Filler) -> None:
    told = e.TurnStarted(turn="t1", message="m1", body=Body("hi"), agent="claude", cwd="/w", imported=True)
    fill(CREATED, told, e.TurnEnded(turn="t1", outcome="error", error="429"), at=10)
    assert conversation(db).last_outcome is None

    fill(
        msgspec.structs.replace(told, turn="t2", message="m2"),
        e.TurnEnded(turn="t2", outcome="complete"),
        at=20,
    )
    assert conversation(db).last_outcome == "complete"

    fill(started("m3"), e.TurnEnded(turn="tm3", outcome="error", error="429"), at=30)
    assert (conversation(db).last_outcome, conversation(db).last_error) == ("error", "429")


def test_a_conversation_while_it_is_worked_on(db: apsw.Connection, fill: Filler) -> None:
    fill(CREATED, at=10)
    fill(started("m1", "\n Fix the bug\nplease"), hosted(), at=20)
    row = conversation(db)
    assert (row.title, row.turn, row.updated_at, row.item_position, row.messages) == (
        "Fix the bug",
        "tm1",
        20,
        2,
        1,
    )
    assert row.unread
    assert row.touched == 2, "a host is no change of the row"

    fill(said("i1"), queued("m2"), asked("a1"), e.ConversationRead(upto=4), at=30)
    row = conversation(db)
    assert (row.messages, row.queued, row.waiting, row.read_position, row.item_position) == (2, 1, 1, 4, 6)
    assert (row.touched, row.unread) == (7, True)

    fill(e.ConversationRead(upto=6), e.TurnStopRequested(turn="tm0"), e.TurnStopRequested(turn="tm1"), at=40)
    row = conversation(db)
    assert (row.unread, row.stopping, row.updated_at) == (False, True, 30)

    fill(withdrawn("a1", "x"), ended("m1", "error", "broken"), started("m2"), at=50)
    row = conversation(db)
    assert (row.turn, row.stopping, row.last_outcome, row.last_error) == ("tm2", False, "error", "broken")
    assert (row.queued, row.waiting, row.title, row.updated_at) == (0, 0, "Fix the bug", 50)


def test_a_queue_is_held_until_it_is_released_or_a_turn_starts(db: apsw.Connection, fill: Filler) -> None:
    held = (ended("m1", "error", "broken"), e.QueueHeld(turn="tm1"))
    fill(CREATED, started("m1"), queued("m2"), *held)
    assert (conversation(db).held, conversation(db).queued) == (True, 1)
    fill(e.QueueReleased())
    assert not conversation(db).held
    fill(e.QueueHeld(turn="tm1"), started("m3"))
    assert not conversation(db).held


def test_what_was_done_elsewhere_releases_no_queue_and_calls_off_no_retry(
    db: apsw.Connection, fill: Filler
) -> None:
    fill(CREATED, started("m1"), queued("m2"), ended("m1", "error"), e.QueueHeld(turn="tm1"))
    fill(e.RetryScheduled(turn="tm1", at=9, attempt=1, of=3, reason="account"))
    there = msgspec.structs.replace(started("x1"), imported=True)
    fill(there, ended("x1"), e.ConversationImported(source="claude", session="s9"))

    row = conversation(db)
    assert (row.held, row.queued, row.retry_at) == (True, 1, 9)
    last = turns.latest_here(db, "c1")
    assert last
    assert last.id == "tm1"


IDENTIFIED = e.SessionIdentified(host="h1", session="s1")
LIMITED = msgspec.structs.replace(ended("m1", "error", "full"), limit=Limit("account"))
WENT_ON = msgspec.structs.replace(started("m2", retries.GO_ON), retries="tm1")
OTHER = e.ConversationConfigured(agent="codex")


@pytest.mark.parametrize(
    ("history", "turn", "words"),
    [
        pytest.param([LIMITED], "tm1", "begin", id="nothing was done"),
        pytest.param([said("i1"), LIMITED], "tm1", retries.GO_ON, id="a limit in the middle of work"),
        pytest.param(
            [said("i1"), ended("m1", "error", "x")], "tm1", retries.GO_ON_ANYHOW, id="a crash in the middle of work"
        ),
        pytest.param([said("i1"), LIMITED, OTHER], "tm1", "begin", id="another agent"),
        pytest.param([said("i1"), LIMITED, WENT_ON, ended("m2", "error", "x")], "tm2", retries.GO_ON, id="again"),
        pytest.param(
            [said("i1"), LIMITED, WENT_ON, ended("m2", "error", "x"), OTHER], "tm2", "begin", id="another, later"
        ),
        pytest.param(
            [said("i1"), LIMITED, e.SessionLost(host="h1", session="s1")], "tm1", "begin", id="its session is gone"
        ),
    ],
)  # fmt: skip
def test_what_is_sent_to_try_a_turn_again_is_what_its_agent_can_understand(
    db: apsw.Connection, fill: Filler, history: list[e.Event], turn: str, words: str
) -> None:
    fill(CREATED, started("m1", "begin"), hosted(), IDENTIFIED, *history)

    assert retries.prompt(db, turn) == Body(words)


def test_a_conversation_adds_up_its_cost_and_knows_the_newest_context(
    db: apsw.Connection, fill: Filler
) -> None:
    fill(CREATED, started("m1"))
    spent = Usage(context_used=100, context_window=200_000)
    fill(e.TurnEnded(turn="tm1", outcome="complete", usage=spent, cost=0.25))
    fill(started("m2"), e.TurnEnded(turn="tm2", outcome="error", usage=Usage(context_used=120)))
    fill(started("m3"), e.TurnEnded(turn="tm3", outcome="complete", cost=0.5))

    row = conversation(db)
    assert (row.cost, row.context_used, row.context_window) == (0.75, 120, 200_000)


def test_the_settings_of_a_conversation(db: apsw.Connection, fill: Filler) -> None:
    fill(CREATED, started("m1"))
    fill(
        e.ConversationRenamed(title="Named"),
        e.ConversationConfigured(model="big", mode="plan"),
        e.ConversationArchived(),
        e.ConversationPinned(),
        queued("m3"),
        e.ConversationDeleted(),
    )
    row = conversation(db)
    assert (row.title, row.agent, row.model, row.mode) == ("Named", "claude", "big", "plan")
    assert (row.archived, row.pinned, row.deleted, row.queued) == (True, True, True, 0)
    fill(e.ConversationConfigured(model=""), e.ConversationUnarchived(), e.ConversationUnpinned())
    row = conversation(db)
    assert (row.model, row.archived, row.pinned, row.mode) == (None, False, False, "plan")


def test_the_end_of_another_turn_does_not_close_the_open_one(db: apsw.Connection, fill: Filler) -> None:
    fill(CREATED, started("m1"), e.TurnStopRequested(turn="tm1"), ended("m0"))

    assert (conversation(db).turn, conversation(db).stopping) == ("tm1", True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("short", "short"),
        ("\n\n  a \t b  \nc", "a b"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("word " * 40, "word " * 15 + "word…"),
        ("  ", ""),
    ],
)
def test_the_first_line_of_a_prompt(text: str, line: str) -> None:
    assert first_line(text) == line


def test_pages_of_conversations_have_each_once_pinned_first_then_newest(
    db: apsw.Connection, fill: Filler
) -> None:
    for number in range(9):
        stream = f"conversation-c{number}"
        fill(CREATED, stream=stream, at=100 + number // 2)  # some at the same moment
    fill(e.ConversationPinned(), stream="conversation-c2")
    fill(e.ConversationArchived(), stream="conversation-c5")
    fill(e.ConversationDeleted(), stream="conversation-c6")

    found: list[str] = []
    cursor: str | None = None
    while True:
        rows, cursor = conversations.page(db, limit=3, before=cursor)
        found += [row.id for row in rows]
        if cursor is None:
            break

    assert found == ["c2", "c8", "c7", "c4", "c3", "c1", "c0"]
    assert [row.id for row in conversations.page(db, archived=True)[0]] == ["c5"]


@pytest.mark.parametrize("cursor", ["", "x", "1.2", "a.b.c"])
def test_a_cursor_that_is_none_of_ours_is_refused(db: apsw.Connection, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        conversations.page(db, before=cursor)


def test_a_list_that_comes_back_is_told_what_changed(db: apsw.Connection, fill: Filler) -> None:
    fill(CREATED)
    fill(CREATED, stream="conversation-c2")
    since = fill(CREATED, stream="conversation-c3")
    fill(e.ConversationDeleted(), stream="conversation-c2")
    fill(e.ConversationPinned())

    assert [(row.id, row.deleted) for row in conversations.touched(db, since)] == [
        ("c2", True),
        ("c1", False),
    ]
    assert [row.id for row in conversations.touched(db, since, limit=1)] == ["c2"]


def test_a_prefix_finds_conversations(db: apsw.Connection, fill: Filler) -> None:
    for key in ("ab1", "ab2", "b"):
        fill(CREATED, stream=f"conversation-{key}")
    fill(e.ConversationDeleted(), stream="conversation-ab2")

    assert conversations.find(db, "ab") == ["ab1"]
    assert conversations.find(db, "") == ["ab1", "b"]
    assert conversations.find(db, "%") == []


def test_turns(db: apsw.Connection, fill: Filler) -> None:
    usage = Usage(input_tokens=5, output_tokens=7)
    end = e.TurnEnded(turn="tm1", outcome="error", error="broken", usage=usage, cost=0.5, duration=9)
    fill(CREATED, started("m1"), at=10)
    assert turns.active(db) == ["c1"]
    fill(end, ended("m1"), at=20)
    assert turns.active(db) == []
    fill(started("m2"), started("m3"), at=30)
    first = turns.Turn(
        id="tm1",
        conversation="c1",
        sequence=1,
        message="m1",
        agent="claude",
        model="big",
        started_at=10,
        ended_at=20,
        status="error",
        error="broken",
        usage=usage,
        cost=0.5,
        duration=9,
        position=2,
        end_position=3,
    )

    assert turns.get(db, "tm1") == first
    assert turns.get(db, "tm9") is None
    latest = turns.latest(db, "c1")
    assert latest
    assert (latest.id, latest.sequence, latest.status) == ("tm3", 3, "active")
    assert [row.id for row in turns.page(db, "c1", limit=2)] == ["tm3", "tm2"]
    assert turns.page(db, "c1", before=2) == [first]


def test_the_queue_keeps_its_order(db: apsw.Connection, fill: Filler) -> None:
    fill(CREATED, started("m1"), queued("m2"), queued("m3"), queued("m4"), at=10)
    fill(e.MessageEdited(message="m3", body=Body("better")), e.QueueReordered(order=["m4", "m2"]))

    rows = queue.list(db, "c1")
    assert [(row.message, row.position, row.queued_at) for row in rows] == [
        ("m4", 5, 10),
        ("m2", 3, 10),
        ("m3", 6, 10),
    ]
    assert queue.get(db, "m3") == rows[2]

    fill(started("m4"), e.MessageRemoved(message="m3"), queued("m5"))
    assert [row.message for row in queue.list(db, "c1")] == ["m2", "m5"]
    fill(e.ConversationDeleted())
    assert queue.list(db, "c1") == ()


def test_approvals(db: apsw.Connection, fill: Filler) -> None:
    fill(CREATED, started("m1"), asked("a1"), asked("a2"), asked("a3", None), asked("a4", "tm0"))
    fill(asked("b1"), stream="conversation-c2")
    assert [row.id for row in approvals.pending(db)] == ["a1", "a2", "a3", "a4", "b1"]
    assert [row.id for row in approvals.pending(db, "c2")] == ["b1"]
    assert [row.id for row in approvals.pending(db, "c1", limit=1, after=3)] == ["a2"]
    assert conversations.waiting_total(db) == 5

    yes = e.ApprovalDecided(approval="a1", decision="allow_once")
    late = e.ApprovalDecided(approval="a1", decision="reject_once")
    fill(
        yes,
        late,
        withdrawn("a2", "x"),
        *(e.ApprovalDecided(approval=key, decision="allow_once") for key in ("a4", "a3")),
    )
    first = approvals.Approval("a1", "c1", "tm1", None, "Bash", 3, 8, "allow_once", withdrawn=False)
    assert approvals.get(db, "a1") == first
    second = approvals.get(db, "a2")
    assert second
    assert (second.decided, second.decision, second.withdrawn) == (10, None, True)
    assert [row.id for row in approvals.decided(db, "c1", "tm1")] == ["a1", "a3"]
    settled = [row.id for row in approvals.settled(db, 0)]
    assert settled == [row.id for row in reversed(approvals.latest(db))]
    assert settled[0] == "a1"
    assert [row.id for row in approvals.settled(db, 8)] == settled[1:]
    assert [row.id for row in approvals.latest(db, limit=1)] == settled[-1:]
    assert [row.id for row in approvals.pending(db)] == ["b1"]


def test_hosts(db: apsw.Connection, fill: Filler) -> None:
    fill(CREATED, started("m1"), hosted("h1"))
    assert [row.id for row in hosts.living(db)] == ["h1"]
    assert hosts.session(db, "c1", "claude") is None

    fill(e.SessionIdentified(host="h1", session="s1"), e.HostEnded(host="h1"), hosted("h2", "s1"))
    assert hosts.get(db, "h1") == hosts.Host("h1", "c1", "claude", 3, 5, "s1", "big")
    assert hosts.of(db, "c1") == hosts.Host("h2", "c1", "claude", 6, None, None, "big")
    assert [row.id for row in hosts.living(db)] == ["h2"]
    assert hosts.session(db, "c1", "claude") == "s1", "the new host has not named its session yet"

    fill(e.SessionIdentified(host="h2", session="s2", model="bigger"), e.HostEnded(host="h2"))
    assert (hosts.session(db, "c1", "claude"), hosts.session(db, "c1", "codex")) == ("s2", None)
    assert hosts.of(db, "c1") is None


def test_credentials(db: apsw.Connection, fill: Filler) -> None:
    fill(e.DeviceSignedIn(name="Phone", hash="d" * 64), stream="device-x", at=10)
    fill(e.TokenCreated(name="CI", hash="t" * 64, scope="read", expires=99), stream="token-x", at=20)
    phone = credentials.Credential("x", "device", "Phone", "admin", 10, None, revoked=False)
    ci = credentials.Credential("x", "token", "CI", "read", 20, 99, revoked=False)

    assert credentials.by_hash(db, "d" * 64) == phone == credentials.get(db, "device", "x")
    assert credentials.list(db, "token") == (ci,)
    assert credentials.by_hash(db, "x" * 64) is None
    assert (ci.valid(98), ci.valid(99), phone.valid(1 << 60)) == (True, False, True)

    fill(e.DeviceRevoked(), stream="device-x")
    revoked = credentials.by_hash(db, "d" * 64)
    assert revoked
    assert not revoked.valid(11)
    assert credentials.by_hash(db, "t" * 64) == ci
