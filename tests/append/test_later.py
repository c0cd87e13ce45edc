"""Imports wait until nothing else does, bear their own times, and verify like everything else."""

import json

import pytest

from agentguid.append import chain, read
from agentguid.append.api import Append, Stamp
from agentguid.append.log import Log
from agentguid.append.writer import LATER
from agentguid.protocol.errors import LogBroken, TooBusy
from tests.append.support import PATIENCE, held, outcome, put, said


def later(stream: str, *texts: str, expected: int = 0) -> Append:
    return Append(
        stream,
        expected,
        said(*texts),
        9,
        "agent:x",
        stamps=[Stamp(n, '{"line":"l"}') for n in range(len(texts))],
    )


def test_what_is_imported_waits_for_everything_else(log: Log) -> None:
    with held(log):
        imported = [log.submit_later(later(f"old-{n}", "x", "y")) for n in range(3)]
        live = [log.submit(Append(f"live-{n}", 0, said("z"), 1, "user")) for n in range(3)]

    assert max(one.result(PATIENCE).last for one in live) < min(
        one.result(PATIENCE).first for one in imported
    )


def test_each_event_bears_its_own_time_and_origin(log: Log) -> None:
    log.submit_later(later("old", "a", "b")).result(PATIENCE)
    put(log, "new", 0, "c")
    db = log.reader()

    told = read.events(db, 0)

    assert [(one.at, one.origin) for one in told] == [(0, {"line": "l"}), (1, {"line": "l"}), (1, None)]
    assert list(chain.verify(db)) == [3]
    assert json.loads(db.execute("SELECT origin FROM event WHERE position = 1").get) == {"line": "l"}
    db.close()


def test_one_that_does_not_fit_fails_alone(log: Log) -> None:
    wrong, right = log.submit_later(later("old", "a", expected=7)), log.submit_later(later("old", "b"))

    assert outcome(wrong) == "Conflict"
    assert right.result(PATIENCE).version == 1


def test_no_more_wait_than_are_allowed(log: Log) -> None:
    with held(log):
        waiting = [log.submit_later(later(f"old-{n}", "x")) for n in range(LATER)]
        with pytest.raises(TooBusy):
            log.submit_later(later("one-more", "x"))

    assert all(one.result(PATIENCE).version == 1 for one in waiting)


def test_a_log_that_closes_says_so_to_those_that_wait(log: Log) -> None:
    with held(log):
        waiting = log.submit_later(later("old", "x"))
        import threading

        closing = threading.Thread(target=log.close)
        closing.start()
        while log._writer._inbox._closed is None:
            pass
    closing.join(PATIENCE)

    assert isinstance(waiting.exception(PATIENCE), LogBroken)
    with pytest.raises(LogBroken):
        log.submit_later(later("old", "y"))
