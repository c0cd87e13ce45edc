"""The transcript, against a model that remembers everything, and its windows."""

import apsw
from hypothesis import given
from hypothesis import strategies as some

from agentguid.append.log import Log
from agentguid.project import transcript
from agentguid.protocol import events as e
from agentguid.protocol import names
from agentguid.protocol.events import Recorded
from agentguid.protocol.items import Body
from tests.decide.given import asked, ended, said, started
from tests.project.conftest import PATIENCE, Filler
from tests.project.histories import shown

TOOL = e.ToolStarted(item="i1", turn="tm1", name="Bash", input=Body("{}"))


def recorded(position: int, event: e.Event, stream: str = "conversation-c1") -> Recorded:
    name = names.NAMES.get(type(event), "item.added")
    return Recorded(position, stream, position, name, 1, "user", None, None, event)


def folded(history: list[e.Event]) -> apsw.Connection:
    db = apsw.Connection(":memory:")
    db.execute(transcript.SCHEMA)
    for position, event in enumerate(history, start=1):
        transcript.apply(db, recorded(position, event))
    return db


class Model:
    """What the transcript should be: items in the order in which they were opened."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, object]] = {}

    def open(self, key: str, kind: str, position: int, **more: object) -> bool:
        if key in self.items:
            return False
        self.items[key] = {"kind": kind, "position": position, "touched": position, **more}
        return True

    def change(self, key: str | None, position: int, field: str) -> None:
        if key in self.items:
            self.items[key] |= {field: position, "touched": position}

    def take(self, position: int, event: e.Event) -> None:
        match event:
            case e.ItemAdded(item=item, kind=kind):
                self.open(item, kind, position)
            case e.ToolStarted(item=item):
                self.open(item, "tool", position)
            case e.ToolFinished(item=item):
                self.change(item, position, "finish")
            case e.TurnStarted(message=message):
                self.open(message, "user", position)
            case e.TurnEnded(turn=turn):
                self.open(f"{turn}-end", "result", position)
            case e.ApprovalRequested(approval=approval, item=item):
                tool = self.items.get(item or "", {})
                if tool.get("kind") == "tool" and "approval" not in tool:
                    self.change(item, position, "approval")
                    tool["request"] = approval
                else:
                    self.open(approval, "approval", position, approval=position, request=approval)
            case e.ApprovalDecided(approval=approval) | e.ApprovalWithdrawn(approval=approval):
                for key, row in self.items.items():
                    if row.get("request") == approval and "decision" not in row:
                        self.change(key, position, "decision")


@given(some.lists(shown, max_size=40))
def test_the_transcript_is_what_was_opened_in_order(history: list[e.Event]) -> None:
    model = Model()
    for position, event in enumerate(history, start=1):
        model.take(position, event)
    rows = transcript.after(folded(history), "c1", 0, 1000)

    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert [row.id for row in rows] == list(model.items)
    for row in rows:
        expected = {"finish": None, "approval": None, "decision": None, "request": None} | model.items[row.id]
        assert {name: getattr(row, name) for name in expected} == expected


@given(some.lists(shown, max_size=40), some.integers(0, 40))
def test_a_reader_that_comes_back_is_told_each_item_that_changed_once(
    history: list[e.Event], since: int
) -> None:
    """What it had plus what it is told is what there is."""
    had = {row.id: row for row in transcript.after(folded(history[:since]), "c1", 0, 1000)}
    db = folded(history)
    told = transcript.touched(db, "c1", since)

    assert [row.touched for row in told] == sorted(row.touched for row in told)
    assert len({row.id for row in told}) == len(told)
    assert had | {row.id: row for row in told} == {row.id: row for row in transcript.after(db, "c1", 0, 1000)}


@given(some.lists(shown, max_size=40), some.integers(1, 5))
def test_messages_are_numbered_and_any_offset_finds_them(history: list[e.Event], limit: int) -> None:
    db = folded(history)
    rows = transcript.after(db, "c1", 0, 1000)
    wanted = [row for row in rows if row.kind in ("user", "message") and row.parent is None]
    pages = [transcript.messages(db, "c1", limit, offset) for offset in range(0, len(wanted) + 1, limit)]

    assert [row for page in pages for row in page] == wanted
    assert [row.ordinal for row in wanted] == list(range(1, len(wanted) + 1))


def test_windows_are_cut_from_one_order() -> None:
    db = folded([said(f"i{number}") for number in range(10)])

    def ids(rows: list[transcript.Row]) -> list[int]:
        return [row.sequence for row in rows]

    assert ids(transcript.newest(db, "c1", 3)) == [8, 9, 10]
    assert ids(transcript.before(db, "c1", 8, 3)) == [5, 6, 7]
    assert ids(transcript.after(db, "c1", 8, 3)) == [9, 10]
    assert ids(transcript.around(db, "c1", 5, 5)) == [3, 4, 5, 6, 7]
    assert ids(transcript.around(db, "c1", 1, 4)) == [1, 2, 3, 4]
    assert ids(transcript.newest(db, "c2", 3)) == []
    assert (transcript.count(db, "c1"), transcript.count(db, "c2")) == (10, 0)


def test_an_approval_stands_at_its_tool_and_a_second_one_by_itself() -> None:
    request = e.ApprovalRequested(
        approval="a1", turn="tm1", item="i1", tool="Bash", input=Body("{}"), options=[]
    )
    second = e.ApprovalRequested(
        approval="a2", turn="tm1", item="i1", tool="Bash", input=Body("{}"), options=[]
    )
    db = folded([TOOL, request, second, e.ApprovalDecided(approval="a2", decision="allow_once"), asked("a3")])
    rows = transcript.after(db, "c1", 0)

    assert [(row.id, row.kind, row.approval, row.decision) for row in rows] == [
        ("i1", "tool", 2, None),
        ("a2", "approval", 3, 4),
        ("a3", "approval", 5, None),
    ]


def test_an_item_of_another_conversation_is_not_touched() -> None:
    db = folded([TOOL])
    finished = e.ToolFinished(item="i1", output=Body("x"))
    transcript.apply(db, recorded(2, finished, "conversation-c2"))

    assert transcript.touched(db, "c1", 1) == []


def test_the_rows_of_a_turn() -> None:
    history = [started("m1"), said("i1"), ended("m1"), started("m2"), said("i2", "tm2"), said("i3", "tm1")]
    db = folded(history)

    assert [row.id for row in transcript.by_turn(db, "tm1")] == ["m1", "i1", "tm1-end", "i3"]
    assert [row.id for row in transcript.by_turn(db, "tm1", sequence=2, limit=1)] == ["tm1-end"]


def test_load_joins_the_events(db: apsw.Connection, fill: Filler) -> None:
    request = e.ApprovalRequested(
        approval="a1", turn="tm1", item="i1", tool="Bash", input=Body("{}"), options=[]
    )
    decided = e.ApprovalDecided(approval="a1", decision="allow_once")
    finished = e.ToolFinished(item="i1", output=Body("ok"))
    fill(started("m1"), TOOL, request, decided, finished, asked("a9"), at=7)
    user, tool, alone = transcript.load(db, transcript.newest(db, "c1"))

    assert (user.id, user.kind, user.opened.event, user.at, user.touched) == (
        "m1",
        "user",
        started("m1"),
        7,
        1,
    )
    assert tool.opened.event == TOOL
    assert [part and part.event for part in (tool.approval, tool.decision, tool.finished)] == [
        request,
        decided,
        finished,
    ]
    assert (alone.opened.event, alone.approval and alone.approval.event, alone.decision) == (
        asked("a9"),
        asked("a9"),
        None,
    )


def test_an_item_whose_data_was_redacted_stays_and_keeps_its_number(
    log: Log, db: apsw.Connection, fill: Filler
) -> None:
    fill(started("m1"), said("i1"), said("i2"))
    log.redact([2]).result(PATIENCE)
    items = transcript.load(db, transcript.newest(db, "c1"))

    assert [(item.id, item.sequence, item.kind) for item in items] == [
        ("m1", 1, "user"),
        ("unreadable-2", 2, "unknown"),
        ("i2", 3, "message"),
    ]
    assert items[1].opened.event == e.Unreadable(redacted=True)
