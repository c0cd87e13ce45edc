"""Why an agent is gone: what it said beside its protocol counts, on stdout and on stderr, and a limit however long ago it was said."""

from datetime import UTC, datetime

import pytest

from agentguid.agents import exits, limits
from agentguid.agents.exits import WAIT
from agentguid.effects.limited import Limited
from agentguid.protocol.events import ItemAdded, ToolStarted, TurnEnded
from agentguid.protocol.items import Body, Limit
from tests.conformance.adapter import FAMILIES
from tests.conformance.kind import Kind
from tests.conformance.kinds import ACP
from tests.conformance.worker import Worker

LIMIT = "You've hit your limit · resets 3pm (UTC)"
AFTERNOON = int(datetime(1970, 1, 1, 15, tzinfo=UTC).timestamp() * 1_000_000)
"""The tapes of these tests are written soon after the epoch."""
each = pytest.mark.parametrize("kind", FAMILIES, ids=lambda kind: kind.name)


def trace(worker: Worker) -> None:
    for number in range(200):
        worker.feed("err", b"    at frame %d of the trace (file:///agent.js:%d)" % (number, number))


def dies(worker: Worker) -> str:
    """Its turn's error."""
    worker.feed("exit", code=1)
    [*_, ended] = [fact for fact in worker.facts if isinstance(fact, TurnEnded)]
    assert ended.outcome == "error"
    return str(ended.error)


@each
@pytest.mark.parametrize("stream", ["err", "out"])
def test_a_limit_that_it_dies_of_is_told_although_a_long_trace_follows_it(kind: Kind, stream: str) -> None:
    worker = Worker(kind).work()
    worker.feed("err", b"a stray remark")
    worker.feed(stream, LIMIT.encode())
    trace(worker)
    error = dies(worker)

    assert f"ended with exit status 1: {LIMIT}; " in error
    assert error.endswith(f" {WAIT['account']}.")
    assert limits.read(error, worker.offset) == Limit("account", AFTERNOON)


@each
def test_the_last_that_was_said_of_a_limit_counts(kind: Kind) -> None:
    worker = Worker(kind).work()
    worker.feed("err", b"Attempt 1 failed with status 529. Retrying")
    trace(worker)
    worker.feed("err", LIMIT.encode())
    trace(worker)
    worker.feed("err", b"  status: 429")  # with that Node ends a trace
    error = dies(worker)

    assert LIMIT in error
    assert "529" not in error


@each
def test_a_remark_on_stderr_does_not_hide_the_last_words_on_stdout(kind: Kind) -> None:
    worker = Worker(kind).work()
    worker.feed("out", b"cannot read my configuration")
    worker.feed("err", b"(node:7) a warning")

    assert "ended with exit status 1: cannot read my configuration; (node:7) a warning. " in dies(worker)


@each
def test_a_limit_that_was_overcome_is_not_why_it_died(kind: Kind) -> None:
    worker = Worker(kind).work()
    worker.feed("err", LIMIT.encode())
    trace(worker)
    worker.out(*kind.endless(0))
    assert [fact for fact in worker.facts if isinstance(fact, ToolStarted)]
    error = dies(worker)

    assert "frame 199" in error
    assert limits.read(error, worker.offset) is None


@each
def test_what_was_said_in_one_turn_is_not_why_it_dies_in_the_next(kind: Kind) -> None:
    worker = Worker(kind).work()
    worker.feed("err", LIMIT.encode())
    worker.feed("out", b"so it is")
    worker.end()
    worker.work("t2")

    assert dies(worker).endswith(" ended with exit status 1. Send the message again to start it anew.")


@each
def test_what_is_remembered_of_endless_output_is_bounded(kind: Kind) -> None:
    worker = Worker(kind).work()
    before = len(worker.adapter.carry())
    for number in range(200):
        worker.feed("err", b"%d %s %s" % (number, LIMIT.encode(), b"x" * 50_000))
        worker.feed("out", b"%d %s %s" % (number, LIMIT.encode(), b"x" * 50_000))

    assert len(worker.adapter.carry()) < before + 16_000


def test_an_error_that_says_nothing_is_a_limit_when_the_error_output_says_so() -> None:
    worker = Worker(ACP).work()
    worker.feed("err", LIMIT.encode())
    trace(worker)
    worker.feed(
        "out",
        b'{"id": %s, "error": {"code": -32603, "message": "Internal error"}}' % worker.prompt_id.encode(),
    )
    [ended] = [fact for fact in worker.facts if isinstance(fact, TurnEnded)]

    assert str(ended.error).startswith(f"The limit of the account is reached (Internal error; {LIMIT}). ")


# -- what the session makes of it -------------------------------------------------------------------------------------
def notice(text: str) -> ItemAdded:
    return ItemAdded(item="i", turn="t", kind="notice", body=Body(text), level="warning")


def gone(words: str = "", how: str = "ended with exit status 1") -> TurnEnded:
    return TurnEnded(
        turn="t", outcome="error", error=f"X {how}{f': {words}' if words else ''}. {exits.AGAIN}."
    )


def limit_of(*events: ItemAdded | ToolStarted | TurnEnded) -> Limit | None:
    session = Limited()
    [*_, ended] = [session.seen(event, 1_000_000) for event in events]
    assert isinstance(ended, TurnEnded)
    return ended.limit


TOLD = notice(f"The five hour limit of the account is reached. {LIMIT}")


@pytest.mark.parametrize("how", ["ended with exit status 1", "was ended by SIGKILL"])
def test_an_agent_that_ends_without_a_word_after_a_limit_was_told_ended_of_it(how: str) -> None:
    assert limit_of(TOLD, gone(how=how)) == Limit("account", AFTERNOON)
    assert limit_of(gone(how=how)) is None


def test_not_when_it_went_on_in_between() -> None:
    call = ToolStarted(item="c", turn="t", name="x", input=Body("{}"))
    assert limit_of(TOLD, call, gone()) is None


def test_nor_when_its_turn_failed_of_something_else_that_it_says() -> None:
    assert (
        limit_of(TOLD, TurnEnded(turn="t", outcome="error", error="It refuses to go on with this.")) is None
    )


def test_nor_when_much_that_it_complained_of_names_one_somewhere() -> None:
    said = "X wrote 9000 bytes on its error output. The last of it:\nAttempt 1 failed with status 429"
    assert exits.is_complaint(said)
    assert limit_of(notice(said), gone("out of memory")) is None
