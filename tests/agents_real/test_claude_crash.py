"""Whatever dies, Claude Code goes on where it was: its memory is its own, and a prompt reaches the model once."""

import contextlib
import os
import signal

import pytest

from tests.agents_real.work import Work
from tests.support.daemon import wait_for

pytestmark = pytest.mark.agents


def recalls(work: Work, conversation: str) -> None:
    """The next prompt is answered from the agent's own memory of the first."""
    turn = work.ask(conversation, "[[recall]] what is the word?")

    assert turn["status"] == "complete", turn
    assert work.texts(conversation, "message")[-1] == "Earlier you told me: the word is papaya"
    (request,) = work.model.asked("what is the word?")
    assert any("the word is papaya" in text for text in request.ask.texts("user"))
    assert "Noted." in request.ask.texts("assistant")
    assert len(set(work.sessions(conversation))) == 1


def test_the_agent_outlives_a_restart_of_the_daemon(work: Work) -> None:
    """Same process, same session, no new start."""
    conversation = work.start("[[remember]] the word is papaya")
    work.daemon.ended(conversation)
    before = work.agents()

    assert work.daemon.stop() == 0
    assert set(work.agents()) == set(before)
    work.daemon.start()

    recalls(work, conversation)
    assert set(work.agents()) == set(before)


def test_a_session_is_resumed_when_its_process_is_gone(work: Work) -> None:
    """Host and agent are killed; a new process takes up the same session by its id."""
    conversation = work.start("[[remember]] the word is papaya")
    work.daemon.ended(conversation)
    work.daemon.stop()
    for pid in [*work.daemon.hosts(), *work.agents()]:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not work.agents(), "the agent to be gone")
    work.daemon.start()

    recalls(work, conversation)
    (words,) = work.agents().values()
    assert words[words.index("--resume") + 1] == work.sessions(conversation)[0]


def test_a_host_killed_between_turns_is_replaced(work: Work) -> None:
    """The same with the daemon at work all the time."""
    conversation = work.start("[[remember]] the word is papaya")
    work.daemon.ended(conversation)
    (host,), (agent,) = work.daemon.hosts(), work.agents()

    os.kill(host, signal.SIGKILL)
    wait_for(lambda: agent not in work.agents(), "its agent to be ended too")

    recalls(work, conversation)


def test_an_agent_killed_in_the_middle_of_a_turn_is_reported(work: Work) -> None:
    conversation = work.start("[[slow]] talk")
    work.reached("slow")
    (agent,) = work.agents()

    os.kill(agent, signal.SIGKILL)
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "error", turn
    assert "SIGKILL" in turn["error"]
    assert work.ask(conversation, "[[simple]] again")["status"] == "complete"


def test_a_daemon_killed_while_a_permission_is_asked_for(work: Work) -> None:
    """After the restart the request still stands, is answered, and the turn completes. Nothing is doubled."""
    conversation = work.start("[[permwrite]] only once")
    approval = work.pending(conversation)
    (agent,) = work.agents()

    work.daemon.kill()
    work.daemon.start()
    assert work.pending(conversation)["id"] == approval["id"]
    assert work.daemon.latest(conversation)["status"] == "active"  # type: ignore[index]
    work.decide(conversation)
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "complete", turn
    assert set(work.agents()) == {agent}
    assert (work.daemon.work / "note.txt").read_text() == "a note\nof two lines\n"
    assert len(work.model.asked("only once")) == 1
    assert [request.place.turn for request in work.model.of("permwrite")] == [0, 1]
    assert work.steps(conversation) == [
        "turn.started", "message", "Write note.txt", "asks for Write", "allow_once", "done", "message", "complete",
    ]  # fmt: skip
    items = [event["data"]["item"] for event in work.events(conversation, "item.added", "tool.started")]
    assert len(items) == len(set(items))
    work.verifies()


def test_a_daemon_killed_while_an_answer_streams(work: Work) -> None:
    """The agent goes on alone; the daemon that comes back has the whole answer, once."""
    conversation = work.start("[[slow]] only once")
    work.reached("slow")

    work.daemon.kill()
    work.daemon.start()
    turn = work.daemon.ended(conversation)

    assert turn["status"] == "complete", turn
    (answer,) = work.texts(conversation, "message")
    assert answer.startswith("This is a long answer")
    assert answer.endswith("again and again.")
    assert len(work.model.asked("only once")) == 1


def test_an_answer_decided_while_the_daemon_dies_reaches_the_agent(work: Work) -> None:
    """The decision is in the log before the agent hears of it, so a crash in between loses nothing."""
    conversation = work.start("[[permwrite]] go")
    approval = work.pending(conversation)
    work.daemon.stop()
    work.daemon.start(AGENTGUID_FAILPOINT="effects.before_send:1")
    with contextlib.suppress(OSError):  # it may die before it can answer
        work.daemon.request("POST", f"/api/approvals/{approval['id']}", {"decision": "allow_once"})
    assert work.daemon.process
    work.daemon.process.wait(10)
    work.daemon.start()

    assert work.daemon.ended(conversation)["status"] == "complete"
    assert (work.daemon.work / "note.txt").exists()
    assert work.steps(conversation).count("done") == 1


def test_a_session_that_is_lost_is_said_and_a_new_one_begins(work: Work) -> None:
    """Claude Code's own record was deleted while nothing ran: it is said, and the prompt is answered all the same."""
    conversation = work.start("[[remember]] the word is papaya")
    work.daemon.ended(conversation)
    work.daemon.stop()
    for pid in [*work.daemon.hosts(), *work.agents()]:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not work.agents(), "the agent to be gone")
    for record in (work.daemon.root / "home" / ".claude" / "projects").rglob("*.jsonl"):
        record.unlink()
    work.daemon.start()

    turn = work.ask(conversation, "[[simple]] are you there?")

    assert turn["status"] == "complete", turn
    (said,) = work.texts(conversation, "notice")
    assert "does not have this conversation any more" in said
    assert len(set(work.sessions(conversation))) == 2
