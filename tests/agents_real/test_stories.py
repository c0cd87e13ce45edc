"""What each genuine agent must do under a real daemon: docs/agents.md says which did."""

import os
import signal
import time

import pytest

from tests.agents_real.genuine import Genuine
from tests.agents_real.report import NOT_APPLICABLE
from tests.agents_real.work import Work, sees_what_is_attached, steered_into_the_turn
from tests.support.daemon import wait_for

pytestmark = [pytest.mark.agents, pytest.mark.timeout(400)]


def test_a_simple_answer(story: Work, genuine: Genuine) -> None:
    """Word for word; and the catalogue finds it with its version (or says that it did not tell it in time)."""
    conversation = story.start("[[simple]] say hello")
    turn = story.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    assert story.texts(conversation, "message")[-1].startswith("Hello! Here is a **short** answer")
    assert story.texts(conversation, "unknown") == []
    found = story.daemon.api("POST", "/agents/rescan")["agents"]
    [listed] = [one for one in found if one["id"] == story.agent]
    assert listed["installed"]
    said = f"{listed['version']} {listed['problem']}"
    assert genuine.version in said or "did not say its version" in said or genuine.custom


def test_a_tool_that_is_allowed_is_run(story: Work, genuine: Genuine) -> None:
    conversation = story.start("[[perm]] go")
    assert not (story.daemon.work / "made-by-agent.txt").exists()
    story.decide(conversation)
    turn = story.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    assert (story.daemon.work / "made-by-agent.txt").exists()
    steps = story.steps(conversation)
    assert any(step.startswith(f"{genuine.shell} touch made-by-agent.txt") for step in steps)
    assert steps.index(f"asks for {genuine.shell}") < steps.index("allow_once") < steps.index("done")


def test_a_tool_that_is_denied_is_not(story: Work) -> None:
    conversation = story.start("[[perm]] go")
    story.decide(conversation, "reject_once")
    turn = story.ended(conversation)

    assert turn["status"] in ("complete", "interrupted"), turn["error"]
    assert not (story.daemon.work / "made-by-agent.txt").exists()


def test_nothing_is_asked_in_bypass(story: Work) -> None:
    conversation = story.start("[[permwrite]] go", mode="bypass")
    turn = story.ended(conversation)

    assert turn["status"] == "complete", turn["error"]
    assert (story.daemon.work / "note.txt").read_text() == "a note\nof two lines\n"
    assert not [step for step in story.steps(conversation) if step.startswith("asks for")]


def test_a_stop_stops_and_the_next_prompt_works(story: Work) -> None:
    conversation = story.start("[[slow]] talk")
    story.reached("slow")
    story.daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert story.ended(conversation)["status"] == "interrupted"
    turn = story.ask(conversation, "[[simple]] and now hello")
    assert turn["status"] == "complete", turn["error"]


def test_it_outlives_a_restart_of_the_daemon(story: Work) -> None:
    """Same process, same session, no new handshake."""
    conversation = story.start("[[remember]] the word is papaya")
    assert story.ended(conversation)["status"] == "complete"
    before = set(story.daemon.hosts())
    assert story.daemon.stop() == 0
    story.daemon.start()

    story.ask(conversation, "[[recall]] what was the word?")
    assert "papaya" in story.texts(conversation, "message")[-1]
    assert set(story.daemon.hosts()) == before


def without_its_process(story: Work, genuine: Genuine) -> None:
    """Everything is killed, and the daemon comes back."""
    story.daemon.stop()
    for pid in story.daemon.descendants():
        os.kill(pid, signal.SIGKILL)
    if genuine.by_the_minute:
        ended = time.time() // 60
        wait_for(lambda: time.time() // 60 > ended, "another minute of the clock", 61)
    story.daemon.start()


def test_its_session_is_resumed_when_its_process_is_gone(story: Work, genuine: Genuine) -> None:
    """Everything is killed; another process takes up the session, and nothing of it is told twice."""
    conversation = story.start("[[remember]] the word is papaya")
    assert story.ended(conversation)["status"] == "complete"
    without_its_process(story, genuine)

    turn = story.ask(conversation, "[[recall]] what was the word?")
    assert turn["status"] == "complete", turn["error"]
    messages = story.texts(conversation, "message")
    assert "papaya" in messages[-1]
    assert len(messages) == 2
    assert len(set(story.sessions(conversation))) == 1


def test_it_still_asks_after_it_was_resumed(story: Work, genuine: Genuine) -> None:
    """Also one whose new process begins in a mode of its own that asks nothing."""
    conversation = story.start("[[simple]] say hello")
    assert story.ended(conversation)["status"] == "complete"
    without_its_process(story, genuine)

    story.daemon.send(conversation, "[[perm]] go")
    story.pending(conversation)
    assert not (story.daemon.work / "made-by-agent.txt").exists()
    story.decide(conversation)
    turn = story.ended(conversation)
    assert turn["status"] == "complete", turn["error"]
    assert (story.daemon.work / "made-by-agent.txt").exists()
    assert len(set(story.sessions(conversation))) == 1


def test_an_error_of_the_provider_is_told(story: Work) -> None:
    conversation = story.start("[[err401]] hi")
    turn = story.ended(conversation)

    assert turn["status"] == "error", turn
    assert "is not signed in" in str(turn["error"])


def test_its_models_are_known_once_it_has_worked(story: Work, genuine: Genuine) -> None:
    conversation = story.start("[[simple]] say hello")
    assert story.ended(conversation)["status"] == "complete"

    named = story.daemon.api("GET", f"/agents/{story.agent}/models")["models"][1:]
    assert bool(named) == genuine.lists_models, named
    if not named:
        pytest.skip(f"{NOT_APPLICABLE}it names none")


def test_a_message_goes_into_the_turn_that_runs(story: Work, genuine: Genuine) -> None:
    """The model reads it after the tool that runs meanwhile, and there is no other turn."""
    if not genuine.steers:
        pytest.skip(f"{NOT_APPLICABLE}its protocol has no way to")
    steered_into_the_turn(story)


def test_what_is_attached_reaches_the_model(story: Work) -> None:
    sees_what_is_attached(story)
