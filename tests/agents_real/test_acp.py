"""What each genuine ACP agent must do under a real daemon: docs/agents.md says which did."""

import os
import signal

import pytest

from tests.agents_real.acp import Genuine
from tests.agents_real.work import Work

pytestmark = [pytest.mark.agents, pytest.mark.timeout(400)]


def test_a_simple_answer(acp_work: Work, genuine: Genuine) -> None:
    """Word for word; and the catalogue finds it with its version (or says that it did not tell it in time)."""
    conversation = acp_work.start("[[simple]] say hello")
    turn = acp_work.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    assert acp_work.texts(conversation, "message")[-1].startswith("Hello! Here is a **short** answer")
    assert acp_work.texts(conversation, "unknown") == []
    found = acp_work.daemon.api("POST", "/agents/rescan")["agents"]
    [listed] = [one for one in found if one["id"] == acp_work.agent]
    assert listed["installed"]
    assert genuine.version in (listed["version"] or "") or "did not say its version" in listed["problem"]


def test_a_tool_that_is_allowed_is_run(acp_work: Work) -> None:
    conversation = acp_work.start("[[perm]] go")
    assert not (acp_work.daemon.work / "made-by-agent.txt").exists()
    acp_work.decide(conversation)
    turn = acp_work.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    assert (acp_work.daemon.work / "made-by-agent.txt").exists()
    steps = acp_work.steps(conversation)
    assert any(step.startswith("Shell touch made-by-agent.txt") for step in steps)
    assert steps.index("asks for Shell") < steps.index("allow_once") < steps.index("done")


def test_a_tool_that_is_denied_is_not(acp_work: Work) -> None:
    conversation = acp_work.start("[[perm]] go")
    acp_work.decide(conversation, "reject_once")
    turn = acp_work.ended(conversation)

    assert turn["status"] in ("complete", "interrupted"), turn["error"]
    assert not (acp_work.daemon.work / "made-by-agent.txt").exists()


def test_nothing_is_asked_in_bypass(acp_work: Work) -> None:
    conversation = acp_work.start("[[permwrite]] go", mode="bypass")
    turn = acp_work.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    assert (acp_work.daemon.work / "note.txt").read_text() == "a note\nof two lines\n"
    assert not [step for step in acp_work.steps(conversation) if step.startswith("asks for")]


def test_a_stop_stops_and_the_next_prompt_works(acp_work: Work) -> None:
    conversation = acp_work.start("[[slow]] talk")
    acp_work.reached("slow")
    acp_work.daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert acp_work.ended(conversation)["status"] == "interrupted"
    turn = acp_work.ask(conversation, "[[simple]] and now hello")
    assert turn["status"] == "complete", turn["error"]


def test_it_outlives_a_restart_of_the_daemon(acp_work: Work) -> None:
    """Same process, same session, no new handshake."""
    conversation = acp_work.start("[[remember]] the word is papaya")
    assert acp_work.ended(conversation)["status"] == "complete"
    before = set(acp_work.daemon.hosts())
    assert acp_work.daemon.stop() == 0
    acp_work.daemon.start()

    acp_work.ask(conversation, "[[recall]] what was the word?")
    assert "papaya" in acp_work.texts(conversation, "message")[-1]
    assert set(acp_work.daemon.hosts()) == before


def test_its_session_is_resumed_when_its_process_is_gone(acp_work: Work) -> None:
    """Everything is killed; another process takes up the session, and nothing of it is told twice."""
    conversation = acp_work.start("[[remember]] the word is papaya")
    assert acp_work.ended(conversation)["status"] == "complete"
    acp_work.daemon.stop()
    for pid in acp_work.daemon.descendants():
        os.kill(pid, signal.SIGKILL)
    acp_work.daemon.start()

    turn = acp_work.ask(conversation, "[[recall]] what was the word?")
    assert turn["status"] == "complete", turn["error"]
    messages = acp_work.texts(conversation, "message")
    assert "papaya" in messages[-1]
    assert len(messages) == 2
    assert len(set(acp_work.sessions(conversation))) == 1


def test_an_error_of_the_provider_is_told(acp_work: Work) -> None:
    conversation = acp_work.start("[[err401]] hi")
    turn = acp_work.ended(conversation)

    assert turn["status"] == "error", turn
    assert "is not signed in, or its key was refused" in str(turn["error"])
