"""A stream can be forgotten whole, in slices and across a crash; blobs that nothing names go, others never."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from agentguid.append import chain, read, redact
from agentguid.append.api import Append
from agentguid.append.blobs import LIMIT, Blobs
from agentguid.append.log import Log
from agentguid.project import blob_uses
from agentguid.protocol.events import ConversationDeleted, ItemAdded, Unreadable
from agentguid.protocol.items import Body
from tests.append.conftest import Opener
from tests.append.support import PATIENCE, Lengths, Titles, full_at, held, models, put

LONG = 3 * redact.SLICE + 7


def data(db: apsw.Connection, stream: str) -> list[str]:
    query = "SELECT d.data FROM event e JOIN event_data d USING (position) WHERE stream = ? AND d.data IS NOT NULL"
    return [text for (text,) in db.execute(query, (stream,))]


def test_nothing_of_a_forgotten_stream_is_left_and_the_chain_still_verifies(
    opener: Opener, path: Path
) -> None:
    log = opener((Titles(), Lengths()))
    put(log, "a", 0, *["thesecretword"] * LONG)
    log.submit(Append("a", LONG, [ConversationDeleted()], 1, "user", snapshot=b"thesecretword")).result(
        PATIENCE
    )
    put(log, "b", 0, "kept")

    log.forget("a", []).result(PATIENCE)

    with closing(log.reader()) as db:
        assert list(chain.verify(db))[-1] == LONG + 2
        assert data(db, "a") == ["{}"]  # that it was deleted
        assert models(db)["title"] == [(LONG + 2, "b", "kept")]
        assert redact.is_forgotten(db, "a")
        assert not redact.is_forgotten(db, "b")
        assert read.snapshot(db, "a") is None
    log.close()
    assert b"thesecretword" not in path.read_bytes()


@pytest.mark.parametrize("slices", [1, 2, 3])
def test_what_was_broken_off_is_not_taken_for_done_and_is_completed(opener: Opener, slices: int) -> None:
    log = opener((Titles(), Lengths()))
    put(log, "a", 0, *["x"] * LONG)

    def break_off(db: apsw.Connection) -> bool:
        before = LONG + 1
        for _ in range(slices):
            before = redact.forget(db, "a", before)
        return False

    log.background(break_off)
    with closing(log.reader()) as db:
        put(log, "b", 0, "after")
        while len(data(db, "a")) > LONG - slices * redact.SLICE:
            pass
        assert not redact.is_forgotten(db, "a")

        log.forget("a", []).result(PATIENCE)

        assert data(db, "a") == []


@pytest.mark.parametrize("slices", [0, 1, 2, 3])
def test_a_disk_that_is_full_at_the_end_of_a_slice_leaves_nothing_out(opener: Opener, slices: int) -> None:
    log = opener((Titles(), Lengths()))
    put(log, "a", 0, *["x"] * LONG)

    with held(log):
        full_at(log, slices)
        forgotten = log.forget("a", [])
    while not log._writer._resting:
        assert not forgotten.done()
    put(log, "b", 0, "there is room again")
    forgotten.result(PATIENCE)

    with closing(log.reader()) as db:
        assert data(db, "a") == []
        assert models(db)["title"] == [(LONG + 1, "b", "there is room again")]


def test_receipts_go_with_their_stream_and_those_of_others_stay(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many: there may be more of them than events, of commands for which there was nothing to do."""
    monkeypatch.setattr(redact, "SLICE", 4)
    log = opener()
    put(log, "a", 0, "x", key="first")
    for n in range(11):
        log.submit(Append("a", 1, [], 1, "user", key=f"nothing {n}")).result(PATIENCE)
    put(log, "b", 0, "y", key="other")

    log.forget("a", []).result(PATIENCE)

    with closing(log.reader()) as db:
        assert [key for (key,) in db.execute("SELECT key FROM receipt")] == ["other"]
        assert data(db, "a") == []
        assert redact.is_forgotten(db, "a")


def test_forgetting_a_stream_that_is_not_there_is_no_error(log: Log) -> None:
    log.forget("nobody", ["nobody"]).result(PATIENCE)


# -- blobs --------------------------------------------------------------------------------------------------------------
@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[Blobs]:
    return Blobs(tmp_path / "blobs")  # type: ignore[return-value]


def name_it(log: Log, blobs: Blobs, stream: str, text: str) -> str:
    shrunk = blobs.shrink(ItemAdded(item="i", turn=None, kind="message", body=Body(text * (LIMIT + 1))))
    assert isinstance(shrunk, ItemAdded)
    log.submit(Append(stream, 0, [shrunk], 1, "user")).result(PATIENCE)
    assert shrunk.body.blob
    return shrunk.body.blob


def aged(blobs: Blobs, *digests: str) -> list[str]:
    for digest in digests:
        os.utime(blobs.path(digest), (0, 0))
    return list(digests)


def collect(log: Log, blobs: Blobs, digests: list[str]) -> int:
    return log.collect(blobs, digests, blob_uses.used, 3600).result(PATIENCE)


def test_only_what_nothing_names_is_collected(opener: Opener, blobs: Blobs) -> None:
    log = opener((blob_uses,))
    named, loose, young = name_it(log, blobs, "a", "x"), blobs.put(b"loose"), blobs.put(b"young")

    assert collect(log, blobs, [*aged(blobs, named, loose), young]) == 1
    assert [blobs.path(one).exists() for one in (named, loose, young)] == [True, False, True]


def test_a_blob_that_two_streams_name_stays_until_both_are_forgotten(opener: Opener, blobs: Blobs) -> None:
    log = opener((blob_uses,))
    shared = {name_it(log, blobs, stream, "x") for stream in ("a", "b")}.pop()

    log.forget("a", []).result(PATIENCE)
    assert collect(log, blobs, aged(blobs, shared)) == 0
    log.forget("b", []).result(PATIENCE)
    assert collect(log, blobs, aged(blobs, shared)) == 1


def test_nothing_is_collected_while_a_read_model_is_incomplete(opener: Opener, blobs: Blobs) -> None:
    """It does not know of every event: what looks unused may be in use."""
    log = opener((blob_uses,))
    named = name_it(log, blobs, "a", "x")
    log.close()
    log = opener((blob_uses, Titles(poison="bad")))
    put(log, "b", 0, "bad")  # a projection is stale

    assert collect(log, blobs, aged(blobs, named, blobs.put(b"loose"))) == 0


def test_collecting_what_is_gone_already_is_no_error(opener: Opener, blobs: Blobs) -> None:
    assert collect(opener((blob_uses,)), blobs, ["0" * 64]) == 0


def test_a_forgotten_item_says_so(opener: Opener) -> None:
    log = opener()
    put(log, "a", 0, "x")
    log.forget("a", []).result(PATIENCE)

    with closing(log.reader()) as db:
        assert read.at(db, [1])[1].event == Unreadable(redacted=True)
