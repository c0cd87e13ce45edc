"""After power loss the log may know more than the tape: that is said, and what the log has stays as it is."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from agentguid.effects.tail import TORN
from agentguid.hosts import tape
from tests.sessions.conftest import Bad
from tests.sessions.seen import facts
from tests.support import badagent
from tests.support.daemon import Daemon, wait_for
from tests.support.tokens import in_log


def zeros(file: Path, at: int) -> None:
    """The size reached the disk, the data did not."""
    size = file.stat().st_size
    os.truncate(file, at)
    os.truncate(file, size)


def half(file: Path, at: int) -> None:
    """A record is there in part."""
    os.truncate(file, at + 40)


def lose_power(daemon: Daemon, harm: Callable[[Path, int], None], of: bytes) -> None:
    """Everything dies at once, and of the tape all is lost from the record on in which these words are."""
    hosts = daemon.hosts()
    daemon.kill()
    for pid in hosts:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not daemon.hosts(), "the hosts to be gone")
    (folder,) = (daemon.data / "tapes").iterdir()
    (file,) = folder.glob("*.tape")
    whole = list(tape.Reader(folder).records())
    lost = next(record for record in whole if of in record.payload)
    harm(file, lost.offset)
    left = list(tape.Reader(folder).records())
    assert 0 < len(left) < len(whole)
    assert left[-1].end == lost.offset


def notices(daemon: Daemon, conversation: str) -> list[str]:
    shown = [
        one["body"]["text"] for one in facts(daemon, conversation, "item.added") if one["kind"] == "notice"
    ]
    return [text for text in shown if text == TORN]


def once(daemon: Daemon, conversation: str) -> None:
    """Nothing is in the log twice."""
    for kind in ("item.added", "tool.started", "tool.finished"):
        counted = Counter(one["item"] for one in facts(daemon, conversation, kind))
        assert [item for item, count in counted.items() if count > 1] == [], kind
    assert len(facts(daemon, conversation, "turn.started")) == len(facts(daemon, conversation, "turn.ended"))


def goes_on(daemon: Daemon, conversation: str) -> None:
    daemon.send(conversation, "emit 3")
    assert daemon.ended(conversation)["status"] == "complete"
    assert in_log(daemon, conversation)[-3:] == [0, 1, 2]
    assert len(notices(daemon, conversation)) == 1
    once(daemon, conversation)


@pytest.mark.parametrize("harm", [zeros, half])
@pytest.mark.parametrize(
    "of", [b"tool_result", b'"stop_reason"'], ids=["result of a tool", "end of a message"]
)
def test_a_tape_that_lost_its_end_takes_nothing_from_the_log(
    daemon: Daemon, harm: Callable[[Path, int], None], of: bytes
) -> None:
    conversation = daemon.conversation()
    daemon.send(conversation, "ask; emit 5 rate 50 deltas; emit 2000 rate 50")
    (approval,) = wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "the request")
    daemon.api("POST", f"/approvals/{approval['id']}", {"decision": "allow_once"})
    wait_for(lambda: len(in_log(daemon, conversation)) >= 10, "some lines")
    before = daemon.events(0, conversation)

    lose_power(daemon, harm, of)
    daemon.start()

    row = daemon.ended(conversation)
    assert row["status"] == "interrupted"
    assert row["error"]
    assert daemon.events(0, conversation)[: len(before)] == before
    (finished,) = facts(daemon, conversation, "tool.finished")
    assert "Wrote demo-note.txt" in str(finished)
    assert len(notices(daemon, conversation)) == 1
    goes_on(daemon, conversation)
    assert len([name for name in daemon.inputs() if name.startswith("prompt:")]) == 2


def test_a_call_that_the_log_has_as_finished_stays_finished(bad: Bad) -> None:
    """The tape has two open calls, because their turn is read again from before them; the log knows better of one."""
    daemon = bad("two_tools")
    conversation = daemon.conversation("claude-code")
    daemon.send(conversation, "call both")
    wait_for(lambda: daemon.api("GET", "/approvals")["approvals"], "both calls")
    (daemon.work / "go").touch()
    wait_for(lambda: facts(daemon, conversation, "tool.finished"), "the result of the first")

    lose_power(daemon, zeros, b"tool_result")
    daemon.start()

    assert daemon.ended(conversation)["status"] == "interrupted"
    first, second = facts(daemon, conversation, "tool.finished")
    assert (first["output"]["text"], first.get("incomplete", False)) == (badagent.AFTER, False)
    assert second["incomplete"] is True
    once(daemon, conversation)
    assert len(notices(daemon, conversation)) == 1
    daemon.send(conversation, "and go on")
    assert daemon.ended(conversation)["status"] == "complete"
    once(daemon, conversation)


def test_a_tape_of_an_agent_at_rest_that_lost_its_end_is_told_as_well(daemon: Daemon) -> None:
    """Nothing is found behind the place from which it is read again, and that place itself is not there any more."""
    conversation = daemon.conversation()
    daemon.send(conversation, "emit 20; tool")
    assert daemon.ended(conversation)["status"] == "complete"

    lose_power(daemon, zeros, b"tool_result")
    daemon.start()

    wait_for(lambda: notices(daemon, conversation), "the notice")
    assert in_log(daemon, conversation) == [*range(20)]
    assert daemon.ended(conversation)["status"] == "complete"
    goes_on(daemon, conversation)
