"""Read models may be dropped at any time: folded anew they are what they were."""

import tempfile
from pathlib import Path

import apsw
from hypothesis import given, settings
from hypothesis import strategies as some

from agentguid.append.api import Append
from agentguid.append.log import Log
from agentguid.project.all import INLINE
from agentguid.protocol import events as e
from agentguid.protocol import names
from agentguid.protocol.events import Recorded
from tests.conftest import FULL
from tests.project.histories import STREAMS, event, rows

PATIENCE = 30
CREATED = e.ConversationCreated(title="", agent="claude", cwd="/w")


@settings(max_examples=200 if FULL else 20)
@given(
    some.lists(
        some.tuples(some.sampled_from(STREAMS), some.lists(event, min_size=1, max_size=6)), max_size=12
    )
)
def test_rebuild_equals_incremental(history: list[tuple[str, list[e.Event]]]) -> None:
    """Also when the events of several streams lie between one another, and when they do not fit together."""
    with tempfile.TemporaryDirectory() as directory:
        log = Log(Path(directory) / "agentguid.db", INLINE)
        log.open()
        try:
            versions: dict[str, int] = {}
            for stream, events in [(stream, [CREATED]) for stream in STREAMS[:2]] + _apart(history):
                append = Append(stream, versions.get(stream, 0), events, 1, "user")
                versions[stream] = log.submit(append).result(PATIENCE).version
            db = log.reader()
            before = rows(db)
            log.rebuild().result(PATIENCE)

            assert rows(db) == before
            assert before["conversation"]
            assert db.execute("SELECT * FROM stale").fetchall() == []
            db.close()
        finally:
            log.close()


def _apart(history: list[tuple[str, list[e.Event]]]) -> list[tuple[str, list[e.Event]]]:
    """Ids and hashes are drawn and so differ between streams; here each stream gets its own."""
    return [(stream, [_renamed(one, stream) for one in events]) for stream, events in history]


def _renamed(one: e.Event, stream: str) -> e.Event:
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    for name in ("message", "turn", "item", "parent", "approval", "host", "hash"):
        if isinstance(value := fields.get(name), str):
            fields[name] = f"{stream}/{value}"
    if "order" in fields:
        fields["order"] = [f"{stream}/{value}" for value in fields["order"]]
    return type(one)(**fields)


@given(some.lists(some.tuples(some.sampled_from(STREAMS), event), max_size=40), some.sampled_from(STREAMS))
def test_clearing_a_stream_leaves_what_the_others_made(history: list[tuple[str, e.Event]], gone: str) -> None:
    """As if it had never been, and nobody else had noticed it."""
    apart = [
        Recorded(
            position, stream, position, names.NAMES[type(one)], 1, "user", None, None, _renamed(one, stream)
        )
        for position, (stream, one) in enumerate(history, start=1)
    ]
    db, without = apsw.Connection(":memory:"), apsw.Connection(":memory:")
    for projection in INLINE:
        db.execute(projection.SCHEMA)
        without.execute(projection.SCHEMA)
        for recorded in apart:
            projection.apply(db, recorded)
            if recorded.stream != gone:
                projection.apply(without, recorded)
        projection.clear(db, gone)

    assert rows(db) == rows(without)
