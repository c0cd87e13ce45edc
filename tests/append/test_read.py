"""Reading by position, stream and type gives what a search through everything would give."""

import random
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.append import read
from agentguid.append.api import Append
from agentguid.append.log import Log
from agentguid.protocol.events import (
    ConversationArchived,
    ConversationPinned,
    ConversationRenamed,
    Event,
    Recorded,
)
from tests.append.support import PATIENCE

KINDS: list[Event] = [ConversationArchived(), ConversationPinned(), ConversationRenamed(title="x")]
TYPES = ["conversation.archived", "conversation.pinned", "conversation.renamed", "conversation.created"]
STREAMS = ["a", "b", "c", "nothing"]
SIZE = 400


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A log of 400 events, mixed by chance, and what it holds."""
    log = Log(Path(tmp_path_factory.mktemp("read")) / "agentguid.db", ())
    log.open()
    chance, versions = random.Random(7), dict.fromkeys("abc", 0)
    for n in range(SIZE):
        stream = chance.choice("aaaab" if n < SIZE // 2 else "abccc")
        log.submit(Append(stream, versions[stream], [chance.choice(KINDS)], n, "user", f"cause {n}")).result(
            PATIENCE
        )
        versions[stream] += 1
    db = log.reader()
    yield db, read.events(db, 0, limit=SIZE)
    db.close()
    log.close()


def test_an_event_comes_back_whole(log: Log, db: apsw.Connection) -> None:
    event = ConversationRenamed(title="Größe \0 🙂 \"'\n")
    log.submit(Append("conversation-x", 0, [event], 123, "device:d", "k")).result(PATIENCE)

    expected = Recorded(1, "conversation-x", 1, "conversation.renamed", 123, "device:d", "k", None, event)
    assert read.events(db, 0) == [expected]
    assert read.stream(db, "conversation-x", 0) == [expected]
    assert read.at(db, [1]) == {1: expected}


places = some.integers(0, SIZE + 5)


@given(
    after=places,
    upto=some.none() | places,
    stream=some.none() | some.sampled_from(STREAMS),
    types=some.lists(some.sampled_from(TYPES), max_size=4),
    limit=some.integers(1, SIZE + 5),
)
def test_events_are_those_a_search_finds(
    filled: Any, after: int, upto: int | None, stream: str | None, types: list[str], limit: int
) -> None:
    db, everything = filled
    expected = [
        one
        for one in everything
        if one.position > after
        and (upto is None or one.position <= upto)
        and (stream is None or one.stream == stream)
        and (not types or one.type in types)
    ][:limit]

    assert read.events(db, after, upto=upto, stream=stream, types=types, limit=limit) == expected


@given(some.sampled_from(STREAMS), places, some.integers(1, SIZE))
def test_a_stream_is_read_by_its_versions(filled: Any, stream: str, after: int, limit: int) -> None:
    db, everything = filled
    expected = [one for one in everything if one.stream == stream and one.version > after][:limit]

    assert read.stream(db, stream, after, limit) == expected


@given(some.lists(some.integers(-2, SIZE + 5), max_size=40))
def test_positions_are_looked_up_together(filled: Any, positions: list[int]) -> None:
    db, everything = filled

    assert read.at(db, positions) == {p: everything[p - 1] for p in positions if 1 <= p <= SIZE}


def test_what_is_not_there_is_nothing(db: apsw.Connection) -> None:
    assert (read.last(db), read.head(db, "a"), read.events(db, 0), read.stream(db, "a", 0)) == (0, 0, [], [])
    assert (read.receipt(db, "k"), read.snapshot(db, "a"), read.mark(db, "h")) == (None, None, None)
    assert read.events(db, 0, stream="a") == read.events(db, 5, stream="a", types=["x"]) == []
