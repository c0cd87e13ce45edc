"""What the genuine Codex does beyond the stories that all agents share."""

import pytest

from tests.agents_real.genuine import AGENTS
from tests.agents_real.work import Work
from tests.support.daemon import wait_for

pytestmark = [
    pytest.mark.agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize(
        "genuine", [one for one in AGENTS if one.id == "codex"], indirect=True, ids=["codex"]
    ),
]


def test_in_accept_edits_it_edits_unasked_and_asks_for_commands(story: Work) -> None:
    conversation = story.start("[[permwrite]] go", mode="accept_edits")
    assert story.ended(conversation)["status"] == "complete"
    assert (story.daemon.work / "note.txt").read_text() == "a note\nof two lines\n"
    assert not [step for step in story.steps(conversation) if step.startswith("asks for")]

    story.daemon.send(conversation, "[[perm]] go")
    story.decide(conversation, "reject_once")
    assert story.ended(conversation)["status"] == "complete"
    assert not (story.daemon.work / "made-by-agent.txt").exists()


def test_an_edit_is_asked_for_with_what_it_would_change(story: Work) -> None:
    conversation = story.start("[[permwrite]] go")
    asked = story.pending(conversation)
    assert (asked["tool"], "of two lines" in asked["input"]["text"]) == ("Write", True)
    story.decide(conversation, "allow_always")

    assert story.ended(conversation)["status"] == "complete"
    assert (story.daemon.work / "note.txt").exists()


def test_a_question_is_answered_while_it_only_plans_and_then_it_may_work(story: Work) -> None:
    """Its plan is an item of its own; the next turn is in its usual mode again."""
    conversation = story.start("[[asks]] me", mode="plan")
    asked = story.pending(conversation)
    assert asked["tool"] == "AskUserQuestion"
    [question] = asked["questions"]
    assert (question["text"], [one["label"] for one in question["choices"]]) == (
        "Which colour should it be?",
        ["Red", "Blue"],
    )
    story.decide(conversation, answers={question["id"]: {"chosen": ["Blue"]}})
    assert story.ended(conversation)["status"] == "complete"
    assert '"Blue"' in story.texts(conversation, "message")[-1]

    assert story.ask(conversation, "[[planned]] plan it")["status"] == "complete"
    assert story.texts(conversation, "plan") == ["# Plan\n\n1. Write note.txt\n"]
    story.daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "bypass"})
    assert story.ask(conversation, "[[permwrite]] go")["status"] == "complete"
    assert (story.daemon.work / "note.txt").exists()


def test_a_bypass_that_is_taken_back_in_a_turn_is_told_what_it_means_and_holds_from_the_next_on(
    story: Work,
) -> None:
    """Codex takes the mode of a turn with its prompt."""
    conversation = story.start("[[goeson]] go", mode="bypass")
    folder = story.daemon.work
    wait_for((folder / "began.txt").exists, "the command to run", story.patience)
    story.daemon.api("PATCH", f"/conversations/{conversation}", {"mode": "ask"})
    wait_for(lambda: story.texts(conversation, "notice"), "a word about it", story.patience)
    (folder / "end.txt").touch()

    assert story.ended(conversation)["status"] == "complete"
    assert [text.partition(".")[0] for text in story.texts(conversation, "notice")] == [
        "Codex keeps working without asking until this turn ends"
    ]
    assert (folder / "made-by-agent.txt").exists()
    (folder / "made-by-agent.txt").unlink()
    story.daemon.send(conversation, "[[perm]] go")
    story.decide(conversation, "reject_once")
    assert story.ended(conversation)["status"] == "complete"
    assert not (folder / "made-by-agent.txt").exists()


def test_words_with_a_no_reach_the_model(story: Work) -> None:
    """Codex's answer has no place for them: they go into its turn as a message."""
    conversation = story.start("[[perm]] go")
    story.decide(conversation, "reject_once", message="Use another name for the file.")

    assert story.ended(conversation)["status"] == "complete"
    said = [text for request in story.model.of("perm") for _, text in request.ask.messages]
    assert any("Use another name" in text for text in said)
    assert len(story.events(conversation, "turn.started")) == 1


def test_a_stop_ends_the_command_that_runs(story: Work) -> None:
    conversation = story.start("[[slowtool]] go", mode="bypass")
    ticks = story.daemon.work / "ticks.txt"
    wait_for(ticks.exists, "the command to run", story.patience)
    story.daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert story.ended(conversation)["status"] == "interrupted"
    size = ticks.stat().st_size
    assert story.ask(conversation, "[[simple]] and now hello")["status"] == "complete"
    assert ticks.stat().st_size == size


def test_a_stop_while_it_asks_withdraws_the_request(story: Work) -> None:
    conversation = story.start("[[perm]] go")
    approval = story.pending(conversation)["id"]
    story.daemon.api("POST", f"/conversations/{conversation}/cancel")

    assert story.ended(conversation)["status"] == "interrupted"
    assert [event["data"]["approval"] for event in story.events(conversation, "approval.withdrawn")] == [
        approval
    ]
    assert story.daemon.api("GET", "/approvals")["approvals"] == []
    assert story.ask(conversation, "[[simple]] and now hello")["status"] == "complete"


def test_a_request_outlives_the_daemon(story: Work) -> None:
    """Asked before, answered after a restart; the agent waited for it."""
    conversation = story.start("[[perm]] go")
    approval = story.pending(conversation)["id"]
    story.daemon.kill()
    story.daemon.start()
    assert story.decide(conversation) == approval

    assert story.ended(conversation)["status"] == "complete"
    assert (story.daemon.work / "made-by-agent.txt").exists()
